"""Claims: sentences that state a result, each with the test that decides which sentence is printed.

A section lists its claims. A claim's `test` sees the section's findings as `results.json` holds them, so that a reader
can repeat it from that file. The sentences stand in the template of the section, beside the text they belong to:

    {% claim "NAME" %}…{% refuted %}…{% undecided %}…{% endclaim %}

They see `f`, the findings of the section, and `e`, the experiment, and nothing else, so that each can be read alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Literal

import jinja2
from jinja2 import nodes
from jinja2.ext import Extension
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from reportgen import plugins
from reportgen.errors import RefusedError, TemplateError
from reportgen.experiment import Experiment
from reportgen.registry import stored
from reportgen.sections.wording import describe_difference, describe_interval, is_post, why_undecided
from reportgen.store.keys import template_folder
from reportgen.text import at_most, number

Outcome = Literal["supported", "not supported", "undecided"]


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One statement. The template of its section has its sentence for each outcome."""

    name: str
    """Unique in an article."""
    test: Callable[[Any], bool | Outcome | None]
    """True for supported, False for not supported, or the name of the outcome; None if the claim does not apply to the
    experiment. It reads the findings by attribute, as `f.share`, or by key. A number that could not be computed is
    None; a claim whose test compares it is undecided."""
    post: str = ""
    """What the post of 2018 said, for the cards that compare it with the measurement of the post's experiment."""


@stored
@dataclass(frozen=True, kw_only=True)
class DecidedClaim:
    """A claim with its outcome."""

    name: str
    section: str
    post: str
    """Empty if the experiment is not that of the post, about which it says nothing."""
    outcome: Outcome | None
    """None if it does not apply to this experiment."""


def decide(claim: Claim, section: str, findings: dict[str, Any], e: Experiment) -> DecidedClaim:
    """Decide a claim from the findings of its section, which are plain JSON values."""
    outcome = _outcome(claim, attributes(findings))
    return DecidedClaim(name=claim.name, section=section, post=claim.post if is_post(e) else "", outcome=outcome)


def sentence(claim: DecidedClaim, findings: Mapping[str, Any], e: Experiment) -> str:
    """The sentence of a decided claim in the template of its section, as plain text.

    It is empty if the claim does not apply, and in a section of a plugin whose only template is that of a theme. Raises
    `TemplateError` if the template has no such sentence, or if it names a value that is missing, and `RefusedError` if
    it is a link that leads out of the folder of its plugin.
    """
    if claim.outcome is None or _is_without_template(claim.section):
        return ""
    place = f"claim {claim.name!r} of section {claim.section!r}, {claim.outcome}"
    found = _sentences(claim.section).get(claim.name)
    if found is None:
        raise TemplateError(
            f'claim {claim.name!r}: the template of section {claim.section!r} has no {{% claim "{claim.name}" %}}'
        )
    try:
        html = _environment().from_string(found[claim.outcome]).render(f=findings, e=e)
    except (jinja2.TemplateError, TypeError, ValueError, ArithmeticError) as error:
        raise TemplateError(f"{place}: {error}") from error
    # Markup joins lines and words as a browser does.
    return Markup(html).striptags()  # noqa: S704  # text of our templates, whose values are escaped; tags go


_CLAIM = re.compile(r'\{%-?\s*claim\s+"(?P<name>[^"]+)"\s*-?%\}(?P<body>.*?)\{%-?\s*endclaim\s*-?%\}', re.DOTALL)
_OUTCOME = re.compile(r"\{%-?\s*(refuted|undecided)\s*-?%\}")
_WORDS: dict[str, Outcome] = {"refuted": "not supported", "undecided": "undecided"}


def _is_without_template(section: str) -> bool:
    own = plugins.templates().get(f"sections/{section}.html")
    return own is not None and not own.path.is_file()


def _sentences(section: str) -> dict[str, dict[Outcome, str]]:
    """The sentences in the template of a section, as templates, by claim and outcome; one left out is empty."""
    file, root = template_folder() / "sections" / f"{section}.html", None
    if own := plugins.templates().get(f"sections/{section}.html"):
        file, root = own.path.resolve(), own.root
    if root and not file.is_relative_to(root):
        raise RefusedError(f"template sections/{section}.html leads out of {root}", code="RG702")
    return _read_sentences(file, file.stat().st_mtime_ns)


