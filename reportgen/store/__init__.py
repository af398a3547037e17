"""Finished work on disk, named by everything that determines it, and what is missing of it made.

Here belong entries, their encoding, cache keys, sweeps and training on machines with another disk. What a stage of a
build is made from is the build's own knowledge.
"""
