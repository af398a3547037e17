"""What a site says of itself."""

import pytest
from reportgen.experiment.site import Colours, Link, Site, contrast

from reportgen.errors import ExperimentError
from reportgen.experiment.file import parse

EXPERIMENT = """
sections = ["experiment"]
[data]
name = "line"
[[arms]]
name = "none"
penalty = "none"
[site]
"""


@pytest.mark.parametrize(
    ("base", "root"),
    [
        ("", ""),
        ("https://example.org", "https://example.org/"),
        ("https://example.org/blog", "https://example.org/blog/"),
        ("https://example.org/blog//", "https://example.org/blog/"),
        ("http://[::1]:8000/a%20b/ä/", "http://[::1]:8000/a%20b/ä/"),
    ],
)
def test_the_root_ends_with_one_slash(base, root):
    assert Site(title="T", base=base).root == root


@pytest.mark.parametrize(
    ("one", "other", "ratio"), [("#000000", "#ffffff", 21), ("#777777", "#FFFFFF", 4.478), ("#123456", "#123456", 1)]
)
def test_contrast_is_that_of_wcag(one, other, ratio):
    assert contrast(one, other) == contrast(other, one) == pytest.approx(ratio, abs=0.001)


def test_colours_can_be_read_on_their_pages():
    Colours(accent="#00619a", accent_dark="#6cb6ea")
    with pytest.raises(ExperimentError, match=r"accent must have a contrast of at least 4.5 .* make it darker"):
        Colours(accent="#6cb6ea")
    with pytest.raises(ExperimentError, match=r"accent_dark must have a contrast of at least 4.5 .* make it lighter"):
        Colours(accent_dark="#00619a")


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "//a.b", "data:text/html,x", "https://", "https://a b", "https://a\x01", "x"]
)
def test_a_link_leads_to_the_web_or_to_a_mailbox(address):
    with pytest.raises(ExperimentError, match="address must match pattern"):
        Link(label="x", address=address)


def test_an_experiment_file_has_a_site_of_its_own():
    found = parse(
        f'{EXPERIMENT}title = "T"\nlinks = [{{ label = "L", address = "mailto:a@b.c" }}]\n'
        '[site.colours]\naccent = "#000000"\n'
    )

    assert found.site == Site(
        title="T", links=(Link(label="L", address="mailto:a@b.c"),), colours=Colours(accent="#000000")
    )


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ("", "x.toml:8:1: site.title: is required and missing"),
        ('titel = "T"\ntitle = "T"', "x.toml:9:1: site.titel: unknown key. Did you mean 'title'?"),
        (
            'title = "T"\n[site.colours]\naccent = "#eeeeee"',
            "x.toml:11:1: site.colours.accent: must have a contrast of",
        ),
        ('title = "T"\nlogo = "/etc/x.png"', "x.toml:10:1: site.logo: must match pattern"),
        ('title = "T"\nposts = []', "x.toml:10:1: site.posts: unknown key."),
        ('title = "T"\nlanguage = "english!"', "x.toml:10:1: site.language: must match pattern"),
    ],
)
def test_mistakes_in_a_site_are_told_with_their_places(lines, told):
    with pytest.raises(ExperimentError) as caught:
        parse(EXPERIMENT + lines, "x.toml")

    (line,) = str(caught.value).splitlines()
    assert line.startswith(told)


@pytest.mark.parametrize("day", ['"2026-01-01"', "2026-01-01T10:00:00", "20260101"])
def test_a_date_is_a_day(day):
    with pytest.raises(ExperimentError, match=r"x\.toml:1:1: date: "):
        parse(f"date = {day}{EXPERIMENT}title = 'T'", "x.toml")
