"""Hostile text where no browser is needed: experiment files, tables, JSON, terminals, pictures."""

from __future__ import annotations

import csv
import io
import json
import unicodedata
import warnings
from xml.etree import ElementTree

import numpy as np
import pytest
from hostile import PAYLOADS, SAMPLE
from sites import toml_text

from reportgen.cli import terminal
from reportgen.errors import ExperimentError
from reportgen.experiment.file import parse
from reportgen.page.article import is_linkable, strict_json
from reportgen.page.embed import snippets
from reportgen.page.spreadsheet import csv_bytes
from reportgen.pictures.draw import render
from reportgen.pictures.picture import Panel, Picture, training_animation
from reportgen.sections import Column, Table
from reportgen.text import escape_control_characters, printable, printable_lines
from reportgen.training.trajectory import Trajectory

FILE = """
title = {title}
author = {title}
sections = ["reading"]
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


def test_an_experiment_file_keeps_text_as_it_is_or_says_where_it_is_unfit() -> None:
    people = ["שלום", "a \u2067שלום\u2069 b", "👨\u200d👩", "x\u2028y", "L1 − L2"]
    for text in [*people, *PAYLOADS]:
        try:
            made = parse(FILE.format(title=toml_text(text), label=toml_text(text[:60])), "my.toml")
        except ExperimentError as error:
            assert text not in people
            for line in str(error).splitlines():
                assert line.startswith("my.toml:"), ascii(text)
                assert not obeyed(line), ascii(text)
        else:
            assert (made.title, made.author, made.reading[0].title) == (text, text, text)
            assert not set(map(unicodedata.category, text)) & {"Cc", "Cs"}, ascii(text)


def test_a_cell_is_one_cell_and_no_formula_and_json_for_scripts_holds_any_text() -> None:
    for text in PAYLOADS:
        table = Table(name="t", columns=(Column(label=text), Column(label="x")), rows=((text, 1), (text, 2)))
        heading, *rows = csv.reader(io.StringIO(csv_bytes(table).decode(), newline=""))
        for cell in (heading[0], rows[0][0], rows[1][0]):
            assert cell in (escape_control_characters(text), f"'{escape_control_characters(text)}"), ascii(text)
            assert not cell.lstrip(" \u00a0\ufeff\u200b\n\t").startswith(tuple("=+-@\uff1d\uff0b")), ascii(text)
        assert [row[1] for row in rows] == ["1", "2"]

        written = strict_json({text: [text, float("nan"), float("inf"), 1.5, np.float64(2)]})
        assert written.isascii()
        assert json.loads(written) == {text: [text, None, None, 1.5, 2.0]}


def test_addresses_become_links_and_snippets_are_one_line_without_markup_of_the_text() -> None:
    for text in PAYLOADS:
        assert is_linkable(text) == (text.startswith(("https://", "#")) and not set(text) & set(" \n\t")), ascii(text)
        found = snippets("fit", {"alt": text, "width": 1, "height": 1, "files": []})
        assert not any(obeyed(snippet) or "\n" in snippet for snippet in found.values()), ascii(text)
        image = ElementTree.fromstring(found["image"].removesuffix(">") + "/>")
        assert image.attrib["alt"] == printable(" ".join(text.split()))
        assert found["markdown"].startswith("![")
        assert found["markdown"].endswith("](embed/fit.gif)")
        assert "<" not in found["markdown"].replace("\\<", ""), ascii(text)


def test_no_text_reaches_a_terminal_that_it_would_obey(capsys: pytest.CaptureFixture[str]) -> None:
    for text in PAYLOADS:
        terminal.emit(text)
        terminal.write_message(text)

        said = capsys.readouterr()
        assert said.out == said.err == f"{printable_lines(text)}\n"
        assert not obeyed(said.out), ascii(text)


def recorded(names: tuple[str, ...]) -> Trajectory:
    steps = np.array([0, 1], np.int32)
    kernels = tuple(np.linspace(-1, 1, 2 * 4, dtype=np.float32).reshape(2, 2, 2) for _ in names)
    biases = tuple(np.zeros((2, 2), np.float32) for _ in names)
    return Trajectory(source=None, steps=steps, kernels=kernels, biases=biases, loss=None, penalty=None, layers=names)


def test_any_name_label_and_letter_can_be_drawn() -> None:
    letters = ["漢", "🙂", "\ue000", "\u0590", "\U0010ffff", "\x00", "\ud800"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for start in range(0, len(SAMPLE), 12):
            labels = [*SAMPLE[start : start + 12], *letters[start // 12 :: 6]]
            panels = [Panel(title=name, trajectory=recorded(tuple(labels[:6]))) for name in labels[-2:]]
            scene = ("weights", "network", "singular_values", "paths", "histogram")[start // 12 % 5]
            assert render(training_animation("x", [scene], panels, "")).files["x.gif"]
            series = [{"label": label, "x": [0.0, 1.0], "y": [0.0, float(i)]} for i, label in enumerate(labels)]
            panel = {"series": series[:3], "title": labels[0], "xlabel": labels[0], "ylabel": labels[0]}
            rows = {"rows": [{"label": label, "value": 1.0} for label in labels], "xlabel": labels[0]}
            for figure, inputs in {"bars": rows, "curves": {"panels": [panel]}}.items():
                drawn = render(Picture(name="x", figure=figure, inputs=inputs, alt="")).files["x.svg"]
                tags = [element.tag for element in ElementTree.fromstring(drawn).iter()]
                assert not [tag for tag in tags if tag.endswith(("script", "foreignObject", "}a"))]
