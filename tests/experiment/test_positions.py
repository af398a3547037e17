"""The line map: every key and item of a file is found where it was written."""

import tomllib

from reportgen.experiment.toml.positions import positions

TEXT = '''title = """one
two = "2"
[three]
"""
"quoted = [key]".b.'c d' = 1 # b = 2
many = [ # ] , [
  'a', {x = 1, "y z" = [2]},
  [3],
]
  [ table . sub ]
\tkey="# no comment = 1"
[[list]]
[[list]] # no. 2
name = { deep.er = true }
'''


def test_every_key_and_item_is_found_where_it_was_written():
    found = positions(TEXT)

    tomllib.loads(TEXT)
    for path, place in {
        ("title",): (1, 1),
        ("quoted = [key]", "b", "c d"): (5, 1),
        ("many",): (6, 1),
        ("many", 0): (7, 3),
        ("many", 1): (7, 8),
        ("many", 1, "y z"): (7, 16),
        ("many", 1, "y z", 0): (7, 25),
        ("many", 2, 0): (8, 4),
        ("table", "sub", "key"): (11, 2),
        ("list", 0): (12, 1),
        ("list", 1): (13, 1),
        ("list", 1, "name", "deep", "er"): (14, 10),
    }.items():
        assert found[path] == place, path
    assert len(found) == 21
