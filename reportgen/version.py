"""The version of reportgen, which pages, stored work and the packaging quote."""

__version__ = "0.1.0"

DISTRIBUTION = "reportgen-regularization"
"""The name of the distribution; on the public package index, `reportgen` is a package of somebody else."""
