"""Hostile text where no browser is needed: experiment files, tables, JSON, terminals, pictures."""

from __future__ import annotations

import csv
import io
import json
import unicodedata
import warnings
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from hostile import PAYLOADS, SAMPLE

from reportgen.animation.draw import render
from reportgen.article.embed import snippets
from reportgen.article.page import linkable, strict_json
from reportgen.article.sections import Column, Table
from reportgen.article.spreadsheet import csv_bytes
from reportgen.cli import terminal
from reportgen.errors import DataError, ExperimentError
from reportgen.experiment.file import parse
from reportgen.figures import Panel, Picture, training_animation
from reportgen.text import harmless, holdable, printable
from reportgen.trajectory import Trajectory

FILE = """
title = {title}
author = {title}
sections = ["why"]
[data]
name = "line"
[[arms]]
name = "a"
label = {label}
penalty = "none"
[[reading]]
title = {title}
"""


def obeyed(text: str) -> list[str]:
    """Characters that a terminal obeys, or that turn the direction of reading."""
    return [c for c in text if unicodedata.category(c) in ("Cc", "Cf", "Cs") and c not in "\n\t"]


# Experiment files


def quoted(text: str) -> str:
    """A string of TOML."""
    plain = {c: c for c in text if c.isprintable() and c not in '"\\'}
    return '"' + "".join(plain.get(c) or f"\\U{ord(c):08x}" for c in text) + '"'


@pytest.mark.parametrize("text", PAYLOADS)
def test_an_experiment_file_keeps_text_as_it_is_or_says_where_it_is_unfit(text: str) -> None:
    try:
        made = parse(FILE.format(title=quoted(text), label=quoted(text[:60])), "my.toml")
    except ExperimentError as error:
        for line in str(error).splitlines():
            assert line.startswith("my.toml:")
            assert not obeyed(line)
    else:
        assert (made.title, made.author, made.reading[0].title) == (text, text, text)
        assert not set(map(unicodedata.category, text)) & {"Cc", "Cs"}


@pytest.mark.parametrize(
    ("title", "message"),
    [
        (r'"a\u0007b"', "my.toml:2:1: title: must be one line without control characters, got 'a\\x07b'"),
        (r'"a\nb"', "my.toml:2:1: title: must be one line without control characters, got 'a\\nb'"),
        (
            r'"a\u202eb"',
            "my.toml:2:1: title: must close every change of direction of reading that it opens, got 'a\\u202eb'",
        ),
        ('"' + "x" * 501 + '"', f"my.toml:2:1: title: must have at most 500 characters, got '{'x' * 56}..."),
    ],
)
def test_what_no_title_needs_is_refused_with_its_place(title: str, message: str) -> None:
    with pytest.raises(ExperimentError) as caught:
        parse(FILE.format(title=title, label='"x"'), "my.toml")
    assert str(caught.value).splitlines()[0] == message


@pytest.mark.parametrize(
    "text", ["שלום", "a \u2067שלום\u2069 b", "\u202babc\u202c", "é", "👨\u200d👩", "x\u2028y", "L1 − L2"]
)
def test_what_people_write_is_kept(text: str) -> None:
    assert parse(FILE.format(title=json.dumps(text, ensure_ascii=False), label='"x"')).title == text


# Tables, JSON, addresses, snippets


@pytest.mark.parametrize("text", PAYLOADS)
def test_a_cell_is_one_cell_and_no_formula(text: str) -> None:
    table = Table(name="t", columns=(Column(label=text), Column(label="x")), rows=((text, 1), (text, 2)))

    heading, *rows = csv.reader(io.StringIO(csv_bytes(table).decode(), newline=""))

    for cell in (heading[0], rows[0][0], rows[1][0]):
        assert cell in (holdable(text), f"'{holdable(text)}")
        assert not cell.lstrip(" \u00a0\ufeff\u200b\n\t").startswith(tuple("=+-@\uff1d\uff0b"))
    assert [row[1] for row in rows] == ["1", "2"]


@pytest.mark.parametrize("text", PAYLOADS)
def test_json_for_scripts_holds_any_text(text: str) -> None:
    written = strict_json({text: [text, float("nan"), float("inf"), 1.5, np.float64(2)]})

    assert written.isascii()
    assert json.loads(written) == {text: [text, None, None, 1.5, 2.0]}


