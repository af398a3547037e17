"""What an experiment file sets about its pictures: fonts for its words, and the look of animations."""

from __future__ import annotations

import dataclasses

from reportgen.experiment import Experiment
from reportgen.pictures import fonts
from reportgen.pictures.picture import PictureLook
from reportgen.sections import helpers


def picture_look(e: Experiment) -> PictureLook:
    """The look of the pictures of an experiment.

    Raises `MachineError` if the font that it names is not installed.
    """
    styles = helpers.arm_styles(e)
    colors = zip(e.arms, e.animation.colors.arms, strict=False)
    arms = tuple((style, color) for arm, color in colors if (style := styles[arm.name]) is not None)
    words = {f"the word {name!r} of animations": text for name, text in dataclasses.asdict(e.animation.words).items()}
    labels = {f"the label of arm {arm.name!r}": arm.label for arm in e.arms}
    choice = fonts.choose(words | labels, e.animation.font, e.language)
    return PictureLook(animation=e.animation, arms=arms, fonts=choice)
