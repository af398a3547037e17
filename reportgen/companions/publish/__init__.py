"""The way of a finished site to those who host it."""
