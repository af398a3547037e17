"""Each kind of problem, planted in a site that has none, and a neighbor that is as it should be."""

import logging
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reportgen.companions import check
from reportgen.companions.check import Secrets, inspect
from reportgen.errors import ExperimentError

NOTHING = Secrets()
BODY = 9
"""The line of a page's body."""


def page(body="", head="", lang=' lang="en"', h1="<h1>x</h1>"):
    return (
        f'<!DOCTYPE html>\n<html{lang}>\n<head>\n<meta charset="utf-8">\n<title>x</title>\n{head}</head>\n'
        f"<body>\n{h1}\n{body}\n</body>\n</html>\n"
    ).encode()


def told(files, **options):
    return [str(problem) for problem in inspect(files, **{"secrets": NOTHING, **options})]


def of_body(body, **others):
    return [line.removeprefix("index.html:") for line in told({"index.html": page(body), **others})]


def test_a_site_without_problems_has_none(report):
    files = {
        "index.html": page('<a href="posts/a/">a</a><a href="posts/a/#one">b</a><a href="#top">c</a><a href="#">d</a>'),
        "posts/a/index.html": page('<h2 id="one">1</h2><img src="../../media/x.png" alt=""><a href="/">home</a>'),
        "media/x.png": b"\x89PNG\r\n\x1a\n",
    }
    assert told(files) == told(files, base="https://me.org") == []
    assert told(check.open_folder(report), secrets=Secrets.of_process()) == []


PLANTED = {
    '<a href="gone.html">x</a>': "link: there is no 'gone.html'",
    '<a href="/gone/">x</a>': "link: there is no 'gone/'",
    '<a href="../../gone">x</a>': "link: there is no 'gone'",
    '<a href="media">x</a>': "link: the folder 'media' has no index.html",
    '<a href="Other.html">x</a>': "link: there is no 'Other.html'; there is 'other.html'",
    '<img src="media/a%20b.png" srcset="media/a%20b.png 1x, gone.png 2x" alt="x">': "link: there is no 'gone.png'",
    '<video src="media/a%20b.png" poster="gone.jpg"></video>': "link: there is no 'gone.jpg'",
    "<p style=\"background: url('gone.png')\">x</p>": "link: there is no 'gone.png'",
    '<a href="#gone">x</a>': "link: the page has no anchor '#gone'",
    '<a href="other.html#gone">x</a>': "link: 'other.html' has no anchor '#gone'",
    '<a href="javascript:go()">x</a>': "link: a script as an address; the policy of the pages forbids it",
    '<a href="file:///etc/hosts">x</a>': "link: it leads to a file on one machine only",
    '<a href="http://localhost:8000/">x</a>': "link: 'http://localhost:8000/' leads to the reader's own machine",
    '<a href="http://[">x</a>': "link: 'http://[' is no address",
    "<p>x</b>": "html: unexpected end tag <b>",
    "<div>x": "html: expected one end tag but got another <body>, <div>",
    "<p title=a title=b>x</p>": "html: duplicate attribute",
    "<p>&nonsense;</p>": "html: expected named entity",
    "<center>x</center>": "html: <center> is obsolete",
    "<h1>y</h1>": "html: a second <h1>; a page has one",
    '<p id="a">x</p><p id="a">x</p>': f"id: a second element with the id 'a'; the first is in line {BODY}",
    '<img src="data:,">': 'alt: <img src="data:"> has no alt text; write alt="" for a decorative picture',
    '<iframe src="#"></iframe>': 'alt: <iframe src="#"> has no title',
    '<svg role="img"></svg>': 'alt: <svg role="img"> has no aria-label',
    '<map name="m"><area href="#"></map>': "alt: <area> has no alt text",
    '<input type="image" src="data:,">': 'alt: <input type="image"> has no alt text',
}
FAULTLESS = [
    '<a href="other.html#caf%C3%A9">x</a><img src="media/a%20b.png?v=1" alt="x"><p style="fill: url(#a)">x</p>',
    '<p title="a" class="b">&amp;<br>\n<!-- x -- y --><input type="hidden" name=a></p>',
    '<img src="data:," alt="x"><svg role="img" aria-label="x"></svg><iframe src="#" title="x"></iframe>',
    '<textarea><img src="gone.png"></textarea><!-- <a href="gone"> -->',
    '<script type="application/json">{"x": "<a href=gone>"}</script>',
    '<a href="https://x.org">x</a> <code>fetch("https://x.org")</code><svg xmlns="http://www.w3.org/2000/svg"></svg>',
]


