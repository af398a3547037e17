"""The output folder: which folder may be written to, which files in it are ours, and how new files replace old ones.

These belong here. The content of the files and the store do not.
"""
