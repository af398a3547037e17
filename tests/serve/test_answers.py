"""What is answered, as a function of the request."""

import base64
import hashlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from previews import page

from reportgen.serve.answers import Site, View, answer
from reportgen.serve.listening import hosts

FILES = {
    "index.html": page("front"),
    "a/index.html": page('<img src="../media/p.png" alt="">'),
    "a/ä b.txt": b"umlaut",
    "media/p.png": bytes(range(100)),
    "results.json": b"{}",
    ".nojekyll": b"",
}
OURS = hosts("127.0.0.1", 8000)


def get(target, *headers, method="GET", view=None, host="127.0.0.1:8000"):
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host}", *headers]
    return answer("\r\n".join(lines).encode("latin-1"), view or View(name="x", site=Site(FILES)), OURS)


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("/", 200),
        ("/?a=b", 200),
        ("/index.html", 200),
        ("/a/", 200),
        ("/a", 301),
        ("/a/index.html", 200),
        ("/a/%C3%A4%20b.txt", 200),
        ("/.nojekyll", 200),
        ("/a/x", 404),
        ("/A/", 404),
        ("//a/", 404),
        ("/a//", 404),
        ("/index.html/", 404),
    ],
)
def test_an_address_is_a_file_or_the_index_of_a_folder(target, status):
    assert get(target).status == status


def test_a_folder_without_its_slash_is_the_one_with_it():
    assert get("/a?x=1").headers["Location"] == "/a/?x=1"


STEPS = [".", "..", "", "%2e%2e", "%2E.", "..%2f", "..\\", "..%5c", "%00", "%ff", "%c0%ae%c0%ae", "etc", "passwd", "a"]


@given(st.lists(st.sampled_from(STEPS), min_size=1, max_size=8))
def test_no_path_leads_out_and_none_is_repeated(steps):
    target = "/" + "/".join(steps)

    given = get(target)

    if given.status == 200:
        assert target.strip("/") in ("", "a")
    elif given.status == 301:
        assert given.headers["Location"] == "/a/"
    else:
        assert given.status == 404
        assert b"etc" not in given.body
        assert b"passwd" not in given.body


@given(st.binary(max_size=200))
def test_any_bytes_are_answered_by_a_refusal(request_):
    given = answer(request_, View(name="x", site=Site(FILES)), OURS)

    assert given.status >= 400
    assert given.head.endswith(b"\r\n\r\n")
    assert given.head.count(b"\r\n\r\n") == 1


@given(st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=60))
def test_any_address_is_answered_in_one_head(target):
    given = get("/" + target)

    assert given.status in (200, 301, 404)
    assert given.head.count(b"\r\n\r\n") == 1


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost:8000", "LOCALHOST:8000", "[::1]:8000"])
def test_this_machine_is_known_by_its_names(host):
    assert get("/", host=host).status == 200


@pytest.mark.parametrize(
    "host", ["evil.example:8000", "127.0.0.1", "127.0.0.1:80", "localhost", "localhost:8000.evil.example", "[::2]:8000"]
)
def test_a_foreign_host_is_refused(host):
    given = get("/", host=host)

    assert given.status == 403
    assert b"front" not in given.body


@pytest.mark.parametrize("lines", [[], ["Host:"], ["Host: localhost:8000", "Host: evil.example"], ["Host : x"]])
def test_a_request_names_its_host_once(lines):
    request = "\r\n".join(["GET / HTTP/1.1", *lines]).encode()

    assert answer(request, View(name="x", site=Site(FILES)), OURS).status == 400


def test_at_port_80_no_port_need_be_named():
    assert hosts("127.0.0.1", 80)("localhost")
    assert hosts("127.0.0.1", 80)("localhost:80")


def test_a_server_that_was_exposed_is_known_by_its_address_but_by_no_foreign_name():
    assert hosts("192.0.2.7", 8000)("192.0.2.7:8000")
    assert not hosts("192.0.2.7", 8000)("192.0.2.8:8000")
    everywhere = hosts("0.0.0.0", 8000)
    assert everywhere("192.0.2.7:8000")
    assert everywhere("[2001:db8::1]:8000")
    assert not everywhere("evil.example:8000")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT", "get"])
def test_nothing_is_done_but_read(method):
    given = get("/", method=method)

    assert given.status == 405
    assert given.headers["Allow"] == "GET, HEAD"


def test_head_counts_the_body():
    asked, counted = get("/media/p.png"), get("/media/p.png", method="HEAD")

    assert counted.bodiless
    assert counted.head == asked.head


@pytest.mark.parametrize("target", ["/", "/media/p.png", "/nothing", "/results.json", "/a"])
def test_every_answer_says_what_others_may_do_with_it(target):
    head = get(target).head.decode().lower().split("\r\n")

    assert {
        "x-content-type-options: nosniff",
        "cross-origin-resource-policy: same-origin",
        "referrer-policy: no-referrer",
        "cache-control: no-store",
    } <= set(head)
    assert not [line for line in head if line.startswith("access-control")]
    (policy,) = [line for line in head if line.startswith("content-security-policy: ")]
    assert "frame-ancestors 'none'" in policy


