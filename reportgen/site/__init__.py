"""A site of several posts and pages, made from a folder with a `reportgen.toml`."""
