"""Each limit of each place, at it and one above."""

import pytest

from reportgen.errors import ExperimentError, ReportgenError
from reportgen.pictures.formats import formats
from reportgen.pictures.presets import PRESETS, Preset, PresetLimits

PLACE = Preset(
    name="here",
    formats={"gif": PresetLimits(bytes=2_000_000, size=(1280, 1080), frames=350, pixels=300_000_000, seconds=60)},
)
FITS = {"size": (640, 480), "frames": 350, "seconds": 60.0, "scale": 1}


def test_the_usual_animation_fits_everywhere_in_every_format():
    for name, place in PRESETS.items():
        assert place.name == name
        assert set(place.formats) <= set(formats.names())
        assert place.usual == "gif"  # which needs nothing else to be installed
        for suffix in place.formats:
            place.check(suffix, (640 * place.scale, 480 * place.scale), 50, 5.0, place.scale)
            place.check_bytes(suffix, 1_000_000, 50, place.scale)


def test_at_its_limits_a_place_takes_it_and_above_them_it_says_what_to_change(messages):
    PLACE.check("gif", **FITS)
    PLACE.check("gif", **{**FITS, "size": (1280, 1080), "frames": 217})
    PLACE.check_bytes("gif", 2_000_000, 350, 1)
    changes = {
        "wide": {"size": (1281, 480)},
        "large, four times": {"size": (2560, 1920), "scale": 4},
        "frames": {"frames": 351},
        "seconds": {"seconds": 60.5},
        "pixels": {"size": (1280, 960), "frames": 300, "scale": 2},
    }
    told = {}
    for case, change in changes.items():
        with pytest.raises(ExperimentError) as error:
            PLACE.check("gif", **{**FITS, **change})
        told[case] = error.value
    with pytest.raises(ReportgenError) as too_large:
        PLACE.check_bytes("gif", 2_500_000, 100, 2)
    assert too_large.value.exit_code == 1
    told["bytes"] = too_large.value
    with pytest.raises(ExperimentError) as error:
        PRESETS["github"].limits("webp")
    told["format"] = error.value
    assert error.value.exit_code == 2
    messages(**told)
