"""Templates of strangers: what they cannot reach, and that they end."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from reports import section

from reportgen.errors import RefusedError, ReportgenError, TemplateError
from reportgen.experiment import Experiment
from reportgen.page import article as pages
from reportgen.page import sandbox
from reportgen.page.article import render
from reportgen.page.report import Report
from reportgen.sections import Column, Table
from reportgen.sections.player import PlayerSet

REPORT = Report(
    experiment=Experiment(sections=()),
    sections=(section("first", findings={"share": 0.25, "array": np.zeros(2)}, steps={"a": 1}),),
    media={},
    tables={"t": Table(name="t", columns=(Column(label="x"),), rows=(("a",),))},
    versions={"reportgen": "0"},
)

Tell = Callable[..., str]


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """A folder of templates that has nothing else than one section, and a neighbor that it must not read."""
    folder = tmp_path / "mine"
    for name in ("sections", "static"):
        (folder / name).mkdir(parents=True)
    for name in ("secret.html", "secret.js", "secret.css"):
        (tmp_path / name).write_text("SECRET")
    return folder


@pytest.fixture
def tell(mine: Path) -> Tell:
    """The page whose only section is the given text."""

    def tell(text: str) -> str:
        (mine / "sections" / "first.html").write_text(text, "utf-8")
        return render(REPORT, single_file=True, templates=mine)

    return tell


def test_one_file_may_take_the_place_of_ours_and_the_others_stay(tell: Tell, mine: Path) -> None:
    html = tell("<p>mine {{ f.share|num }}</p>")
    assert "<p>mine 0.25</p>" in html
    assert "About this page" in html

    (mine / "static" / "article.css").write_text("p { color: teal }   \r\n")
    html = tell("<p>edited</p>")
    assert "<p>edited</p>" in html
    assert "<style>\np { color: teal }\n</style>" in html


PAYLOADS = [
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ ''|attr('__class__') }}",
    "{{ ['']|map(attribute='__class__')|first }}",
    "{{ joiner.__init__.__globals__.os.popen('id').read() }}",
    "{{ lipsum(n=100000000) }}",
    "{{ self._TemplateReference__context }}",
    "{{ style.__func__.__globals__ }}",
    "{{ numbering.start_again() }}",
    "{{ report.experiment.run(0).draw() }}",
    "{{ report.tables.t.__reduce_ex__(4) }}",
    "{{ f.array.tofile('CANARY') }}",
    "{{ f.clear() }}",
    "{{ '{0.__class__}'.format(f) }}",
    "{{ '%s'|format(f) }}",
    "{% include '../secret.html' %}",
    "{% import '../../etc/passwd' as x %}",
    "{% extends '/etc/passwd' %}",
    "{% include 'link.html' %}",
    "{% include 'linked/passwd' %}",
    "{% include 'pipe.html' %}",
    "{% include 'a\\0b' %}",
    "{{ script('../../secret.js') }}",
    "{{ style('../link.html') }}",
    "{{ snippet('../page') }}",
    "{% do f.clear() %}",
]


def test_what_reaches_out_is_refused(tell: Tell, mine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (mine / "link.html").symlink_to(tmp_path / "secret.html")
    (mine / "linked").symlink_to("/etc")
    os.mkfifo(mine / "pipe.html")
    monkeypatch.chdir(tmp_path)
    for text in PAYLOADS:
        with pytest.raises(ReportgenError, match=r"^template ") as caught:
            print(text, tell(text.replace("CANARY", str(tmp_path / "canary")))[-3000:])
        assert caught.value.exit_code in (2, 4), text
        assert "SECRET" not in str(caught.value), text
        assert not (tmp_path / "canary").exists(), text


def test_a_link_is_followed_within_the_folder_only(tell: Tell, mine: Path) -> None:
    (mine / "real.html").write_text("<p>real</p>")
    (mine / "link.html").symlink_to("real.html")
    (mine / "out.html").symlink_to("/etc/passwd")

    assert "<p>real</p>" in tell("{% include 'link.html' %}")
    with pytest.raises(RefusedError, match=r"template out\.html leads out of /.*/mine$") as caught:
        tell("{% include 'out.html' %}")
    assert caught.value.code == "RG702"


ENDLESS = [
    "{% set r = range(99999) %}{% for a in r %}{% for b in r %}{% endfor %}{% endfor %}",
    "{% set r = range(99999)|list %}{% for a in r|map('upper') %}{% for b in r %}{% endfor %}{% endfor %}",
    "{% for a in [0] recursive %}{{ loop([0]) }}{% endfor %}",
    "{% macro m(n) %}{% for i in range(99) %}{% if n %}{{ m(n - 1) }}{% endif %}{% endfor %}{% endmacro %}{{ m(9) }}",
    "{% include 'sections/first.html' %}",
    "{{ range(10 ** 12)|list|length }}",
]


@pytest.mark.timeout(120)
def test_what_never_ends_is_ended(tell: Tell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "SECONDS", 0.5)
    for text in ENDLESS:
        with pytest.raises(TemplateError, match=r"^template \S+: "):
            print(text, tell(text))


HUGE = [
    "{{ 'x' * 10 ** 11 }}",
    "{{ 9 ** (9 ** 9) }}",
    "{% set ns = namespace(x='x' * 999) %}{% for i in range(99) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}",
    "{% set ns = namespace(x='xx') %}{% for i in range(99) %}{% set ns.x = ns.x|replace('x', ns.x) %}{% endfor %}",
    "{% set ns = namespace(x='xx') %}{% for i in range(99) %}"
    "{% set ns.x %}{{ ns.x }}{{ ns.x }}{% endset %}{% endfor %}",
    "{{ 'x'.ljust(10 ** 11) }}",
    "{{ ('x\\n' * 9999)|indent(10 ** 8) }}",
    "{{ 1|num('>1000000000') }}",
    "{{ {'a': 1}|tojson(indent=10 ** 11) }}",
    "{% for i in range(99999) %}{{ 'x' * 9999 }}{% endfor %}",
]


@pytest.mark.timeout(120)
def test_what_grows_without_limit_is_ended(tell: Tell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "WORK", 100_000_000)
    for text in HUGE:
        with pytest.raises(TemplateError, match=r"^template \S+:\d+: "):
            print(text, tell(text)[:200])


def test_nothing_that_a_template_can_reach_opens_a_file() -> None:
    """Every attribute of everything that a page is made from, as far as the sandbox lets a template walk."""
    environment = pages._environment((pages.template_folder(),), pages._printable, ())
    seen: dict[int, Any] = {}

    def walk(value: Any, path: str) -> None:
        if id(value) in seen or len(path) > 200:
            return
        seen[id(value)] = value
        for name in dir(value):
            try:
                found = environment.getattr(value, name)
            except ValueError:  # the transpose of an array that has none
                continue
            if type(found).__name__ != "_Undefined" and not isinstance(found, str | int | float):
                if callable(found):
                    ours = isinstance(value, PlayerSet) and name == "data"
                    assert ours or isinstance(value, str | dict | list | tuple), f"{path}.{name}"
                else:
                    walk(found, f"{path}.{name}")
        if isinstance(value, dict):
            for key, item in value.items():
                walk(item, f"{path}[{key}]")
        if isinstance(value, list | tuple):
            for item in value:
                walk(item, f"{path}[]")

    walk(dataclasses.replace(REPORT), "report")
    assert len(seen) > 20
