"""The version of reportgen, which pages, stored work and the packaging quote."""

__version__ = "0.1.0"