def test_addresses_that_may_become_links() -> None:
    good = ["https://example.org/a?b=c#d", "mailto:a@example.org", "#figure-1"]

    assert [address for address in [*good, *PAYLOADS] if linkable(address) and address not in good] == [
        address for address in PAYLOADS if address.startswith(("https://", "#")) and not set(address) & set(" \n\t")
    ]
    assert all(map(linkable, good))


@pytest.mark.parametrize("text", PAYLOADS)
def test_snippets_are_one_line_each_and_hold_no_markup_of_the_text(text: str) -> None:
    item = {"alt": text, "width": 1, "height": 1, "files": []}
    found = snippets("fit", item)

    assert not any(obeyed(snippet) or "\n" in snippet for snippet in found.values())
    image = ElementTree.fromstring(found["image"].removesuffix(">") + "/>")
    assert image.attrib["alt"] == printable(" ".join(text.split()))
    assert found["markdown"].startswith("![")
    assert found["markdown"].endswith("](embed/fit.gif)")
    assert "<" not in found["markdown"].replace("\\<", "")


# Terminals


@pytest.mark.parametrize("text", PAYLOADS)
def test_no_text_reaches_a_terminal_that_it_would_obey(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    terminal.emit(text)
    terminal.tell(text)

    said = capsys.readouterr()
    assert said.out == said.err == f"{harmless(text)}\n"
    assert not obeyed(said.out)


def test_letters_stay_letters() -> None:
    assert harmless("a λ − 漢\tx\ny") == "a λ − 漢\tx\ny"
    assert printable("a\x1b[31m\u202e\ud800") == "a\\x1b[31m\\u202e\\ud800"
    assert holdable("a\n\t\x00\ud800\u202e") == "a\n\t\\x00\\ud800\u202e"


# Pictures


def recorded(names: tuple[str, ...]) -> Trajectory:
    steps = np.array([0, 1], np.int32)
    kernels = tuple(np.linspace(-1, 1, 2 * 4, dtype=np.float32).reshape(2, 2, 2) for _ in names)
    biases = tuple(np.zeros((2, 2), np.float32) for _ in names)
    return Trajectory(source=None, steps=steps, kernels=kernels, biases=biases, loss=None, penalty=None, layers=names)


@pytest.mark.parametrize("start", range(0, len(SAMPLE), 6))
def test_any_layer_name_and_title_can_be_drawn(start: int) -> None:
    names = tuple(SAMPLE[start : start + 6])
    panels = [Panel(title=name, trajectory=recorded(names)) for name in names[:2]]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for scene in ("weights", "network", "singular_values", "paths", "histogram"):
            assert render(training_animation("x", [scene], panels, "")).files["x.gif"]


@pytest.mark.parametrize("letter", ["漢", "🙂", "\ue000", "\u0590", "\U0010ffff", "\x00", "\ud800"])
def test_a_letter_that_the_font_does_not_have_is_a_box_or_is_written_out(letter: str) -> None:
    bars = Picture(
        name="x", figure="bars", inputs={"rows": [{"label": letter, "value": 1.0}], "xlabel": letter}, alt=""
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert ElementTree.fromstring(render(bars).files["x.svg"]) is not None


@pytest.mark.parametrize("start", range(0, len(SAMPLE), 12))
def test_any_label_can_be_drawn_in_a_still_picture(start: int) -> None:
    labels = SAMPLE[start : start + 12]
    series = [{"label": label, "x": [0.0, 1.0], "y": [0.0, float(i)]} for i, label in enumerate(labels)]
    panel = {"series": series[:3], "title": labels[0], "xlabel": labels[0], "ylabel": labels[0]}
    wanted = [
        Picture(
            name="bars",
            figure="bars",
            inputs={"rows": [{"label": label, "value": 1.0} for label in labels], "xlabel": labels[0]},
            alt="",
        ),
        Picture(name="curves", figure="curves", inputs={"panels": [panel]}, alt=""),
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for picture in wanted:
            drawn = render(picture).files[f"{picture.name}.svg"]
            tree = ElementTree.fromstring(drawn)
            assert not [e for e in tree.iter() if e.tag.endswith(("script", "foreignObject", "a"))]


def test_names_of_layers_that_are_no_text_are_told(tmp_path: Path) -> None:
    file = tmp_path / "x.trajectory"
    recorded((1, 2)).save(file)  # type: ignore[arg-type]

    with pytest.raises(DataError, match="its layers have names that are none"):
        Trajectory.load(file)
