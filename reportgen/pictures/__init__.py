"""Pictures: still figures, scenes that move, and the files they become.

Here belong drawing, palettes, file formats and timelines. What a picture means, and where a page shows it, does not.
"""
