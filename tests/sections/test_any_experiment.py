"""The text of sections for experiments drawn at random: no sentence is empty, broken, or about what is not there.

Trajectories are invented, so that hundreds of experiments take minutes, and so that runs diverge, collapse and end with
zeros in every combination. What is computed of them, decided and printed is what a build computes, decides and prints.
"""

import dataclasses
import html
import random
import re
import tempfile
import traceback
from contextlib import suppress
from functools import cache, partial
from pathlib import Path

import numpy as np
import pytest
import soak
from table_experiments import OF_TABLE

from reportgen.datasets import datasets, task_of
from reportgen.errors import ReportgenError
from reportgen.executors.serial import Serial
from reportgen.experiment import Arm, Comparison, Experiment, Runs
from reportgen.experiment.file import parse, shipped
from reportgen.losses import fitting
from reportgen.page import article
from reportgen.page.article import render
from reportgen.page.report import Report, sentences_of, tables_of
from reportgen.penalties import penalties
from reportgen.penalties.none import NoPenalty
from reportgen.pictures.media import Media
from reportgen.pictures.picture import Picture
from reportgen.sections import sections
from reportgen.sections.player import pack_players
from reportgen.sections.result import compute_section, without_page_settings
from reportgen.sections.wording import is_post
from reportgen.store.keys import template_folder
from reportgen.store.store import Store
from reportgen.training.network import Network
from reportgen.training.run import Recording, Training
from reportgen.training.trajectory import Trajectory

UNCHECKED = {
    "landscape": "needs a sweep, which tests/sections/test_landscape.py makes",
    **dict.fromkeys(OF_TABLE, "needs a table, which tests/table_experiments.py makes"),
}
NAMES = [name for name in sections.names() if name not in UNCHECKED]
LABELS = ("Ada", "Ben", "Cleo", "Dora", "Emil")
PLURALS = (
    "runs pairs networks draws samples units arms layers inputs steps comparisons verdicts epochs weights records"
    " trainings starts folds parameters penalties totals matrices"
)
DEFECTS = {
    "a number that is missing": r"\bnan\b|\binf\b|∞|\bNone\b(?! of)|undefined|\{\{|\}\}",
    "a dash for a number": r"\b(?:is|are|to|by|of|from|than|interval|and) –(?=[ ,.;:)%])|– (?:on average|to –)",
    "nothing before a sign": r"(?<=\w) [,.;:)](?= |$)|\( ?\)|“ ?”|, ?[.,;:]|\( |: ?\.|; ?\.",
    "nothing after a word": r"(?:\b(?:between|than|under)|λ =|η =)[.,;:)]|\b(?:and|or)[.;:)]",
    "one of many": rf"(?<![\d.,·−-])(?<!\d, )\b1 (?:{'|'.join(PLURALS.split())})\b|\ball (?:1|one) |\ball 0 ",
}
POST = r"\b2018\b|\b[Tt]he post\b"


def complaints(text, e):
    """What is wrong with a text of running words: the kind of defect, and where it is."""
    found = [(kind, match) for kind, pattern in DEFECTS.items() for match in re.finditer(pattern, text)]
    if not is_post(e):
        found += [("about the post of 2018", match) for match in re.finditer(POST, text)]
    labels = {arm.label for arm in e.arms}
    found += [("an arm that is not there", m) for m in re.finditer(r"arms? “([^”]*)”", text) if m[1] not in labels]
    return [(kind, text[max(m.start() - 60, 0) : m.end() + 20]) for kind, m in found]


def running_text(page):
    """The paragraphs, captions and alternative texts of a part of a page, without tables, formulas and code."""
    alts = " ".join(re.findall(r'alt="([^"]*)"', page))
    page = re.sub(r"<(script|style|table|math|pre|svg|template)\b.*?</\1>", "X", page, flags=re.DOTALL)
    page = re.sub(
        r"</?(?:p|li|h\d|figcaption|div|ul|ol|dt|dd|section|figure|summary|details|label)\b[^>]*>", "\n", page
    )
    page = html.unescape(re.sub(r"<[^>]*>", "", page) + "\n" + alts).replace("\xa0", " ")
    blocks = re.split(r"\n[ \t]*\n", page)
    return "\n".join(re.sub(r"\s+", " ", block).strip() for block in blocks)


