"""The stages of a build and the parts that each is made from, whose digest is its cache key.

Everything that can change the output of a stage must be among its parts; settings that only the page shows must not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from reportgen import plugins
from reportgen.errors import TemplateError
from reportgen.experiment import FORMATS_PACKAGE, SECTIONS_PACKAGE, Experiment
from reportgen.pictures.formats import formats
from reportgen.pictures.picture import PictureLook
from reportgen.pipeline.picture_look import font_identity
from reportgen.store import keys
from reportgen.store.keys import Parts
from reportgen.training.versions import engine
from reportgen.version import __version__

_TOOLS = ("python", "machine", "tensorflow", "numpy", "scipy", "scikit-learn", "matplotlib", "pillow")
"""The tools that the report names."""

_KINDS = ("reportgen.datasets", "reportgen.losses", "reportgen.penalties")
"""Packages whose kinds an experiment names."""


def of_section(name: str, core: Experiment) -> Parts:
    """The parts of the findings of a section; `core` is the experiment as its code receives it."""
    modules = [plugins.module_of(SECTIONS_PACKAGE, name), "reportgen.sections.result", *plugins.modules_with(*_KINDS)]
    modules += [module for package in _KINDS for module in keys.package(package)]
    return {
        **keys.settings(core, "experiment"),
        **keys.code(*modules),
        **keys.versions(*_TOOLS),
        **{f"training: {part}": value for part, value in engine().items()},
        "reportgen": __version__,
    }


def of_picture(item: str, drawn_by: Iterable[str], wanted: Iterable[str], look: PictureLook, moves: bool) -> Parts:
    """The parts of the files of a picture: the digest of its content, the modules that draw it, and what of the
    author's look it shows; only a picture that `moves` follows the settings of animations."""
    modules = ["reportgen.pictures.draw", *drawn_by, *(plugins.module_of(FORMATS_PACKAGE, name) for name in wanted)]
    return {
        "what it shows": item,
        "formats": " ".join(wanted),
        **_encoders(wanted),
        **({"fonts": look.fonts.identity} if look.fonts.identity else {}),
        **(keys.settings(look.animation, "animation") if moves else {}),
        **({"colors of arms": repr(look.arms)} if moves and look.arms else {}),
        **keys.code(*modules),
        **keys.versions("python", "numpy", "matplotlib", "pillow"),
    }


def of_build(experiments: Mapping[str, Experiment], templates: Path | None = None) -> Parts:
    """The parts of reports of experiments; equal parts give equal bytes. `templates` is a folder of the user.

    Raises `TemplateError` if there is no such folder.
    """
    if templates and not templates.is_dir():
        raise TemplateError(f"the folder of templates {templates} does not exist")
    own = keys.files(templates) if templates else {}
    return {
        **{name: part for known, e in experiments.items() for name, part in keys.settings(e, known).items()},
        **{f"fonts of {known}": fonts for known, e in experiments.items() if (fonts := font_identity(e))},
        **keys.code(*keys.everything()),
        **keys.files(keys.template_folder()),
        **{f"own {path}": digest for path, digest in own.items()},
        **_section_templates(experiments.values(), templates),
        **_encoders({name: None for e in experiments.values() for name in e.formats}),
        **keys.versions(*_TOOLS, "jinja2", "math-core", "pygments", "markdown-it-py", "mdit-py-plugins"),
        **{f"training: {part}": value for part, value in engine().items()},
    }


def section_templates() -> Parts:
    """Digests of the templates of plugins' sections."""
    return {f"own {name}": template.digest for name, template in plugins.templates().items()}


def _section_templates(experiments: Iterable[Experiment], templates: Path | None) -> Parts:
    """Digests of the templates of plugins' sections; raises `TemplateError` if one is missing that is asked for."""
    found = plugins.templates()
    asked = {f"sections/{name}.html" for e in experiments for name in e.sections}
    for name in sorted(asked & found.keys()):
        if not found[name].path.is_file() and not (templates and (templates / name).is_file()):
            raise TemplateError(found[name].missing)
    return section_templates()


def describe_changes(before: Parts, now: Parts) -> list[str]:
    """Messages about the parts that differ, sorted by name."""
    names = sorted(name for name in {*before, *now} if before.get(name) != now.get(name))
    return [_describe_change(name, before.get(name), now.get(name)) for name in names]


def _encoders(names: Iterable[str]) -> Parts:
    """The programs that encode videos: another version writes other bytes."""
    return {f"encoder of {name}": program for name in names if (program := formats[name]().encoder_identity())}


def _describe_change(name: str, before: Any, now: Any) -> str:
    if name.startswith(("experiment.", "version of", "training: ")):
        return f"{name.removeprefix('experiment.')} was {before or 'absent'}, is {now or 'absent'}"
    return f"{name} {'is new' if before is None else 'is gone' if now is None else 'changed'}"
