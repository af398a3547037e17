"""Experiment files that were changed at random, or made up: each is an experiment or a complaint, soon."""

import random
import re
import resource
import sys
import time

import pytest
import soak

from reportgen.errors import ExperimentError
from reportgen.experiment import Experiment
from reportgen.experiment.file import load, on_offer, shipped

SHIPPED = [shipped(name).encode() for name in on_offer()]

VALUES = [
    *(b"0", b"-0.0", b"-1", b"1", b"2", b"3.5", b"1e-320", b"1e38", b"1e308", b"1e400", b"nan", b"-inf", b"true"),
    *(b"9223372036854775807", b"-9223372036854775808", b"9" * 30, b"9" * 5000, b"0x7f", b"0b1", b"1_000", b"0o777"),
    *(b"1979-05-27", b"07:32:00", b"1979-05-27T07:32:00Z", b"[]", b"{}", b"[[]]", b"[{}]", b"{a = 1}", b"[1, 'a']"),
    *(
        b'""',
        b"''",
        b'"l1"',
        b'"none"',
        b'"line"',
        b'"hinges"',
        b'"errors"',
        b'"../../x"',
        b'"C:\\\\CON"',
        b'"${HOME}"',
    ),
    *(
        b'"\\u0000"',
        b'"\\ud800"',
        b'"\\U0010ffff"',
        b'"\xe2\x80\xae"',
        b'"<script>"',
        b'"{{7*7}}"',
        b'"' + b"x" * 9000 + b'"',
    ),
    *(b'"""a\nb"""', b"'''a''b'''", b'"https://example.org"', b'"javascript:x"', b"[1, 2, 3]", b"[" * 300 + b"]" * 300),
]
PIECES = [
    *VALUES,
    *(
        b"\n",
        b"\r",
        b"\r\n",
        b"\0",
        b"\xff",
        b"\xef\xbb\xbf",
        b"#",
        b"=",
        b"[",
        b"]",
        b"[[",
        b"]]",
        b"{",
        b"}",
        b".",
        b",",
        b'"',
    ),
    *(
        b"'",
        b'"""',
        b"\\",
        b" ",
        b"\t",
        b"[data]",
        b"[[arms]]",
        b"[[reading]]",
        b"[a.b.c]",
        b"name",
        b"a." * 200 + b"a = 1\n",
    ),
]
KEYS = sorted({key for text in SHIPPED for key in re.findall(rb"^(\w+) *=", text, re.MULTILINE)})
TABLES = [b"data", b"network", b"training", b"recording", b"runs", b"comparison", b"[arms]", b"[reading]", b"x", b"a.b"]
# As in the tests of the TOML specification: what looks right and is not.
INVALID = [
    *(b"a = ", b"= 1", b"a", b"a = 1 b = 2", b"a = 01", b"a = 1.", b"a = .1", b"a = 1e", b"a = +-1", b"a = 1__0"),
    *(b"a = 0x", b"a = 1979-13-01", b"a = 25:00:00", b'a = "', b"a = '", b'a = """', b'a = "\n"', b'a = "\\z"'),
    *(
        b'a = "\\ud800"',
        b'a = "\\u12"',
        b"a = [1",
        b"a = [1 2]",
        b"a = {b = 1",
        b"a = {b = 1,}",
        b"a = {\n}",
        b"[a",
        b"[a]]",
    ),
    *(
        b"[[a]",
        b"[]",
        b"[a.]",
        b"[.a]",
        b"[a] b = 1",
        b"[a]\n[a]",
        b"a = 1\na = 2",
        b"a = 1\n[a]",
        b"[[a]]\n[a]",
        b"a.b = 1\na = 2",
    ),
    *(
        b"a = {b = 1}\n[a.c]",
        b"a = []\n[[a]]",
        b"a = True",
        b"a = nil",
        b"a = Inf",
        b"\x01 = 1",
        b"a = \x7f",
        b"# \x00",
        b"a\xa0= 1",
    ),
    *(
        b"\xff\xfe",
        b"a = '\xc3'",
        b"a = 1\r",
        b"'''a''' = 1",
        b"a b = 1",
        b"a = b",
        b"a = $x",
        b"@include = 1",
        b"a = 1;",
    ),
]


def changed(chance: random.Random) -> bytes:
    """A shipped file in which some bytes, some tokens or some values are others."""
    text = bytearray(chance.choice(SHIPPED))
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(text) + 1)
        match chance.randrange(6):
            case 0:
                text[at : at + 1] = bytes([chance.randrange(256)])
            case 1:
                text[at : at + chance.randint(1, 40)] = b""
            case 2:
                text[at:at] = chance.choice(PIECES)
            case 3:
                text[at:at] = text[at : at + chance.randint(1, 400)]
            case _:  # the value of a key
                places = [found.span(1) for found in re.finditer(rb"^\w+ *= *(.*)$", text, re.MULTILINE)] or [(0, 0)]
                start, end = chance.choice(places)
                text[start:end] = chance.choice(VALUES)
    return bytes(text)


def made_up(chance: random.Random) -> bytes:
    """TOML of known and unknown tables, keys and values."""
    lines = []
    for _ in range(chance.randint(0, 8)):
        if lines or chance.random() < 0.3:
            lines.append(b"[" + chance.choice(TABLES) + b"]")
        for key in chance.sample([*KEYS, b"unknown", b'"a b"', b"a.b"], chance.randint(0, 6)):
            lines.append(key + b" = " + chance.choice(VALUES))
    return b"\n".join(lines)


def invalid(chance: random.Random) -> bytes:
    """A line that is not TOML, by itself or in a file that is."""
    line = chance.choice(INVALID)
    text = chance.choice(SHIPPED)
    at = chance.choice([found.end() for found in re.finditer(rb"\n", text)])
    return line if chance.random() < 0.3 else text[:at] + line + b"\n" + text[at:]


def peak():
    """The most memory that this process has had, in GB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform != "darwin" else 1e9)


@pytest.mark.parametrize("make", [changed, made_up, invalid], ids=lambda make: make.__name__)
def test_any_file_is_an_experiment_or_a_complaint(make, tmp_path):
    chance = random.Random(f"{soak.seed} {make.__name__}")
    file, before = tmp_path / "e.toml", peak()
    done, failed, slowest, good = soak.count(100, 3_400), [], 0.0, 0
    for i in range(done):
        file.write_bytes(make(chance))
        began = time.perf_counter()
        try:
            good += isinstance(load(file), Experiment)
        except ExperimentError as error:
            lines = str(error).splitlines()
            if not lines or len(str(error)) > 20_000 or not all(str(file) in line for line in lines):
                failed.append((i, str(error)[:500]))
        except Exception as error:
            failed.append((i, repr(error)[:500]))
        slowest = max(slowest, time.perf_counter() - began)
    memory = peak() - before
    what = f"experiment files {make.__name__.replace('_', ' ')}, {good:,} of them good, the slowest {slowest:.2f} s"
    soak.record(f"{what}, {memory:.1f} GB more memory at most", done, len(failed))

    assert failed == []
    assert slowest < 5
    assert memory < 1
