"""What is answered, as a function of the request."""

import base64
import hashlib
import re

from hypothesis import given
from hypothesis import strategies as st
from previews import page

from reportgen.companions.serve.answers import ServedSite, View, answer
from reportgen.companions.serve.listening import host_check

FILES = {
    "index.html": page("front"),
    "a/index.html": page('<img src="../media/p.png" alt="">'),
    "a/ä b.txt": b"umlaut",
    "media/p.png": bytes(range(100)),
    "results.json": b"{}",
    ".nojekyll": b"",
}
OURS = host_check("127.0.0.1", 8000)


def get(target, *headers, method="GET", view=None, host="127.0.0.1:8000"):
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host}", *headers]
    return answer("\r\n".join(lines).encode("latin-1"), view or View(name="x", site=ServedSite(FILES)), OURS)


def sited(files, prefix="/"):
    return View(name="x", site=ServedSite(files, prefix))


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


@given(st.binary(max_size=200), st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=60))
def test_any_bytes_and_any_address_are_answered_in_one_head(request_, target):
    refused, given = answer(request_, sited(FILES), OURS), get("/" + target)

    assert refused.status >= 400
    assert given.status in (200, 301, 404)
    for each in (refused, given):
        assert each.head.endswith(b"\r\n\r\n")
        assert each.head.count(b"\r\n\r\n") == 1


def test_this_machine_is_known_by_its_names_and_a_foreign_host_is_refused():
    for host in ("127.0.0.1:8000", "localhost:8000", "LOCALHOST:8000", "[::1]:8000"):
        assert get("/", host=host).status == 200, host
    for host in (
        *("evil.example:8000", "127.0.0.1", "127.0.0.1:80", "localhost", "localhost:8000.evil.example", "[::2]:8000"),
    ):
        given = get("/", host=host)
        assert given.status == 403, host
        assert b"front" not in given.body
    for lines in ([], ["Host:"], ["Host: localhost:8000", "Host: evil.example"], ["Host : x"]):
        request = "\r\n".join(["GET / HTTP/1.1", *lines]).encode()
        assert answer(request, sited(FILES), OURS).status == 400, lines
    for place, port, host, known in (
        *(("127.0.0.1", 80, "localhost", True), ("127.0.0.1", 80, "localhost:80", True)),
        *(("192.0.2.7", 8000, "192.0.2.7:8000", True), ("192.0.2.7", 8000, "192.0.2.8:8000", False)),
        *(("0.0.0.0", 8000, "192.0.2.7:8000", True), ("0.0.0.0", 8000, "[2001:db8::1]:8000", True)),
        ("0.0.0.0", 8000, "evil.example:8000", False),
    ):
        assert host_check(place, port)(host) is known, host


def test_nothing_is_done_but_read_and_head_counts_the_body():
    for method in ("POST", "PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT", "get"):
        given = get("/", method=method)
        assert (given.status, given.headers["Allow"]) == (405, "GET, HEAD"), method
    asked, counted = get("/media/p.png"), get("/media/p.png", method="HEAD")
    assert counted.bodiless
    assert counted.head == asked.head


def test_every_answer_says_what_others_may_do_with_it():
    for target in ("/", "/media/p.png", "/nothing", "/results.json", "/a"):
        head = get(target).head.decode().lower().split("\r\n")
        assert {
            "x-content-type-options: nosniff",
            "cross-origin-resource-policy: same-origin",
            "referrer-policy: no-referrer",
            "cache-control: no-store",
        } <= set(head), target
        assert not [line for line in head if line.startswith("access-control")]
        (policy,) = [line for line in head if line.startswith("content-security-policy: ")]
        assert "frame-ancestors 'none'" in policy


def test_a_page_may_run_one_script_more_and_ask_its_own_server():
    given = get("/")

    body = given.body.decode()
    (script,) = re.findall(r'<script data-page="[0-9a-f]{32}">(.*?)</script>', body, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    more = f"; script-src 'sha256-{digest}'; connect-src 'self'"
    assert f"base-uri 'none'; form-action 'none'{more}\">" in body
    assert f"'sha256-{digest}'" in given.headers["Content-Security-Policy"]
    whole = re.search(r"\n<script.*?</script>", body, re.DOTALL)[0]
    assert body.replace(more, "").replace(whole, "") == FILES["index.html"].decode()

    own = page("x", "default-src 'none'; script-src 'sha256-abc='; connect-src 'none'")
    policy = get("/", view=sited({"index.html": own})).headers["Content-Security-Policy"]
    assert "script-src 'sha256-abc=' 'sha256-" in policy
    assert "connect-src 'self';" in policy
    text = b"<!DOCTYPE html>\n<p>&lt;meta" + page("x")
    assert get("/", view=sited({"index.html": text})).body.startswith(text), "a policy in the text is none"