@lru_cache(maxsize=64)
def _read_sentences(file: Path, _changed: int) -> dict[str, dict[Outcome, str]]:
    found: dict[str, dict[Outcome, str]] = {}
    for match in _CLAIM.finditer(file.read_text("utf-8")):
        supported, *others = _OUTCOME.split(match["body"])
        sentences: dict[Outcome, str] = {"supported": supported, "not supported": "", "undecided": ""}
        found[match["name"]] = sentences | {_WORDS[w]: text for w, text in zip(others[::2], others[1::2], strict=True)}
    return found


class ClaimBlocks(Extension):
    """The tag `claim` of templates: the sentence of the claim's outcome, as a block that a theme can replace."""

    tags = {"claim"}  # noqa: RUF012  # as Jinja2 declares it

    def parse(self, parser: Parser) -> nodes.Node:
        line = next(parser.stream).lineno
        name = parser.parse_expression()
        if not isinstance(name, nodes.Const) or not isinstance(name.value, str):
            parser.fail('a claim has a name in quotation marks, like {% claim "l1-makes-zeros" %}', line)
        bodies: dict[Outcome, list[nodes.Node]] = {}
        outcome: Outcome = "supported"
        while True:
            bodies[outcome] = parser.parse_statements(("name:refuted", "name:undecided", "name:endclaim"))
            word = next(parser.stream).value
            if word == "endclaim":
                break
            outcome = _WORDS[word]
        found = nodes.Call(nodes.Name("outcome", "load"), [name], [], None, None)
        chosen = [
            nodes.If(nodes.Compare(found, [nodes.Operand("eq", nodes.Const(outcome))]), body, [], [])
            for outcome, body in bodies.items()
        ]
        block = nodes.Block(f"claim_{re.sub(r'[^0-9A-Za-z]', '_', name.value)}", chosen, False, False)
        return block.set_lineno(line)


class _Attributes(dict[str, Any]):
    """Findings as JSON values whose keys are attributes, too."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


def attributes(value: Any) -> Any:
    """JSON values that can be read like the findings they were: by attribute."""
    if isinstance(value, Mapping):
        return _Attributes({key: attributes(part) for key, part in value.items()})
    return [attributes(part) for part in value] if isinstance(value, list | tuple) else value


def _outcome(claim: Claim, findings: Any) -> Outcome | None:
    try:
        outcome = claim.test(findings)
    except TypeError:
        if not _has_missing_number(findings):
            raise
        return "undecided"
    return _named(outcome)


def _named(outcome: bool | Outcome | None) -> Outcome | None:
    return ("supported" if outcome else "not supported") if isinstance(outcome, bool) else outcome


def _has_missing_number(value: Any) -> bool:
    """True if `value` is, or contains, None."""
    if isinstance(value, Mapping):
        return any(map(_has_missing_number, value.values()))
    return value is None or (isinstance(value, list) and any(map(_has_missing_number, value)))


@cache
def _environment() -> jinja2.Environment:
    environment = ImmutableSandboxedEnvironment(
        undefined=jinja2.StrictUndefined, autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {
        "num": number,
        "at_most": at_most,
        "why": why_undecided,
        "interval": describe_interval,
        "difference": describe_difference,
    }
    return environment


def difference_outcome(difference: Mapping[str, Any], *expected: str) -> Outcome:
    """The outcome of a claim that a verdict is one of `expected`; by default that it is "better"."""
    verdict = difference["verdict"]
    if verdict == "undecided":
        return "undecided"
    return "supported" if verdict in (expected or ("better",)) else "not supported"


def bound_outcome(found: Mapping[str, Any], expected: str = "above") -> Outcome:
    """The outcome of a claim that a mean is `expected` ("above", "below") of the bound of `helpers.against_bound`."""
    return difference_outcome(found, expected)


def all_outcomes(*parts: bool | Outcome | None) -> Outcome | None:
    """The outcome of a claim of several parts: supported if all are, not supported if one is not.

    None if a part does not apply, or if there is none.
    """
    return _first_of(parts, "not supported", "undecided", "supported")


def any_outcome(*parts: bool | Outcome | None) -> Outcome | None:
    """The outcome of a claim that one of several parts holds; None if a part does not apply, or if there is none."""
    return _first_of(parts, "supported", "undecided", "not supported")


def _first_of(parts: Sequence[bool | Outcome | None], *order: Outcome) -> Outcome | None:
    named = {_named(part) for part in parts}
    return None if None in named else next((outcome for outcome in order if outcome in named), None)


def majority_outcome(rate: Mapping[str, Any] | None) -> Outcome | None:
    """The outcome of a claim that an event happens in most runs, from `rate_findings`; None if there are no runs."""
    if not rate or not rate["count"]:
        return None
    return "supported" if rate["low"] > 0.5 else "not supported" if rate["high"] < 0.5 else "undecided"
