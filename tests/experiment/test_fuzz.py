"""Experiment files that were changed at random, made up, or made to harm: each is an experiment or a complaint."""

import random
import re
import resource
import sys
import time

import pytest
import soak

from reportgen.errors import ExperimentError
from reportgen.experiment import Experiment
from reportgen.experiment.file import load, shipped, shipped_descriptions

SHIPPED = [shipped(name).encode() for name in shipped_descriptions()]


def pieces(text: str) -> list[bytes]:
    """The parts between the bars, escapes of Python replaced by what they stand for."""
    return [part.strip(" \n").encode().decode("unicode_escape").encode("latin-1") for part in text.split("¦")]


VALUES = [
    *pieces(r"""
0 ¦ -0.0 ¦ -1 ¦ 1 ¦ 2 ¦ 3.5 ¦ 1e-320 ¦ 1e38 ¦ 1e308 ¦ 1e400 ¦ nan ¦ -inf ¦ true ¦ 9223372036854775807 ¦ 0x7f ¦ 0b1 ¦
-9223372036854775808 ¦ 1_000 ¦ 0o777 ¦ 1979-05-27 ¦ 07:32:00 ¦ 1979-05-27T07:32:00Z ¦ [] ¦ {} ¦ [[]] ¦ [{}] ¦
{a = 1} ¦ [1, 'a'] ¦ "" ¦ '' ¦ "l1" ¦ "none" ¦ "line" ¦ "hinges" ¦ "errors" ¦ "../../x" ¦ "C:\\\\CON" ¦ "${HOME}" ¦
"\\u0000" ¦ "\\ud800" ¦ "\\U0010ffff" ¦ "\xe2\x80\xae" ¦ "<script>" ¦ "{{7*7}}" ¦ [1, 2, 3] ¦ "javascript:x" ¦
\"\"\"a\nb\"\"\" ¦ '''a''b''' ¦ "https://example.org"
"""),
    *(b"9" * 30, b"9" * 5000, b'"' + b"x" * 9000 + b'"', b"[" * 300 + b"]" * 300),
]
PIECES = [
    *VALUES,
    *pieces(r"""
\n ¦ \r ¦ \r\n ¦ \0 ¦ \xff ¦ \xef\xbb\xbf ¦ # ¦ = ¦ [ ¦ ] ¦ [[ ¦ ]] ¦ { ¦ } ¦ . ¦ , ¦ " ¦ ' ¦ \"\"\" ¦ \\ ¦ \x20 ¦ \t ¦
[data] ¦ [[arms]] ¦ [[reading]] ¦ [a.b.c] ¦ name
"""),
    b"a." * 200 + b"a = 1\n",
]
KEYS = sorted({key for text in SHIPPED for key in re.findall(rb"^(\w+) *=", text, re.MULTILINE)})
TABLES = pieces("data ¦ network ¦ training ¦ recording ¦ runs ¦ comparison ¦ [arms] ¦ [reading] ¦ x ¦ a.b")
# As in the tests of the TOML specification: what looks right and is not.
INVALID = pieces(r"""
a = ¦ = 1 ¦ a ¦ a = 1 b = 2 ¦ a = 01 ¦ a = 1. ¦ a = .1 ¦ a = 1e ¦ a = +-1 ¦ a = 1__0 ¦ a = 0x ¦ a = 1979-13-01 ¦
a = 25:00:00 ¦ a = " ¦ a = ' ¦ a = \"\"\" ¦ a = "\n" ¦ a = "\\z" ¦ a = "\\ud800" ¦ a = "\\u12" ¦ a = [1 ¦ a = [1 2] ¦
a = {b = 1 ¦ a = {b = 1,} ¦ a = {\n} ¦ [a ¦ [a]] ¦ [[a] ¦ [] ¦ [a.] ¦ [.a] ¦ [a] b = 1 ¦ [a]\n[a] ¦ a = 1\na = 2 ¦
a = 1\n[a] ¦ [[a]]\n[a] ¦ a.b = 1\na = 2 ¦ a = {b = 1}\n[a.c] ¦ a = []\n[[a]] ¦ a = True ¦ a = nil ¦ a = Inf ¦
\x01 = 1 ¦ a = \x7f ¦ # \x00 ¦ a\xa0= 1 ¦ \xff\xfe ¦ a = '\xc3' ¦ a = 1\r ¦ '''a''' = 1 ¦ a b = 1 ¦ a = b ¦ a = $x ¦
@include = 1 ¦ a = 1;
""")
HOSTILE = {
    "not UTF-8": b"title = '\xff'\n",
    "UTF-16": "title = 'x'\n".encode("utf-16"),
    "NUL": b"title = 'a\x00b'\n",
    "deep arrays": b"a = " + b"[" * 100_000,
    "deep tables": b"a = " + b"{a = " * 100_000,
    "deep keys": b"a." * 40_000 + b"b = 1",
    "many keys": b"".join(b"key%d = 1\n" % i for i in range(50_000)),
    "many mistakes": b"sections = [" + b"1," * 15_000 + b"]",
    "a long number": b"a = " + b"9" * 100_000,
    "large": b"# comment\n" * 200_000,
    "nothing": b"",
}


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
    assert memory < 1


@pytest.mark.timeout(60)
def test_hostile_files_are_refused_in_few_words(tmp_path):
    file = tmp_path / "e.toml"
    for what, content in HOSTILE.items():
        file.write_bytes(content)
        with pytest.raises(ExperimentError) as caught:
            load(file)
        assert len(str(caught.value)) < 20_000, what