def test_what_is_wrong_in_a_page_is_told_and_nothing_else():
    others = {"other.html": page('<p id="caf\u00e9">x</p>'), "media/a b.png": b""}

    for body, message in PLANTED.items():
        assert [line.split(": ", 1)[1] for line in of_body(body, **others)] == [message], body
    for body in FAULTLESS:
        assert of_body(body, **others) == [], body


def test_lines_are_those_of_the_file_whatever_is_embedded():
    data = '<img alt="" src="data:image/svg+xml,<svg>\n\n</svg>">\n<script>\n"</p>"\n</script>\n'
    style = "<style>\na {\n background: url(x.png)\n}\n</style>\n"
    assert of_body(f'{data}{style}<a href="x">y</a></b>\n<script>\nfetch("https://x.org/a")</script>') == [
        f"{BODY + 8}: link: there is no 'x.png'",
        f"{BODY + 11}: html: unexpected end tag <b>",
        f"{BODY + 11}: link: there is no 'x'",
        f"{BODY + 13}: request: the page loads https://x.org/a",
    ]


def test_links_of_styles_feeds_and_maps_are_looked_at_below_the_base():
    files = {
        "css/site.css": b"/* url(no.png) */\na { background: url('../x.png') }\n@import 'gone.css';",
        "x.png": b"",
        "index.html": page('<a href="/b/a/">x</a><a href="https://me.org/b/c/">x</a><a href="/other/">x</a>'),
        "a/index.html": page('<a href="/a/">x</a>', head='<link rel="canonical" href="https://me.org/b/d/">\n'),
        "sitemap.xml": b"<loc>https://me.org/b/</loc>\n<loc>https://me.org/b/e/?a=1&amp;b</loc><loc>https://x.org/</loc>",
        "robots.txt": b"Sitemap: https://me.org/b/sitemap.xml\nSitemap: https://me.org/b/feed.xml\n",
        "notes.txt": b"https://me.org/nowhere",
    }
    found = told(files, base="https://me.org/b/")

    assert found == [
        "a/index.html:6: link: there is no 'd/'",
        "a/index.html:10: link: '/a/' leads out of https://me.org/b/; it is at /b/a/",
        "css/site.css:3: link: there is no 'css/gone.css'",
        "index.html:9: link: there is no 'c/'",
        "robots.txt:2: link: there is no 'feed.xml'",
        "sitemap.xml:2: link: there is no 'e/'",
    ]
    assert told(files) == found, "robots.txt names the map, and so the address"


def test_what_every_page_has_is_missed():
    assert told({"a.html": page(lang="")}) == [
        "a.html:1: html: <html> does not state its language; add a lang attribute"
    ]
    assert told({"a.html": page(h1="")}) == ["a.html:1: html: it has no <h1>"]
    assert told({"a.html": page(h1="", head='<meta name="robots" content="noindex">\n')}) == []
    assert told({"a.html": page().replace(b"<title>x", b"<title> ")}) == ["a.html:1: html: it has no title"]
    assert told({"a.html": page("\u00e9").decode().encode("latin-1")}) == ["a.html:9: html: it is not UTF-8"]
    assert "a.html:1: html: expected doctype but got start tag <p>" in told({"a.html": b"<p>x"})


def test_what_is_beyond_its_budget_is_told():
    head = '<meta property="og:image" content="https://me.org/card.png">\n'
    sizes = {"report.html": 8_000_001, "big.html": 25_000_001, "a.gif": 1_000_001, "b.gif": 1_000_000}
    files = {name: bytes(size) for name, size in sizes.items()}
    files |= {"index.html": page(head=head), "card.png": bytes(5_000_001)}
    problems = [p for p in inspect(files, secrets=NOTHING, base="https://me.org/") if p.kind == "size"]

    assert [str(problem) for problem in problems] == [
        "a.gif: size: 1.0 MB; the budget of a GIF is 1 MB",
        "big.html: size: 25.0 MB in one page; leave it out, or show fewer animations or frames",
        "index.html:6: size: the preview picture card.png has 5.0 MB; most services take 5 MB",
        "report.html: size: 8.0 MB; its budget is 8 MB",
    ]
    assert [problem.code for problem in problems] == ["", "RG703", "", ""]


