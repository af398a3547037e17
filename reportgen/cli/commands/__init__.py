"""Commands: one file each, holding a click command named `command`. They import heavy things when they run."""
