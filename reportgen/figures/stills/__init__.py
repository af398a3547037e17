"""Figures that stand still, one a file: a function from keyword inputs to a matplotlib figure."""
