"""Losses: what training makes small, and how errors are measured, one file each.

Formulas belong here. How a step uses them belongs to `training`.
"""
