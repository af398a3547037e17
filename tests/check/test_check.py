"""Each kind of problem, planted in a site that has none, and a neighbour that is as it should be."""

import logging
import os
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reportgen import check
from reportgen.check import Secrets, inspect, requests
from reportgen.errors import ExperimentError

NOTHING = Secrets()


def page(body="", head="", lang=' lang="en"', h1="<h1>x</h1>"):
    return (
        f'<!DOCTYPE html>\n<html{lang}>\n<head>\n<meta charset="utf-8">\n<title>x</title>\n{head}</head>\n'
        f"<body>\n{h1}\n{body}\n</body>\n</html>\n"
    ).encode()


BODY = 9
"""The line of a page's body."""


def told(files, **options):
    return [str(problem) for problem in inspect(files, **{"secrets": NOTHING, **options})]


def of_body(body, **others):
    return [line.removeprefix("index.html:") for line in told({"index.html": page(body), **others})]


def test_a_site_without_problems_has_none():
    files = {
        "index.html": page('<a href="posts/a/">a</a><a href="posts/a/#one">b</a><a href="#top">c</a><a href="#">d</a>'),
        "posts/a/index.html": page('<h2 id="one">1</h2><img src="../../media/x.png" alt=""><a href="/">home</a>'),
        "media/x.png": b"\x89PNG\r\n\x1a\n",
    }
    assert told(files) == []
    assert told(files, base="https://me.org") == []


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ('<a href="gone.html">x</a>', "there is no 'gone.html'"),
        ('<a href="/gone/">x</a>', "there is no 'gone/'"),
        ('<a href="../../gone">x</a>', "there is no 'gone'"),
        ('<a href="media/">x</a>', "the folder 'media/' has no index.html"),
        ('<a href="media">x</a>', "the folder 'media' has no index.html"),
        ('<a href="Other.html">x</a>', "there is no 'Other.html'; there is 'other.html'"),
        ('<img src="gone.png" alt="x">', "there is no 'gone.png'"),
        ('<img src="media/a%20b.png" srcset="media/a%20b.png 1x, gone.png 2x" alt="x">', "there is no 'gone.png'"),
        ('<video src="media/a%20b.png" poster="gone.jpg"></video>', "there is no 'gone.jpg'"),
        ('<a href="#gone">x</a>', "the page has no place '#gone'"),
        ('<a href="other.html#gone">x</a>', "'other.html' has no place '#gone'"),
        ('<a href="javascript:go()">x</a>', "an address that is a script; pages may not run it"),
        ('<a href="file:///etc/hosts">x</a>', "it leads to a file of one machine alone"),
        ('<a href="http://localhost:8000/">x</a>', "'http://localhost:8000/' leads to the reader's own machine"),
        ('<a href="http://[">x</a>', "'http://[' is no address"),
    ],
)
def test_a_link_that_leads_nowhere_is_told(body, message):
    others = {"other.html": page('<p id="caf\u00e9">x</p>'), "media/a b.png": b""}

    assert of_body(body, **others) == [f"{BODY}: link: {message}"]
    assert of_body('<a href="other.html#caf%C3%A9">x</a><img src="media/a%20b.png?v=1" alt="x">', **others) == []


def test_links_of_css_are_told():
    files = {"css/site.css": b"/* url(no.png) */\na { background: url('../x.png') }\n@import 'gone.css';", "x.png": b""}
    assert told(files) == ["css/site.css:3: link: there is no 'css/gone.css'"]
    assert of_body("<p style=\"background: url('gone.png')\">x</p>") == [f"{BODY}: link: there is no 'gone.png'"]
    assert of_body('<p style="fill: url(#a)">x</p>') == []


def test_addresses_below_the_base_are_those_of_the_site():
    files = {
        "index.html": page('<a href="/blog/a/">x</a><a href="https://me.org/blog/b/">x</a><a href="/other/">x</a>'),
        "a/index.html": page('<a href="/a/">x</a>'),
    }
    assert told(files, base="https://me.org/blog/") == [
        "a/index.html:9: link: '/a/' leads out of https://me.org/blog/; here it is /blog/a/",
        "index.html:9: link: there is no 'b/'",
    ]


