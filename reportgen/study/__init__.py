"""Studies of a table: which columns predict its target, which can go, and what that costs.

Linear models on splits of rows, tests, resampling and the drop-list belong here, as numbers on arrays. Sentences about
them belong to `sections`; reading the table to `tables`; networks to `training`.
"""
