"""Markdown with references into builds, converted to HTML.

The syntax, formulas and the meaning of references belong here. The position of a text on a site does not.
"""
