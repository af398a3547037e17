"""Tools around a finished report: check, compare, preview and publish it, and test the machine it is built on.

They know names and bytes of files. What a section computes and how a network is trained does not belong here.
"""