def test_feeds_and_sitemaps_name_what_is_there():
    files = {
        "index.html": page(head='<link rel="canonical" href="https://me.org/c/">\n'),
        "sitemap.xml": b"<loc>https://me.org/</loc>\n<loc>https://me.org/gone/?a=1&amp;b</loc><loc>https://x.org/</loc>",
        "robots.txt": b"Sitemap: https://me.org/sitemap.xml\nSitemap: https://me.org/feed.xml\n",
        "notes.txt": b"https://me.org/nowhere",
    }
    assert told(files, base="https://me.org") == [
        "index.html:6: link: there is no 'c/'",
        "robots.txt:2: link: there is no 'feed.xml'",
        "sitemap.xml:2: link: there is no 'gone/'",
    ]
    assert told(files) == told(files, base="https://me.org"), "robots.txt names the map, and so the address"
    del files["robots.txt"]
    assert told(files) == []


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("<p>x</b>", "unexpected end tag <b>"),
        ("<div>x", "expected one end tag but got another <body>, <div>"),
        ("<p title=a title=b>x</p>", "duplicate attribute"),
        ('<p title="a" title="b">x</p>', "duplicate attribute"),
        ("<p>&nonsense;</p>", "expected named entity"),
        ('<p title="&nonsense;">x</p>', "expected named entity"),
        ("<center>x</center>", "<center> is obsolete"),
        ("<h1>y</h1>", "a second <h1>; a page has one"),
    ],
)
def test_markup_that_browsers_guess_at_is_told(body, message):
    assert [line.split(": ", 1)[1] for line in of_body(body)] == [f"html: {message}"]
    assert of_body('<p title="a" class="b">&amp;<br>\n<!-- x -- y --><input type="hidden" name=a></p>') == []


def test_what_every_page_has_is_missed():
    assert told({"a.html": page(lang="")}) == ["a.html:1: html: <html> does not say its language; give it lang"]
    assert told({"a.html": page(h1="")}) == ["a.html:1: html: it has no <h1>"]
    assert told({"a.html": page(h1="", head='<meta name="robots" content="noindex">\n')}) == []
    assert told({"a.html": page().replace(b"<title>x", b"<title> ")}) == ["a.html:1: html: it has no title"]
    assert told({"a.html": page("\u00e9").decode().encode("latin-1")}) == ["a.html:9: html: it is not UTF-8"]
    assert "a.html:1: html: expected doctype but got start tag <p>" in told({"a.html": b"<p>x"})


def test_lines_are_those_of_the_file_whatever_is_embedded():
    data = (
        '<img alt="" src="data:image/svg+xml,<svg>\n\n</svg>">\n<script>\n"</p>"\n</script>\n<style>\np {}\n</style>\n'
    )
    assert of_body(f'{data}<a href="x">y</a></b>') == [
        f"{BODY + 9}: html: unexpected end tag <b>",
        f"{BODY + 9}: link: there is no 'x'",
    ]


def test_lines_in_styles_and_scripts_are_those_of_the_file():
    body = "<script>\n\nlet x;\n</script>\n<style>\na {\n background: url(x.png)\n}\n</style>\n"
    assert of_body(f'{body}<script>\nfetch("https://x.org/a")</script>') == [
        f"{BODY + 6}: link: there is no 'x.png'",
        f"{BODY + 10}: request: the page loads https://x.org/a",
    ]


def test_text_that_looks_like_markup_is_none():
    assert of_body('<textarea><img src="gone.png"></textarea><!-- <a href="gone"> -->') == []
    assert of_body('<script type="application/json">{"x": "<a href=gone>"}</script>') == []


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ('<img src="data:,">', '<img src="data:"> has no alt; an empty one says that it is decoration'),
        ('<iframe src="#"></iframe>', '<iframe src="#"> has no title'),
        ('<svg role="img"></svg>', '<svg role="img"> has no aria-label'),
        ('<map name="m"><area href="#"></map>', "<area> has no alt"),
        ('<input type="image" src="data:,">', '<input type="image"> has no alt'),
    ],
)
def test_pictures_without_words_are_told(body, message):
    assert of_body(body) == [f"{BODY}: alt: {message}"]
    assert (
        of_body('<img src="data:," alt="x"><svg role="img" aria-label="x"></svg><iframe src="#" title="x"></iframe>')
        == []
    )


def test_an_id_that_comes_twice_is_told_with_the_first():
    assert of_body('<p id="a">x</p>\n<p id="b">x</p>\n<p id="a">x</p>') == [
        f"{BODY + 2}: id: a second element with the id 'a'; the first is in line {BODY}"
    ]
    assert told({"a.html": page('<p id="a">x</p>'), "b.html": page('<p id="a">x</p>')}) == []


class Sized(dict):
    """Files that are as large as they say."""

    def __init__(self, **sizes):
        super().__init__({name.replace("__", "."): bytes(size) for name, size in sizes.items()})


