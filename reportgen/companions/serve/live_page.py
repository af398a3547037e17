"""Pages as the preview serves them: with the script that reloads them, and a policy that allows this script."""

from __future__ import annotations

import base64
import functools
import hashlib
import re
from html import escape, unescape
from importlib import resources

EVENTS = "/.reportgen/events"
"""The path of the event stream. No build writes a file here, since no file or folder of a build begins with a dot."""

_HEAD = re.compile(
    rb'\s*<!doctype html>\s*<html[^>]*>\s*<head>\s*<meta charset="utf-8">\s*'
    rb'<meta http-equiv="Content-Security-Policy" content="([^"]*)">',
    re.IGNORECASE,
)
"""The beginning of our pages. A policy further down could come from an author's text."""

_OTHER = "object-src 'none'; base-uri 'none'; form-action 'none'"
"""The policy of a page that has none of its own; it forbids nothing that such a page could need."""


def live(page: bytes, digest: str) -> tuple[bytes, str]:
    """A page with the script that reloads it once its digest is not `digest` any more, and its policy."""
    script = b'<script data-page="' + digest.encode() + b'">' + _script() + b"</script>"
    if not (head := _HEAD.match(page)):
        return page + script, _OTHER
    policy = _allow_script(head[1].decode("ascii", "replace"))
    begin, end = head.span(1)
    # Our script comes first: others may fail, and it must restore the scroll position before they run.
    return page[:begin] + policy.encode() + page[end : head.end()] + b"\n" + script + page[head.end() :], unescape(
        policy
    )


def _allow_script(policy: str) -> str:
    rules = dict(rule.strip().partition(" ")[::2] for rule in policy.split(";") if rule.strip())
    for rule, allowed in (("script-src", f"'sha256-{_sha256(_script())}'"), ("connect-src", "'self'")):
        known = rules.get(rule, "").split()
        rules[rule] = " ".join([*(source for source in known if source != "'none'"), allowed])
    return "; ".join(f"{rule} {sources}".strip() for rule, sources in rules.items())


def waiting(name: str, step: str, error: str) -> bytes:
    """The page that is shown before the first build is done. Without scripts it reloads every two seconds."""
    style = "body{font:1rem/1.5 system-ui,sans-serif;max-width:40rem;margin:20vh auto 0;padding:0 1rem}"
    style += "pre{white-space:pre-wrap}"
    policy = f"default-src 'none'; style-src 'sha256-{_sha256(style.encode())}'; img-src data:"
    message = f"<pre>{escape(error)}</pre>" if error else ""
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<title>Building {escape(name)}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<noscript><meta http-equiv="refresh" content="2"></noscript>
<style>{style}</style>
</head>
<body>
<main>
<h1>Building {escape(name)}</h1>
<p id="reportgen-step" role="status">{escape(step)}</p>
<noscript>{message}</noscript>
</main>
</body>
</html>
""".encode()


def missing() -> bytes:
    """The page for an unknown address, for a site without a 404.html."""
    return b"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:">
<title>Not found</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
</head>
<body>
<main>
<h1>Not found</h1>
<p>The build made no page with this address. <a href="/">To the front page</a></p>
</main>
</body>
</html>
"""


@functools.cache
def _script() -> bytes:
    return (resources.files("reportgen.companions.serve") / "live.js").read_bytes().replace(b"\r\n", b"\n")


def _sha256(content: bytes) -> str:
    return base64.b64encode(hashlib.sha256(content).digest()).decode()
