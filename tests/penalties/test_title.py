"""What a penalty is called, and how it looks, when it does not say so."""

import pytest

from reportgen.penalties import Penalty, penalties
from reportgen.penalties.l1 import L1


def kind(name, **attributes):
    return type(name, (Penalty,), attributes)


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("L1", "L1"),
        ("ElasticNet", "elastic net"),
        ("NoPenalty", "no penalty"),
        ("SCAD", "SCAD"),
        ("LogSum", "log sum"),
        ("CappedL1", "capped L1"),
        ("TopK", "top k"),
        ("GroupMCP2", "group MCP2"),
    ],
)
def test_the_title_is_the_words_of_the_class_name(name, title):
    assert kind(name).title == title


def test_a_color_follows_from_the_title_and_is_none_of_the_package():
    own = {penalties[name].color for name in penalties.names()}

    assert kind("SquaredHinge").color == kind("SquaredHinge").color
    assert not own & {kind(name).color for name in ("SquaredHinge", "SCAD", "MCP", "LogSum", "CappedL1")}


def test_what_a_class_says_counts():
    mine = kind("Mine", title="my own", color="#44aa99", default_step="subgradient")

    assert mine.look() == mine.look("proximal") == ("my own", "#44aa99")


def test_arms_of_l1_look_different_by_the_kind_of_step():
    assert (L1.title, L1.color) == L1.look() == L1.look("proximal") != L1.look("subgradient") == L1.by_gradient
