"""Statistics on plain arrays: comparisons, variance shares, choices of λ, sparsity, rank and compression.

Formatting of numbers and sentences about them do not belong here.
"""
