"""Publishing a finished site to a host."""