def test_what_is_beyond_its_budget_is_told():
    files = Sized(report__html=8_000_001, big__html=25_000_001, a__gif=1_000_001, b__gif=1_000_000)
    problems = [problem for problem in inspect(files, secrets=NOTHING) if problem.kind == "size"]

    assert [str(problem) for problem in problems] == [
        "a.gif: size: 1.0 MB; the budget of a GIF is 1 MB",
        "big.html: size: 25.0 MB in one page; leave it out, or show fewer animations or frames",
        "report.html: size: 8.0 MB; its budget is 8 MB",
    ]
    assert [problem.code for problem in problems] == ["", "RG703", ""]


def test_what_github_pages_does_not_take_is_told_and_not_read(tmp_path):
    for name, size in (("big.mp4", 100_000_001), *((f"{n}.bin", 90_000_000) for n in range(11))):
        with (tmp_path / name).open("wb") as file:
            file.truncate(size)
    files = check.of_folder(tmp_path)
    read = []
    files.__class__ = type("Watched", (check.Folder,), {"__getitem__": lambda self, name: read.append(name) or b""})

    assert told(files) == [
        ".: size: 1.1 GB in all; GitHub Pages takes 1 GB",
        "big.mp4: size: 100.0 MB; GitHub Pages takes 100 MB a file, and it is not searched",
    ]
    assert "big.mp4" not in read


@pytest.mark.parametrize("name", ["index.html", "robots.txt"])
def test_what_tells_of_the_site_is_not_read_either_if_it_is_too_large(tmp_path, name):
    with (tmp_path / name).open("wb") as file:
        file.truncate(100_000_001)
    files = check.of_folder(tmp_path)
    read = []
    files.__class__ = type("Watched", (check.Folder,), {"__getitem__": lambda self, name: read.append(name) or b""})

    assert len(told(files)) == 1
    assert read == []


def test_the_picture_of_a_card_has_a_limit():
    head = '<meta property="og:image" content="https://me.org/card.png">\n'
    files = {"index.html": page(head=head), "card.png": bytes(5_000_001)}
    assert told(files, base="https://me.org/") == [
        "index.html:6: size: card.png is the picture of a card and has 5.0 MB; most places take 5 MB"
    ]
    assert told(files | {"card.png": b""}, base="https://me.org/") == []


@pytest.mark.parametrize(
    "body",
    [
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
    ],
)
def test_what_a_page_would_load_from_elsewhere_is_told(body):
    said = [line for line in of_body(body) if ": request: " in line]
    address = "https://x.org/a" if '="//' not in body else "http://x.org/a"
    assert said == [f"{BODY}: request: the page loads {address}"]


def test_pictures_and_styles_beside_pages_are_looked_at_too():
    assert told({"a.svg": b'<svg>\n<image xlink:href="https://x.org/a"/><use href="#b"/></svg>'}) == [
        "a.svg:2: request: the page loads https://x.org/a"
    ]
    assert told({"a.js": b'\n\nfetch("https://x.org/a")'}) == ["a.js:3: request: the page loads https://x.org/a"]


def test_addresses_that_nobody_loads_are_no_requests():
    head = (
        '<link rel="canonical" href="https://me.org/"><link rel="alternate" href="https://me.org/feed.xml">\n'
        '<meta property="og:image" content="https://x.org/a.png">\n'
        '<script type="application/ld+json">{"@context": "https://schema.org", "image": "https://x.org/a"}</script>\n'
    )
    body = '<a href="https://x.org">x</a> <code>fetch("https://x.org")</code><svg xmlns="http://www.w3.org/2000/svg"></svg>'
    assert told({"index.html": page(body, head)}) == []


def test_a_report_has_no_problems(report):
    assert told(check.of_folder(report), secrets=Secrets.here()) == []


def test_problems_are_sorted_and_equal_each_time():
    files = {name: page('<a href="x">x</a>\n<a href="y">x</a>\n<p id="a"><p id="a">') for name in ("b.html", "a.html")}
    first = inspect(files, secrets=NOTHING)
    assert list(first) == sorted(first, key=lambda problem: problem.order)
    assert inspect(dict(reversed(files.items())), secrets=NOTHING) == first
    assert len(first) == 6


def test_a_build_tells_the_first_problems_and_where_the_others_are(caplog):
    files = {"index.html": page("\n".join(f'<a href="{n}">x</a>' for n in range(25)))}
    with caplog.at_level(logging.WARNING, "reportgen"):
        check.warn(inspect(files, secrets=NOTHING), "output")

    assert len(caplog.messages) == 21
    assert caplog.messages[0] == "index.html:9: link: there is no '0'"
    assert caplog.messages[-1] == "5 more; reportgen check output lists all"


