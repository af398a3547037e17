"""Contracts that every registered section keeps, discovered from the registry."""

import dataclasses
import json
import re
from contextlib import suppress

import jinja2
import numpy as np
import pytest
import table_experiments
from jinja2 import nodes
from table_experiments import OF_TABLE

from reportgen.datasets.sparse_linear import SparseLinear
from reportgen.experiment import Arm
from reportgen.penalties.l2 import L2
from reportgen.pictures.picture import Picture
from reportgen.pictures.scenes import scenes
from reportgen.pictures.stills import figures
from reportgen.sections import sections
from reportgen.sections.claims import ClaimBlocks
from reportgen.store.encoding import decode, encode
from reportgen.store.keys import template_folder
from reportgen.training.network import Network

NAMES = sections.names()
RESULT = re.compile(r"(?<![\w.#&-])\d+\.\d+|\d+\s?%")
CODE = re.compile(r"<path[^>]*>|\{[{%#].*?[}%#]\}|\$\$.*?\$\$|\$[^$\n]*\$", re.DOTALL)


def template(name):
    return (template_folder() / "sections" / f"{name}.html").read_text("utf-8")


def test_sections_and_templates_belong_together():
    assert {file.stem for file in (template_folder() / "sections").glob("*.html")} == set(NAMES)
    assert [name for name in NAMES if not sections[name].title] == ["opening"], "it stands above the first heading"


@pytest.mark.parametrize("name", NAMES)
def test_what_a_section_makes_can_be_published(name, compute):
    made = compute(name)

    assert json.loads(json.dumps(made.result.findings)).keys() == made.result.findings.keys()
    for table in made.result.tables:
        assert table.rows
        for row in table.rows:
            for column, value in zip(table.columns, row, strict=True):
                assert isinstance(value, str) or value is None or format(value, column.format)
    for item in made.media:
        still = isinstance(item, Picture)
        assert {item.figure} <= set(figures.names()) if still else set(item.scenes) <= set(scenes.names())
        assert len(item.alt) > 60, "an alternative text tells what there is to see"
        assert "nan" not in item.alt


def same(first, second):
    """Equal to the types of all parts: neither a page nor a later stage can tell the two from each other."""
    if type(first) is not type(second):
        return False
    if dataclasses.is_dataclass(first):
        return all(same(getattr(first, f.name), getattr(second, f.name)) for f in dataclasses.fields(first))
    if isinstance(first, dict):
        return list(first) == list(second) and all(same(first[key], second[key]) for key in first)
    if isinstance(first, list | tuple):
        return len(first) == len(second) and all(map(same, first, second))
    return bool(np.array_equal(first, second)) or first != first


@pytest.mark.parametrize("name", NAMES)
def test_a_stored_result_is_the_one_that_was_computed(name, compute):
    result = compute(name).result

    assert same(decode(encode(result)), result)


def test_names_of_media_and_tables_are_unique(compute):
    told = []
    for name in NAMES:
        with suppress(Exception):  # a section that cannot be computed fails its own tests
            told.append(compute(name).result)
    for names in ([wish.name for one in told for wish in one.pictures], [t.name for one in told for t in one.tables]):
        assert names
        assert len(set(names)) == len(names)


@pytest.mark.parametrize("name", OF_TABLE)
@pytest.mark.parametrize("classes", [2, 3])
def test_a_section_adapts_to_another_table(name, classes, compute, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / f"{classes}.csv"
    table_experiments.write(path, table_experiments.rows(classes=classes))

    assert compute(name, table_experiments.experiment(path)).result.findings


@pytest.mark.parametrize("name", [name for name in NAMES if name not in OF_TABLE])
def test_a_section_adapts_to_another_experiment(name, small_experiment, compute):
    """Several inputs, a ReLU network, a single arm with a penalty, two runs."""
    other = dataclasses.replace(
        small_experiment,
        data=SparseLinear(inputs=4, relevant=2, samples=12, test_samples=8),
        network=Network(hidden=(3,), activation="relu"),
        arms=(Arm(name="only", label="only <one>", penalty=L2(), strength=0.1),),
        runs=dataclasses.replace(small_experiment.runs, count=2),
        sweep=dataclasses.replace(small_experiment.sweep, arm="only"),
    )
    assert all(table.rows for table in compute(name, other).result.tables)


@pytest.mark.parametrize("name", ["strength", "stability", "fair"])
def test_runs_that_diverge_are_no_trouble(name, small_experiment, compute):
    """Folds are smaller than a batch of all samples, and a run that diverged has no slope."""
    training = dataclasses.replace(small_experiment.training, batch_size=40, loss="squared", learning_rate=1e3)
    runs = dataclasses.replace(small_experiment.runs, count=2)
    told, media = compute(name, dataclasses.replace(small_experiment, training=training, runs=runs))
    assert told.findings
    assert told.tables
    assert media or name in {"stability", "fair"}  # which draws no shares of a variance that nobody knows


@pytest.mark.parametrize("name", NAMES)
def test_a_template_holds_no_result_and_decides_none(name):
    """Decimals and percentages in prose are results, which come from findings; sizes are compared by claims.

    A template may ask how many things there are, and what is there; a sentence of a claim may compare.
    """
    tree = jinja2.Environment(extensions=[ClaimBlocks]).parse(re.sub(r"\$[^$\n]*\$", "", template(name)))  # only read
    in_claims = [
        c for b in tree.find_all(nodes.Block) if b.name.startswith("claim_") for c in b.find_all(nodes.Compare)
    ]
    compared = [
        f"line {comparison.lineno}"
        for comparison in tree.find_all(nodes.Compare)
        if comparison not in in_claims
        and any(operand.op in ("lt", "lteq", "gt", "gteq") for operand in comparison.ops)
        and not (isinstance(comparison.expr, nodes.Filter) and comparison.expr.name in ("length", "count"))
    ]

    assert compared == []
    assert RESULT.findall(CODE.sub("", template(name))) == []