def test_what_github_pages_does_not_take_is_told_and_not_read(tmp_path):
    large = ("big.mp4", "index.html", "robots.txt")
    for name, size in (*((name, 100_000_001) for name in large), *((f"{n}.bin", 90_000_000) for n in range(8))):
        with (tmp_path / name).open("wb") as file:
            file.truncate(size)
    files = check.open_folder(tmp_path)
    read = []
    files.__class__ = type(
        "Watched", (check.FolderFiles,), {"__getitem__": lambda self, name: read.append(name) or b""}
    )

    found = told(files)

    assert "big.mp4: size: 100.0 MB; GitHub Pages takes 100 MB per file; it is not searched" in found
    assert ".: size: 1.0 GB in all; GitHub Pages takes 1 GB" in found
    assert not set(large) & set(read)


FOREIGN = [
    '<img src="https://x.org/a" alt="">',
    '<img src="//x.org/a" alt="">',
    '<img src="data:," srcset="https://x.org/a 2x" alt="">',
    '<video poster="https://x.org/a"></video>',
    '<script src="https://x.org/a"></script>',
    '<link rel="stylesheet" href="https://x.org/a">',
    '<link rel="preconnect" href="https://x.org/a">',
    '<link rel="shortcut icon" href="https://x.org/a">',
    '<iframe src="https://x.org/a" title="x"></iframe>',
    '<object data="https://x.org/a"></object>',
    '<p style="background: url(https://x.org/a)">x</p>',
    '<style>p { background: url("https://x.org/a") }</style>',
    '<style>@import "https://x.org/a";</style>',
    '<script>fetch("https://x.org/a")</script>',
    "<script>import('https://x.org/a')</script>",
    '<script type="module">import x from "https://x.org/a"</script>',
    '<script>new WebSocket("https://x.org/a")</script>',
    '<script>r.open("GET", "https://x.org/a")</script>',
    '<script>image.src = "https://x.org/a"</script>',
    '<svg><image href="https://x.org/a"/></svg>',
    '<iframe title="x" srcdoc="&lt;img src=&quot;https://x.org/a&quot; alt=&quot;&quot;>"></iframe>',
    '<meta http-equiv="refresh" content="0; url=https://x.org/a">',
]


def test_what_a_page_would_load_from_elsewhere_is_told():
    for body in FOREIGN:
        said = [line for line in of_body(body) if ": request: " in line]
        address = "https://x.org/a" if '="//' not in body else "http://x.org/a"
        assert said == [f"{BODY}: request: the page loads {address}"], body
    assert told({"a.svg": b'<svg>\n<image xlink:href="https://x.org/a"/><use href="#b"/></svg>'}) == [
        "a.svg:2: request: the page loads https://x.org/a"
    ]
    assert told({"a.js": b'\n\nfetch("https://x.org/a")'}) == ["a.js:3: request: the page loads https://x.org/a"]
    head = (
        '<link rel="canonical" href="https://me.org/"><link rel="alternate" href="https://me.org/feed.xml">\n'
        '<meta property="og:image" content="https://x.org/a.png">\n'
        '<script type="application/ld+json">{"@context": "https://schema.org", "image": "https://x.org/a"}</script>\n'
    )
    assert told({"index.html": page(head=head)}) == [], "nobody loads these"


def test_problems_are_sorted_equal_each_time_and_in_one_line_each():
    files = {name: page('<a href="x">x</a>\n<a href="y">x</a>\n<p id="a"><p id="a">') for name in ("b.html", "a.html")}
    first = inspect(files, secrets=NOTHING)
    assert list(first) == sorted(first, key=lambda problem: problem.order)
    assert inspect(dict(reversed(files.items())), secrets=NOTHING) == first
    assert len(first) == 6
    assert all("\n" not in line for line in told({"a\nb.html": page("<img src='c\nd.png'>")}))
    assert len(told(files, trusted={"b.html"})) == 3


