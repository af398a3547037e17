"""What machines read of a site."""

import re
from xml.etree import ElementTree

from hostile import SAMPLE, SOAK
from sites import BASE, PNG, SETTINGS, experiment, text, toml_text, tree, write

from reportgen.errors import ExperimentError
from reportgen.pipeline import preview_card
from reportgen.site.folder import read

ATOM, MAP = "{http://www.w3.org/2005/Atom}", "{http://www.sitemaps.org/schemas/sitemap/0.9}"

POSTS = {
    "posts/a.md": text(title="A", date="2026-01-02", tags=["λ", "L1"], author="Eve", updated="2026-01-05"),
    "posts/b.toml": experiment("B", "2026-01-03"),
    "posts/c.md": text("Words & <more>.", title="C", date="2026-01-01"),
    "pages/about.md": "# About",
}


def atom(files):
    """The feed, once it has all that RFC 4287 asks for."""
    feed = ElementTree.fromstring(files["feed.xml"])
    assert feed.tag == f"{ATOM}feed"
    entries = feed.findall(f"{ATOM}entry")
    for element in (feed, *entries):
        assert all(element.findtext(f"{ATOM}{name}") for name in ("id", "title", "updated"))
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", element.findtext(f"{ATOM}updated"))
    (self,) = [link for link in feed.findall(f"{ATOM}link") if link.get("rel") == "self"]
    assert self.get("href") == f"{BASE}feed.xml"
    assert feed.findtext(f"{ATOM}author/{ATOM}name")
    ids = [element.findtext(f"{ATOM}id") for element in (feed, *entries)]
    assert len(ids) == len(set(ids))
    assert all(name.startswith("https://") for name in ids)
    return feed, entries


def test_the_feed_has_the_posts_the_newest_first_and_every_page_leads_to_it(make):
    files = make(POSTS, f'{SETTINGS}description = "About."\n')
    feed, entries = atom(files)

    def told(name):
        return [entry.findtext(f"{ATOM}{name}") for entry in entries]

    assert feed.get("{http://www.w3.org/XML/1998/namespace}lang") == "en"
    assert feed.findtext(f"{ATOM}title") == "Notes"
    assert feed.findtext(f"{ATOM}subtitle") == "About."
    assert feed.findtext(f"{ATOM}updated") == "2026-01-05T00:00:00Z"
    assert told("title") == ["B", "A", "C"]
    assert told("id") == [f"{BASE}{name}/" for name in "bac"]
    assert told("published") == [f"2026-01-0{day}T00:00:00Z" for day in (3, 2, 1)]
    assert told("updated") == [f"2026-01-0{day}T00:00:00Z" for day in (3, 5, 1)]
    assert told("summary") == ["A quarter of b is zero.", "Words.", "Words & <more>."]
    assert told(f"author/{ATOM}name") == ["Ada", "Eve", "Ada"]
    assert [tag.get("term") for tag in entries[1].findall(f"{ATOM}category")] == ["λ", "L1"]
    for name in ("index.html", "a/index.html", "b/index.html", "about/index.html", "b/report.html"):
        ways = [e.get("href") for e in tree(files[name]).iter("link") if e.get("type") == "application/atom+xml"]
        assert ways == [f"{BASE}feed.xml"], name


def test_the_map_has_every_page_that_search_engines_may_list_and_robots_are_told(make):
    files = make(POSTS)

    places = {
        place.findtext(f"{MAP}loc"): place.findtext(f"{MAP}lastmod")
        for place in ElementTree.fromstring(files["sitemap.xml"]).findall(f"{MAP}url")
    }
    listed = {
        name.removesuffix("index.html")
        for name, content in files.items()
        if name.endswith("index.html") and b'content="noindex"' not in content
    }
    assert "b/embed/" not in listed
    assert {place.removeprefix(BASE) for place in places} == {name.replace("λ", "%CE%BB") for name in listed}
    assert places[f"{BASE}a/"] == "2026-01-05"
    assert places[f"{BASE}about/"] is None
    assert files["robots.txt"].decode() == f"User-agent: *\nAllow: /\n\nSitemap: {BASE}sitemap.xml\n"


def test_no_text_breaks_the_feed_or_a_page(make, tmp_path, monkeypatch):
    """What a file may hold is only text on every page; what it may not hold is refused."""
    monkeypatch.setattr(preview_card, "_card", lambda *_: PNG)
    made = 0
    for number, payload in enumerate(SAMPLE[:: 1 if SOAK else 3]):
        line = payload[:400].encode("utf-8", "ignore").decode()
        settings = "".join(f"{key} = {toml_text(line)}\n" for key in ("title", "author", "description"))
        front = {"title": line, "author": line, "abstract": line, "tags": [line[:40]]}
        posts = {"posts/a.md": text(**front), "posts/b.toml": experiment(**front)}
        try:
            read(write(tmp_path / str(number), posts, f'{settings}base = "{BASE}"\n'))
        except ExperimentError:
            assert not line.strip() or not line.isprintable() or len(line) > 100, ascii(payload)
            continue
        made += 1
        files = make(posts, f'{settings}base = "{BASE}"\n')
        atom(files)
        ElementTree.fromstring(files["sitemap.xml"])
        for name, content in files.items():
            if name.endswith(".html"):
                _check_harmless(name, content)
    assert made > 5


def _check_harmless(name, content):
    for element in tree(content).iter():
        if isinstance(element.tag, str):
            assert element.tag not in ("iframe", "object", "embed", "base", "form", "plaintext", "math"), name
            assert not [key for key in element.attrib if key.startswith("on") or key == "style"], name
            if element.tag == "script":
                assert element.get("src") is None
                assert element.get("type") or "window.ran" not in element.text
            if element.tag in ("a", "link"):
                assert re.match(r"(https?:|mailto:|#|data:,)|[^:]*$", element.get("href", "")), name