@pytest.mark.parametrize(
    ("asked", "status", "body", "told"),
    [
        ("bytes=0-4", 206, range(5), "bytes 0-4/100"),
        ("bytes=95-", 206, range(95, 100), "bytes 95-99/100"),
        ("bytes=-3", 206, range(97, 100), "bytes 97-99/100"),
        ("bytes=-999", 206, range(100), "bytes 0-99/100"),
        ("bytes=90-999", 206, range(90, 100), "bytes 90-99/100"),
        ("bytes=99-99", 206, range(99, 100), "bytes 99-99/100"),
        ("bytes=100-", 416, None, "bytes */100"),
        ("bytes=-0", 416, None, "bytes */100"),
        ("bytes=0-1,5-6", 200, range(100), None),
        ("bytes=5-2", 200, range(100), None),
        ("bytes=-", 200, range(100), None),
        ("bytes=a-b", 200, range(100), None),
        ("bytes=" + "9" * 500 + "-", 200, range(100), None),
        ("lines=0-4", 200, range(100), None),
    ],
)
def test_a_range_is_what_was_asked_for(asked, status, body, told):
    given = get("/media/p.png", f"Range: {asked}")

    assert given.status == status
    assert given.headers.get("Content-Range") == told
    assert body is None or bytes(given.body) == bytes(body)


def test_a_part_of_another_version_is_not_continued():
    assert get("/media/p.png", "Range: bytes=0-4", 'If-Range: "x"').status == 200


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.svg", "image/svg+xml"),
        ("a.apng", "image/apng"),
        ("a.mp4", "video/mp4"),
        ("feed.xml", "application/xml"),
        ("a.csv", "text/csv; charset=utf-8"),
        ("a.trajectory", "application/octet-stream"),
        ("_headers", "text/plain; charset=utf-8"),
        (".nojekyll", "text/plain; charset=utf-8"),
        ("folder/.nojekyll", "text/plain; charset=utf-8"),
        ("v1.html/CNAME", "text/plain; charset=utf-8"),
    ],
)
def test_a_file_is_of_its_kind(name, kind):
    assert get(f"/{name}", view=View(name="x", site=Site({name: b""}))).headers["Content-Type"] == kind


def test_a_page_may_run_one_script_more_and_ask_its_own_server():
    given = get("/")

    body = given.body.decode()
    (script,) = re.findall(r'<script data-page="[0-9a-f]{32}">(.*?)</script>', body, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert (
        f"content=\"default-src 'none'; img-src 'self' file: data:; base-uri 'none'; form-action 'none'; "
        f"script-src 'sha256-{digest}'; connect-src 'self'\">" in body
    )
    assert f"'sha256-{digest}'" in given.headers["Content-Security-Policy"]
    assert body.replace(f"; script-src 'sha256-{digest}'; connect-src 'self'", "").replace(
        re.search(r"\n<script.*?</script>", body, re.DOTALL)[0], ""
    ) == (FILES["index.html"].decode())


def test_scripts_of_a_page_stay_allowed():
    own = page("x", "default-src 'none'; script-src 'sha256-abc='; connect-src 'none'")

    given = get("/", view=View(name="x", site=Site({"index.html": own})))

    assert "script-src 'sha256-abc=' 'sha256-" in given.headers["Content-Security-Policy"]
    assert "connect-src 'self';" in given.headers["Content-Security-Policy"]


def test_a_policy_in_the_text_of_a_page_is_not_its_policy():
    text = b"<!DOCTYPE html>\n<p>&lt;meta" + page("x")

    body = get("/", view=View(name="x", site=Site({"index.html": text}))).body

    assert body.startswith(text)


def test_a_site_tells_itself_what_it_does_not_have():
    own = {**FILES, "404.html": page("Here is nothing.")}

    given = get("/nothing", view=View(name="x", site=Site(own)))

    assert given.status == 404
    assert b"Here is nothing." in given.body


def test_what_is_addressed_from_the_root_of_its_host_is_found():
    site = Site(FILES, "/sub/")
    assert get("/sub/", view=View(name="x", site=site)).status == 200
    assert get("/sub/a/", view=View(name="x", site=site)).status == 200
    assert get("/a/", view=View(name="x", site=site)).status == 200
    assert get("/sub/a", view=View(name="x", site=site)).headers["Location"] == "/sub/a/"
    assert site.digest("/sub/a/") == site.digest("/a/")


def test_a_page_changes_with_the_pictures_in_it_and_with_nothing_else():
    site = Site(FILES)
    other_picture = Site({**FILES, "media/p.png": b"new"}, before=site)
    other_page = Site({**FILES, "index.html": page("new")}, before=site)

    assert other_picture.digest("/a/") != site.digest("/a/")
    assert other_picture.digest("/") == site.digest("/")
    assert other_page.digest("/a/") == site.digest("/a/")
    assert other_page.digest("/") != site.digest("/")


def test_before_the_first_build_every_address_tells_how_far_it_is():
    view = View(name="<b>", working="train", done=120, total=180)

    given = get("/some/page", view=view)

    assert given.status == 503
    assert b"train 120 of 180" in given.body
    assert given.body.count(b"Building &lt;b&gt;") == 2  # title and heading