def test_a_build_tells_the_first_problems_and_where_the_others_are(caplog):
    files = {"index.html": page("\n".join(f'<a href="{n}">x</a>' for n in range(25)))}
    with caplog.at_level(logging.WARNING, "reportgen"):
        check.warn(inspect(files, secrets=NOTHING), "output")

    assert len(caplog.messages) == 21
    assert caplog.messages[-1] == "5 more; reportgen check output lists all"


def test_a_folder_is_its_regular_files_and_links_are_not_followed(tmp_path):
    out, away = tmp_path / "out", tmp_path / "away"
    for folder in (out / "a", out / ".git", away):
        folder.mkdir(parents=True)
    for file in (out / "a" / "x.txt", out / "late.txt", out / ".git" / "config", away / "secret.txt"):
        file.write_text("x")
    (out / "file").symlink_to(away / "secret.txt")
    (out / "folder").symlink_to(away)
    os.mkfifo(out / "pipe")
    files = check.open_folder(out)

    assert sorted(files) == ["a/x.txt", "late.txt"]
    assert files["a/x.txt"] == b"x"
    assert [line.split(": ")[0] for line in told(files)] == ["file", "folder", "pipe"]
    for name in ("file", "folder/secret.txt", "../away/secret.txt", ".git/config"):
        with pytest.raises(KeyError):
            files[name]
    (out / "late.txt").unlink()
    (out / "late.txt").symlink_to(away / "secret.txt")
    with pytest.raises(OSError, match="symbolic links"):
        files["late.txt"]
    with pytest.raises(ExperimentError, match="there is no folder 'nowhere'"):
        check.open_folder("nowhere")


WORDS = """
< > </ <p <a href= " ' = / & &# ; <!-- --> <!DOCTYPE <![CDATA[ <script> </script> <style> <title> <textarea> <table>
<tr> <td> <b> </b> <svg> <math> <select> <template> data: ;base64, url( @import # http:// https://[ file: id= srcset=
, PK R0lGOD eJ ghp_ eyJ. -----BEGIN @ ://a:b@c
"""
SCRAPS = st.lists(st.sampled_from([*WORDS.split(), " ", "\n", "\0", "\x1f", "\x8b", "\ud7ff"]), max_size=60)
MAGIC = [b"", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"RIFF\0\0\0\0WEBP", b"\x1f\x8b\x08", b"\x78\x9c", b"PK\x03\x04"]
ENDINGS = st.sampled_from(["html", "svg", "css", "js", "xml", "gif", "png", "x"])


@given(
    content=SCRAPS.map(lambda scraps: "".join(scraps).encode())
    | st.builds(bytes.__add__, st.sampled_from([*MAGIC, b"data:;base64,"]), st.binary(max_size=400)),
    ending=ENDINGS,
    base=st.sampled_from(["", "http://a.b/c"]),
)
@settings(max_examples=300, deadline=None)
def test_no_content_makes_it_raise_or_hang(content, ending, base):
    inspect({f"a.{ending}": content}, base=base, secrets=Secrets(users=("jsmith99",), values=(("x", "abc123def"),)))


@pytest.mark.timeout(300)
def test_much_of_the_same_takes_no_long_time():
    for scrap in (
        *("<div>", "<a>", "<b><p>", "<table><b>", '<a "', "<!--", "<p a=1 ", "&#", "</p>", "<svg>", "<script>"),
        *('="data:', "data:", "data:;base64,", "url(", "@import", "://a:b@", "eyJaaaaaaaa.", "<title>", "a://", "sk-"),
        *("-----BEGIN ", 'from "', "<image ", "x=", "srcset=', ", "<option>", "[", "<font color=a>"),
        "a { background: url(x.png) }\n",
    ):
        inspect({f"a.{kind}": scrap.encode() * 20_000 for kind in ("html", "css", "js", "svg")}, secrets=NOTHING)
