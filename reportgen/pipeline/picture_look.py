"""What an experiment file sets about its pictures: fonts for its words, and the look of animations."""

from __future__ import annotations

import dataclasses

from reportgen.experiment import Experiment
from reportgen.pictures import fonts
from reportgen.pictures.picture import PictureLook


def picture_look(e: Experiment) -> PictureLook:
    """The look of the pictures of an experiment.

    Raises `MachineError` if the font that it names is not installed.
    """
    from reportgen.sections import helpers

    styles = helpers.arm_styles(e)
    colors = zip(e.arms, e.animation.colors.arms, strict=False)
    arms = tuple((style, color) for arm, color in colors if (style := styles[arm.name]) is not None)
    return PictureLook(animation=e.animation, arms=arms, fonts=fonts.choose(_texts(e), e.animation.font, e.language))


def font_identity(e: Experiment) -> str:
    """A digest of the fonts of the system that pictures and preview cards of an experiment use; empty for none."""
    shown = {"title": e.title, "author": e.author, "site": e.site.title if e.site else ""}
    return fonts.choose({**_texts(e), **shown}, e.animation.font, e.language).identity


def _texts(e: Experiment) -> dict[str, str]:
    """The words of the author in pictures, by what messages call them."""
    words = {f"the word {name!r} of animations": text for name, text in dataclasses.asdict(e.animation.words).items()}
    return words | {f"the label of arm {arm.name!r}": arm.label for arm in e.arms}
