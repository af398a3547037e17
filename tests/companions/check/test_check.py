"""Each kind of problem, planted in a site that has none, and a neighbor that is as it should be."""

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
    '<a href="media">x</a>': "link: the folder 'media' has no index.html",
    '<a href="Other.html">x</a>': "link: there is no 'Other.html'; there is 'other.html'",
    '<img src="media/a%20b.png" srcset="media/a%20b.png 1x, gone.png 2x" alt="x">': "link: there is no 'gone.png'",
    "<p style=\"background: url('gone.png')\">x</p>": "link: there is no 'gone.png'",
    '<a href="#gone">x</a>': "link: the page has no anchor '#gone'",
    '<a href="other.html#gone">x</a>': "link: 'other.html' has no anchor '#gone'",
    '<a href="javascript:go()">x</a>': "link: a script as an address; the policy of the pages forbids it",
    '<a href="file:///etc/hosts">x</a>': "link: it leads to a file on one machine only",
    '<a href="http://localhost:8000/">x</a>': "link: 'http://localhost:8000/' leads to the reader's own machine",
    "<p>x</b>": "html: unexpected end tag <b>",
    '<svg aria-label="x"><path d="M0 0"/></b></svg>': "html: unexpected end tag <b>",
    '<svg aria-label="x"><path d="M0 0"/></svg></svg>': "html: unexpected end tag <svg>",
    "<table><tr><td>1</td></tr>\n<tr><td>2</b></td></tr></table>": "html: unexpected end tag <b>",
    "<h1>y</h1>": "html: a second <h1>; a page has one",
    '<p id="a">x</p><p id="a">x</p>': f"id: a second element with the id 'a'; the first is on line {BODY}",
    '<img src="data:,">': 'alt: <img src="data:"> has no alt text; write alt="" for a decorative picture',
    '<svg role="img"></svg>': 'alt: <svg role="img"> has no aria-label',
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


FOREIGN = [
    '<img src="https://x.org/a" alt="">',
    '<img src="//x.org/a" alt="">',
    '<script src="https://x.org/a"></script>',
    '<link rel="stylesheet" href="https://x.org/a">',
    '<iframe src="https://x.org/a" title="x"></iframe>',
    '<p style="background: url(https://x.org/a)">x</p>',
    '<style>p { background: url("https://x.org/a") }</style>',
    '<script>fetch("https://x.org/a")</script>',
    '<script>new WebSocket("https://x.org/a")</script>',
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
