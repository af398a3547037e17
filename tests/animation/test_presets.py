"""Each limit of each place, at it and one above."""

import dataclasses

import pytest

from reportgen.animation.formats import formats
from reportgen.animation.presets import PRESETS, Limits, Preset, preset
from reportgen.errors import ExperimentError, ReportgenError

PLACE = Preset(
    name="here",
    formats={"gif": Limits(bytes=2_000_000, size=(1280, 1080), frames=350, pixels=300_000_000, seconds=60)},
)
FITS = {"size": (640, 480), "frames": 350, "seconds": 60.0, "scale": 1}


@pytest.mark.parametrize("name", PRESETS)
def test_presets_name_formats_that_there_are(name):
    place = PRESETS[name]

    assert place.name == name
    assert set(place.formats) <= set(formats.names())
    assert place.usual == "gif"  # which needs nothing else to be installed


@pytest.mark.parametrize("name", PRESETS)
def test_the_usual_animation_fits_everywhere(name):
    place = PRESETS[name]
    for suffix in place.formats:
        place.check(suffix, (640 * place.scale, 480 * place.scale), 50, 5.0, place.scale)
        place.check_bytes(suffix, 1_000_000, 50, place.scale)


def test_at_its_limits_a_place_takes_it():
    PLACE.check("gif", **FITS)
    PLACE.check("gif", **{**FITS, "size": (1280, 1080), "frames": 217})
    PLACE.check_bytes("gif", 2_000_000, 350, 1)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"size": (1281, 480)}, "1280×1080 pixels of a gif, and this has 1281×480; try fewer trajectories or scenes"),
        ({"size": (640, 1081), "scale": 2}, "1280×1080 pixels of a gif, and this has 640×1081; try --scale 1"),
        ({"size": (2560, 1920), "scale": 4}, "1280×1080 pixels of a gif, and this has 2560×1920; try --scale 2"),
        ({"frames": 351}, "350 frames of a gif, and this has 351; try --frames 350"),
        ({"seconds": 60.5}, "60 s of a gif, and this has 60.5 s; try --length 60"),
        (
            {"size": (1280, 960), "frames": 300, "scale": 2},
            "300 million pixels (width × height × frames) of a gif, and this has 368 million; "
            "try --frames 244 or --scale 1",
        ),
    ],
)
def test_above_them_it_says_what_to_change_before_anything_is_drawn(change, said):
    with pytest.raises(ExperimentError) as error:
        PLACE.check("gif", **{**FITS, **change})

    assert str(error.value) == f"here takes at most {said}"
    assert error.value.exit_code == 2


@pytest.mark.parametrize(("scale", "said"), [(1, "--frames 72"), (2, "--frames 72 or --scale 1")])
def test_a_file_that_is_too_large(scale, said):
    with pytest.raises(ReportgenError) as error:
        PLACE.check_bytes("gif", 2_500_000, 100, scale)

    assert str(error.value) == f"here takes at most 2 MB of a gif, and this has 2.5 MB; try {said}"
    assert error.value.exit_code == 1


def test_a_format_that_a_place_does_not_take():
    with pytest.raises(ExperimentError) as error:
        PRESETS["github"].limits("webp")
    assert str(error.value) == "github takes gif, mp4 or webm, not webp; try a file that ends in .gif"

    with pytest.raises(ExperimentError) as error:
        PLACE.limits("webp")
    assert str(error.value) == "here takes gif, not webp; try a file that ends in .gif"


def test_an_unknown_place():
    with pytest.raises(ExperimentError) as error:
        preset("gitub")
    assert str(error.value) == "unknown preset 'gitub'. Did you mean 'github'? Known: github, slack, slide, x."


def test_a_preset_is_a_value():
    with pytest.raises(dataclasses.FrozenInstanceError):
        PRESETS["x"].scale = 3
