"""The store of finished work, under cache keys, and the completion of what is missing in it.

Entries, their encoding, cache keys, sweeps and training on machines with another disk belong here. The parts of a stage
of a build do not.
"""