class World:
    """What happens to the runs of one experiment."""

    def __init__(self, rng):
        self.seed = rng.randrange(2**32)
        self.diverging, self.collapsing = rng.choice((0, 0, 0, 0.3, 1)), rng.choice((0, 0, 0.2, 1))
        self.zeros, self.moved = rng.choice((0, 0.5, 0.9)), rng.choice((0, 0.1, 1))

    def trajectory(self, run):
        rng = np.random.default_rng([self.seed, run.init_seed, run.data_seed, int(1e6 * run.strength)])
        steps = run.recording.steps(run.steps)
        diverged = int(rng.integers(1, run.steps + 1)) if rng.random() < self.diverging else None
        if diverged is not None:
            steps = steps[steps < diverged]
        begin, biases = run.initial_weights()
        collapses, way = rng.random() < self.collapsing, (steps / max(run.steps, 1)).astype(np.float32)
        kernels = []
        for w in begin:
            end = w + self.moved * rng.normal(size=w.shape)
            end = end * (not collapses) * (rng.random(w.shape) >= self.zeros * (run.strength > 0))
            kernels.append((w + way[:, None, None] * (end - w)).astype(np.float32))
            kernels[-1][way == 1] = end
        cost = np.array([sum(float(run.penalty.cost(w[i], np)) for w in kernels) for i in range(len(steps))])
        with_loss = run.recording.loss
        return Trajectory(
            source=run,
            steps=steps,
            kernels=tuple(kernels),
            biases=tuple(np.repeat(b[None], len(steps), 0) for b in biases),
            loss=(20 - 10 * way).astype(np.float32) if with_loss else None,
            penalty=(run.strength * cost).astype(np.float32) if with_loss else None,
            diverged=diverged,
        )


def drawn_data(rng):
    name = rng.choice(datasets.names())
    data = datasets[name]()
    if name == "line":
        some = {"slope": rng.choice((2.0, 0.0, -1.0)), "noise": rng.choice((2.0, 0.0)), "outliers": rng.choice((0, 5))}
        data = dataclasses.replace(data, samples=rng.choice((8, 25, 50)), test_samples=rng.choice((1, 4)), **some)
    return data


OWN = (
    {"dropout": 0.3},
    {"early_stopping": 1},
    {"weight_decay": 0.1, "optimizer": "adamw"},
    {"hidden": (2, 2)},
    {"hidden": (), "learning_rate": 0.02},
)
"""Settings that an arm may have of its own."""


def drawn_arm(rng, label):
    penalty = penalties[rng.choice(penalties.names())]()
    if hasattr(penalty, "mix"):
        penalty = dataclasses.replace(penalty, mix=rng.choice((0.0, 0.5, 0.9, 1.0)))
    strength = 0.0 if isinstance(penalty, NoPenalty) else rng.choice((0.0, 0.001, 0.01, 0.3, 5.0, 1e4))
    step = rng.choice(("subgradient", "proximal"))
    own = rng.choice(OWN) if rng.random() < 0.3 else {}
    return Arm(name=label.lower(), label=label, penalty=penalty, strength=strength, step=step, **own)


def drawn_experiment(rng):
    """An experiment of random settings; one in eight is that of the post with other arms and fewer runs."""
    named = tuple(rng.sample(NAMES, min(rng.randint(1, 4), len(NAMES))))
    if rng.random() < 1 / 8:
        post = parse(shipped())
        arms = tuple(rng.sample(post.arms, rng.randint(1, 4)))
        runs, comparison = Runs(count=rng.choice((1, 3, 7))), Comparison(resamples=200)
        return dataclasses.replace(post, arms=arms, sections=named, runs=runs, comparison=comparison)
    while True:
        with suppress(ReportgenError):  # settings that do not go together
            data = drawn_data(rng)
            return Experiment(
                data=data,
                fresh_data=rng.random() < 0.3,
                network=Network(
                    hidden=rng.choice(((), (1,), (3,), (4, 1), (2, 3, 2))),
                    activation=rng.choice(("linear", "linear", "relu", "tanh", "sigmoid")),
                    dropout=rng.choice((0.0, 0.0, 0.2)),
                ),
                training=Training(
                    optimizer=rng.choice(("sgd", "sgd", "momentum", "adam")),
                    weight_decay=rng.choice((0.0, 0.0, 0.1)),
                    early_stopping=rng.choice((0, 0, 0, 2)),
                    learning_rate=rng.choice((0.001, 0.01, 0.3)),
                    schedule=rng.choice(("constant", "linear", "cosine")),
                    batch_size=rng.choice((1, 3, 7)),
                    epochs=rng.choice((1, 2, 5)),
                    order=rng.choice(("fixed", "reshuffled")),
                    loss=rng.choice(fitting(task_of(data))),
                ),
                recording=Recording(every=rng.choice((1, 7, 1000)), loss=rng.random() < 0.8),
                runs=Runs(count=rng.choice((1, 2, 3, 5, 6, 8))),
                comparison=Comparison(
                    equivalence=rng.choice((0.0, 0.2, 50.0)),
                    confidence=rng.choice((0.6, 0.95, 0.999)),
                    resamples=200,
                ),
                arms=tuple(drawn_arm(rng, label) for label in LABELS[: rng.randint(1, 5)]),
                sections=named,
            )


def invented(world, runs):
    return {run: world.trajectory(run) for run in runs}


def trained(folder, runs):
    return Store(folder).complete(runs, Serial()).result()


def media_of(item):
    """A picture that is not drawn."""
    still = isinstance(item, Picture)
    names = {"name": item.name, "kind": "picture" if still else "animation", "alt": item.alt, "width": 1, "height": 1}
    file = f"{item.name}.{'svg' if still else 'gif'}"
    poster = None if still else f"{item.name}.png"
    files = dict.fromkeys(filter(None, (file, poster)), b"x")
    return Media(**names, file=file, poster=poster, files=files)


