"""Markdown of an author's own, with references into builds, made into HTML.

Here belong the syntax, formulas and what a reference means. Where the text stands on a site does not.
"""