def test_a_folder_is_its_regular_files_and_links_are_not_followed(tmp_path):
    out, away = tmp_path / "out", tmp_path / "away"
    for folder in (out / "a", out / ".git", away):
        folder.mkdir(parents=True)
    (out / "a" / "x.txt").write_text("x")
    (out / ".reportgen-manifest.json").write_text("{}")
    (out / ".git" / "config").write_text("x")
    (away / "secret.txt").write_text("x")
    (out / "file").symlink_to(away / "secret.txt")
    (out / "folder").symlink_to(away)
    os.mkfifo(out / "pipe")
    files = check.of_folder(out)

    assert sorted(files) == [".reportgen-manifest.json", "a/x.txt"]
    assert files["a/x.txt"] == b"x"
    assert told(files) == [
        "file: link: it is a symbolic link, and is not followed or published",
        "folder: link: it is a symbolic link, and is not followed or published",
        "pipe: link: it is no regular file, and is not published",
    ]
    for name in ("file", "folder/secret.txt", "../away/secret.txt", ".git/config"):
        with pytest.raises(KeyError):
            files[name]


def test_a_file_that_became_a_link_is_not_read(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "x.txt").write_text("x")
    files = check.of_folder(tmp_path / "out")
    (tmp_path / "out" / "x.txt").unlink()
    (tmp_path / "out" / "x.txt").symlink_to("/etc/hostname")
    with pytest.raises(OSError, match="symbolic links"):
        files["x.txt"]


def test_a_folder_that_is_not_there_is_a_mistake(tmp_path):
    with pytest.raises(ExperimentError, match="there is no folder 'nowhere'"):
        check.of_folder("nowhere")


WORDS = """
< > </ <p <a href= " ' = / & &# ; <!-- --> <!DOCTYPE <![CDATA[ <script> </script> <style> <title> <textarea> <table>
<tr> <td> <b> </b> <svg> <math> <select> <template> data: ;base64, url( @import # http:// https://[ file: id= srcset=
, PK R0lGOD eJ ghp_ eyJ. -----BEGIN @ ://a:b@c
"""
SCRAPS = st.lists(st.sampled_from([*WORDS.split(), " ", "\n", "\0", "\x1f", "\x8b", "\ud7ff"]), max_size=60)


@given(scraps=SCRAPS, name=st.sampled_from(["a.html", "a.svg", "a.css", "a.js", "a.xml", "a"]), base=st.booleans())
@settings(max_examples=150, deadline=2000)
def test_no_markup_makes_it_raise_or_hang(scraps, name, base):
    content = "".join(scraps).encode()
    inspect({name: content}, base="http://a.b/c" if base else "", secrets=NOTHING)


MAGIC = [
    b"",
    b"\x89PNG\r\n\x1a\n",
    b"GIF89a",
    b"RIFF\0\0\0\0WEBP",
    b"\x1f\x8b\x08",
    b"\x78\x9c",
    b"PK\x03\x04",
    b"data:;base64,",
]


@given(magic=st.sampled_from(MAGIC), rest=st.binary(max_size=400), ending=st.sampled_from(["html", "gif", "png", "x"]))
@settings(max_examples=150, deadline=2000)
def test_no_bytes_make_it_raise_or_hang(magic, rest, ending):
    inspect({f"a.{ending}": magic + rest}, secrets=Secrets(users=("jsmith99",), values=(("x", "abc123def"),)))


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "scrap",
    [
        "<div>", "<a>", "<b><p>", "<table><b>", '<a "', "<!--", "<p a=1 ", "&#", "</p>", "<svg>", "<script>", '="data:',
        "data:", "data:;base64,", "url(", "@import", "://a:b@", "eyJaaaaaaaa.", "<title>", "-----BEGIN ", "a://", "sk-",
        'from "', "<image ", "x=", "srcset=', ", "<option>", "[", "<font color=a>",
    ],
)  # fmt: skip
def test_much_of_the_same_takes_no_long_time(scrap):
    inspect({f"a.{kind}": scrap.encode() * 20_000 for kind in ("html", "css", "js", "svg")}, secrets=NOTHING)


def test_nothing_looks_into_what_is_trusted_and_links_lead_there():
    files = {"index.html": page('<a href="report.html">r</a>'), "report.html": page("<img src=x.png>")}

    assert told(files, trusted={"report.html"}) == []
    assert len(told(files)) == 2


def test_very_many_addresses_are_found_in_time_that_grows_with_them():
    began = time.process_time()

    found = list(requests.of_file("css", b"a { background: url(x.png) }\n" * 100_000))

    assert (found[0], found[-1]) == ((1, "x.png"), (100_000, "x.png"))
    assert time.process_time() - began < 3


def test_a_problem_is_told_in_one_line_whatever_the_file_is_called():
    assert all("\n" not in line for line in told({"a\nb.html": page("<img src='c\nd.png'>")}))
