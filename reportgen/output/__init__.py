"""The output folder: which folder may be written to, which files in it are ours, and how new files replace old ones.

Making the content of files does not belong here; neither does the store.
"""