@cache
def demonstrated():
    """The study of the section `overfitting`, which is the same for every experiment and takes a second."""
    return sections["overfitting"]().study(None)


def studied(name, e):
    return demonstrated() if name == "overfitting" else sections[name]().study(e)


def made_report(e, train):
    """The report of an experiment, with `train` from runs to their trajectories and without pictures."""
    results, media, plain = [], {}, without_page_settings(e)
    for name in e.sections:
        section = sections[name]()
        done = train(section.runs(plain))
        done |= train(section.follow_up(plain, done))
        names = {run: str(i) for i, run in enumerate(done)}
        result, items = compute_section(name, section, plain, done, studied(name, plain), names)
        results.append(result)
        media |= {item.name: media_of(item) for item in items.values()}
    players = pack_players([result.players for result in results])
    sentences = sentences_of(results, e)
    return Report(
        experiment=e,
        sections=tuple(results),
        media=media,
        tables=tables_of(results, sentences),
        sentences=sentences,
        players=players,
    )


def render_with(section, report, **options):
    """The page with another text of the section `strength`."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "sections" / "strength.html"
        file.parent.mkdir()
        file.write_text(section, "utf-8")
        return article.render(report, templates=Path(folder), **options)


def defects_of(e, train):
    """The complaints about each section of one experiment, and about its headlines."""
    try:
        report = made_report(e, train)
        page = render(report, single_file=False)
    except Exception:
        return [(e.sections, "cannot be made", traceback.format_exc(limit=-3))]
    found = []
    for part in page.split('<section class="chapter"')[1:]:
        name, _, text = part.partition('id="')[2].partition('"')
        found += [(name, *complaint) for complaint in complaints(running_text(text.partition("</main>")[0]), e)]
    for result in report.sections:
        said = [*(report.sentences[claim.name] for claim in result.claims), *filter(None, [result.headline])]
        found += [(result.name, *complaint) for complaint in complaints(result.headline or "", e)]
        found += [(result.name, "two blanks", sentence) for sentence in said if re.search(r"  |^ | $", sentence)]
    return found


def test_no_drawn_experiment_has_a_broken_sentence(cache):
    count, found = soak.count(25, 400), []
    for i in range(count):
        rng = random.Random(f"{soak.seed} {i}")
        e, world = drawn_experiment(rng), World(rng)
        # In a soak some are trained.
        train = partial(trained, cache) if i % 40 == 39 else partial(invented, world)
        found += [(i, *defect) for defect in defects_of(e, train)]
    soak.record("drawn experiments whose text was read", count, len({i for i, *_ in found}))

    assert found == []


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("a number that is missing", "The mean is nan."),
        ("a number that is missing", "It is −inf here."),
        ("a number that is missing", "Of None runs."),
        ("a dash for a number", "It differs by – on average."),
        ("a dash for a number", "(interval – to –)"),
        ("nothing before a sign", "The first flat lines appear at λ , and"),
        ("nothing before a sign", "There are three layers of ()."),
        ("nothing before a sign", "They are a, b, ."),
        ("nothing after a word", "Beyond λ =, all is flat."),
        ("nothing after a word", "Those are L1 and."),
        ("one of many", "It trains 1 networks."),
        ("one of many", "It is so in all 1 comparisons."),
        ("about the post of 2018", "As the post says."),
        ("an arm that is not there", "That of the arm “Zoe”."),
    ],
)
def test_a_defect_is_found(kind, text):
    assert {found for found, _ in complaints(text, Experiment(arms=(Arm(name="ada", label="Ada"),)))} == {kind}


def test_plain_sentences_are_no_defects():
    text = "None of the 11 runs differs: 1 run of 21 runs, 0.1 runs on average (λ = 0.3). The arm “Ada” has 1 − 0.5."

    assert complaints(text, Experiment(arms=(Arm(name="ada", label="Ada"),))) == []


def test_a_section_that_breaks_is_found(monkeypatch):
    """A claim without its number, a plural of one, a blank before a sign, a section that cannot be computed."""
    broken = {
        '{{ f.runs|num }} {{ "network" if f.runs == 1 else "networks" }}': "1 networks",
        "λ scales": "λ of {{ [] | join }} , scales",
        "λ = 0 switches": "λ = {{ f.nothing }} switches",
    }
    e = Experiment(arms=(Arm(name="ada", label="Ada"),), runs=Runs(count=2), sections=("strength",))
    train = partial(invented, World(random.Random(0)))
    whole = (template_folder() / "sections" / "strength.html").read_text("utf-8")
    assert defects_of(e, train) == []

    for words, instead in broken.items():
        assert words in whole
        monkeypatch.setattr(f"{__name__}.render", partial(render_with, whole.replace(words, instead)))
        assert defects_of(e, train) != [], words
