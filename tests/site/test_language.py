"""`language` is the language of what an author wrote; all other words of a page are English."""

import dataclasses
import re

import sites
from sites import text, tree

from reportgen.pipeline import report as reports
from reportgen.sections import Column, Table

SETTINGS = 'title = "Notizen"\nlanguage = "de"\ndescription = "Über Gewichte."\nfooter = "Unten."\n'
POST = (
    sites.experiment("Gewichte", language="de", abstract="Was ist klein?", tags=["Netze"], author="Ada")
    .replace('["experiment"]', '["reading"]')
    .replace('name = "none"\n', 'name = "none"\nlabel = "ohne <Strafe>"\n')
    + "[[text]]\nbefore = 'reading'\n"
    "markdown = '''\n## Warum\n\nSo {{ claim holds }}\n\n{{ figure strip | Ein Streifen. }}\n'''\n"
)
PAGE = text("Worte. {{ claim gewichte/holds }}\n\n{{ table gewichte/errors | Fehler. }}", title="Seite", tags=["Netze"])

GERMAN = ["Notizen", "Gewichte", "Was ist klein?", "Netze", "Ada", "Warum", "So", "Ein Streifen.", "Worte.", "Fehler."]
GERMAN += ["Seite", "Über Gewichte.", "Unten."]
ENGLISH = ["Arm", "Data:", "Skip to the text", "Contents", "Further reading", "It holds <in> gewichte.", "More on this"]
ENGLISH += ["A strip"]


def languages(page):
    """The language of each text of a page and of each alt text or label, by the text."""
    found = {}

    def walk(element, language):
        language = element.get("lang") or language
        texts = [element.text, element.get("alt"), element.get("aria-label"), *(child.tail for child in element)]
        if element.tag not in ("script", "style"):
            for part in texts:
                found.setdefault(" ".join((part or "").split()), set()).add(language)
        for child in element:
            walk(child, language)

    walk(tree(page), None)
    return found


def test_what_an_author_wrote_is_in_the_language_that_is_stated_and_all_else_is_english(make):
    made = make({"posts/gewichte.toml": POST, "posts/seite.md": PAGE}, SETTINGS)

    found = {name: languages(made[name]) for name in made if name.endswith(".html") and "/embed/" not in name}
    for page, texts in found.items():
        for german in GERMAN:
            assert texts.get(german, {"de"}) == {"de"}, (page, german)
        for english in ENGLISH:
            assert texts.get(english, {"en"}) == {"en"}, (page, english)
    shown = {part for texts in found.values() for part in texts}
    assert {*GERMAN, *ENGLISH} <= shown
    assert 'lang="' not in re.sub(
        "<html[^>]*>", "", make({"posts/p.md": text(experiment="quick")})["p/index.html"].decode()
    )


def test_labels_of_arms_are_marked_in_text_and_nowhere_else(make, monkeypatch):
    def labelled(experiment, tools):
        found = sites.report(experiment, tools)
        table = Table(
            name="errors", columns=(Column(label="Arm"),), rows=(("ohne <Strafe>",), ("beside ohne <Strafe>",))
        )
        media = {**found.media, "weights": dataclasses.replace(found.media["weights"], alt="Under ohne <Strafe>")}
        return dataclasses.replace(found, tables={"errors": table}, media=media)

    monkeypatch.setattr(reports, "make_report", labelled)
    body = POST + "[[text]]\nmarkdown = '''\n{{ table errors }}\n\n{{ animation weights }}\n'''\n"
    page = make({"posts/gewichte.toml": body}, SETTINGS)["gewichte/index.html"]
    shown = languages(page)

    assert shown["ohne <Strafe>"] == {"de"}
    assert shown["beside"] == {"en"}
    assert shown["Under ohne <Strafe>"] == {"en"}, "an attribute has no elements"
    assert "\ufdd0" not in page.decode()
