import re
from contextlib import suppress

import html5lib
import pytest
from hostile import SAMPLE
from PIL import Image

from reportgen.errors import ExperimentError, RefusedError
from reportgen.markdown.markdown import BuildReference, Heading, bind, parse


def html(text, name="page.md"):
    """The HTML of prose, with references as comments and what is bound later by its number."""
    return shown(parse(text, name).pieces)


def shown(pieces):
    parts = (
        f"<!--{p.kind} {p.full_name}-->{shown(p.caption)}" if isinstance(p, BuildReference) else str(p) for p in pieces
    )
    return "".join(parts).replace("\0", "@")


def mistakes(text):
    with pytest.raises(ExperimentError) as caught:
        parse(text, "page.md")
    return str(caught.value).split("\n")


def test_mistakes_in_front_matter_have_their_place(messages) -> None:
    deep = "+++\na = " + "[" * 9000 + "\n+++\n"
    yaml = "---\ntitle: T\ndate: 2026-11-23\n---\n# T\n"

    messages(*(mistakes(text) for text in ("+++\na = \n+++\n", "+++\na = 1\n", deep, yaml)))
    assert parse("---\n\n# T\n", "x.md").title == "T"


def test_headings_have_ids_of_their_own_and_leave_those_of_sections_to_them() -> None:
    text = "## Über uns\n## Über uns\n### Веса и λ\n## Figure 1\n## Player\n## 重み\n## !?\n## fn1\n"

    assert parse(text, "page.md").headings == (
        Heading(2, "uber-uns", "Über uns"),
        Heading(2, "uber-uns-2", "Über uns"),
        Heading(3, "веса-и-λ", "Веса и λ"),
        Heading(2, "on-figure-1", "Figure 1"),
        Heading(2, "on-player", "Player"),
        Heading(2, "重み", "重み"),
        Heading(2, "part", "!?"),
        Heading(2, "on-fn1", "fn1"),
    )
    assert parse("## Sparsity\n\n{{ section sparsity }}\n", "page.md").headings[0].id == "sparsity-2"


MISTAKES = [
    ("- a\n  - b\n    {{ number }}", "3:5"),
    ("> a\n> > b\n> > c {{ number x ..z }}", "3:7"),
    ("a\nb {{ nope", "2:3"),
    ("| a |\n|---|\n| \\| {{ x y }} |", "3:6"),
    ("| a |\n|---|\n| {{ figure x }} |", "3:3"),
    ("{{ section quick/x }}", "1:1"),
    ("{{ figure x | [a {{ ref x }}](b.md) }}", "1:18"),
    ("{{ figure x | {{ table y }} }}", "1:15"),
    ("{{ figure x }}\n\n{{ animation x }}", "3:1"),
    ("[^1]\n\n[^1]: a\n    {{ x y }}", "4:5"),
    ("+++\n+++\n\nb {{ x y }}", "4:3"),
    ("{{ figure x | $\\nope$ }}", "1:15"),
    ("$$\n\\nope\n$$", "1:1"),
    ("[a](javascript:x)", "1:1"),
    ("- x\n  [a]\n\n[a]: data:x", "2:3"),
    ("[a](//x.y/z)", "1:1"),
    ("## B\n\n[a](#c)", "3:1"),
    ("x ![](a.png)", "1:3"),
    ("![x](https://a.b/c.png)", "1:1"),
    ("a\x07b", "1:2"),
]


def test_a_mistake_is_told_with_its_place(messages) -> None:
    told = {}
    for text, place in MISTAKES:
        (told[text],) = mistakes(text)
        assert told[text].startswith(f"page.md:{place}: ")
    messages(**told)


def test_all_mistakes_are_told_at_once_in_order_and_not_by_the_thousand() -> None:
    assert [line[:12] for line in mistakes("{{ a }} {{ b }}\n\n{{ c }}")] == [
        "page.md:1:1:",
        "page.md:1:9:",
        "page.md:3:1:",
    ]
    assert mistakes("{{ a }}\n\n" * 999)[-1] == "page.md:81:1: 959 more mistakes from here on"


def test_raw_html_is_text_and_links_have_no_opener() -> None:
    assert html("Costs $5 and $6, \\$7.") == "<p>Costs $5 and $6, $7.</p>\n"
    assert html("[a](https://b.c)") == '<p><a href="https://b.c" rel="noopener noreferrer">a</a></p>\n'
    assert html("<script>x</script> <b>y</b>") == "<p>&lt;script&gt;x&lt;/script&gt; &lt;b&gt;y&lt;/b&gt;</p>\n"


def bound(text, folder, resolve=lambda target: None, root=None):
    return bind(parse(text, "page.md"), folder, root or folder, resolve, lambda file: f"../{file}")


def test_links_to_other_files_are_resolved(tmp_path) -> None:
    page = bound("[a](b.md#c) {{ ref x }}\n\n{{ figure x | [d](e.md) }}", tmp_path, lambda t: f'../{t[0]}/"#')

    assert 'href="../b/&#34;#"' in shown(page.pieces)
    assert 'href="../e/&#34;#"' in shown(page.pieces)
    with pytest.raises(ExperimentError, match=r"^page.md:2:1: there is no page 'b.md' in this site$"):
        bound("a\n[a](b.md)", tmp_path)


def test_pictures_are_published_by_content_with_their_size(tmp_path) -> None:
    Image.new("RGB", (30, 20)).save(tmp_path / "Ein Bild.PNG")
    (tmp_path / "a.svg").write_text("<!-- <svg> --><svg xmlns='x' viewBox='0 0 12.6 7'/>", "utf-8")
    page = bound('![One](<Ein Bild.PNG> "so")\n\nx ![Two](a.svg)', tmp_path)

    assert [re.sub("-[0-9a-f]{8}", "", name) for name in page.files] == ["media/a.svg", "media/ein-bild.png"]
    assert 'width="30" height="20" alt="One"' in shown(page.pieces)
    assert 'width="13" height="7" alt="Two"' in shown(page.pieces)
    assert f'src="../{list(page.files)[1]}"' in shown(page.pieces)
    assert "<figcaption>so</figcaption>" in shown(page.pieces)


def test_what_is_no_picture_is_a_mistake(tmp_path) -> None:
    for name, content, told in [
        ("a.png", b"GIF89a nonsense", "it is no "),
        ("a.svg", b"GIF89a nonsense", "it is no "),
        ("b.png", None, "there is no such file$"),
        ("a.svg", b"<!--" * 25_000, ""),
        ("a.svg", f"<svg viewBox='0 0 {'9' * 400} 1'/>".encode(), ""),
    ]:
        if content:
            (tmp_path / name).write_bytes(content)
        with pytest.raises(ExperimentError, match=rf"^page.md:1:1: picture '{name}': {told}"):
            bound(f"![a]({name})", tmp_path)


def test_no_picture_comes_from_outside(tmp_path) -> None:
    site = tmp_path / "site"
    site.mkdir()
    Image.new("RGB", (3, 2)).save(tmp_path / "secret.png")
    (site / "link.png").symlink_to(tmp_path / "secret.png")
    for address in ("link.png", "../secret.png", "%2e%2e/secret.png"):
        with pytest.raises(RefusedError, match=r"^page.md:2:3: picture ") as caught:
            bound(f"x\ny ![a]({address})", site)
        assert (caught.value.code, caught.value.exit_code) == ("RG702", 4)


PLACES = {
    "title": "# {}\n\ntext",
    "heading": "## {}",
    "paragraph": "{}",
    "link": "[a]({})",
    "title of a link": "[a](https://b.c '{}')",
    "text of a link": "[{}](https://b.c)",
    "alt": "![{}](a.png)",
    "picture": "![a]({})",
    "code": "`{}`",
    "fence": "```\n{}\n```",
    "caption": "{{{{ figure x | {} }}}}",
    "name": "{{{{ figure {} }}}}",
    "cell": "| a |\n|---|\n| {} |",
    "note": "a[^1]\n\n[^1]: {}",
    "formula": "$ {} $ $\\text{{{}}}$",
    "address": "<{}>",
}
ALLOWED = set("href alt title id class role aria-label tabindex rel scope start loading decoding".split())  # noqa: SIM905


def test_no_text_becomes_a_script_or_an_attribute() -> None:
    for place, template in PLACES.items():
        let_in = 0
        for text in SAMPLE:
            with suppress(ExperimentError):
                pieces = parse(template.format(text, text), "page.md").pieces
                let_in += 1
                for element in elements(pieces):
                    check_harmless(element, (place, text))
        assert let_in > 20 or place in ("link", "picture", "name", "address"), (place, let_in)


def elements(pieces):
    page = re.sub("\0p\\d+\0", "", re.sub("\0l\\d+\0", "other", "".join(map(str, only_html(pieces)))))
    return (e for e in html5lib.parse(page, namespaceHTMLElements=False).iter() if isinstance(e.tag, str))


def check_harmless(element, case):
    assert element.tag not in ("script", "style", "iframe", "object", "embed", "base", "meta", "link", "form"), case
    if "MathML" in element.tag:
        assert not {name for name in element.attrib if name.startswith("on") or name in ("href", "style")}, case
        return
    assert set(element.attrib) <= ALLOWED, case
    assert re.match(r"(https?://|mailto:|#|other$)", element.get("href", "other"), re.IGNORECASE), case


def only_html(pieces):
    for piece in pieces:
        yield from only_html(piece.caption) if isinstance(piece, BuildReference) else [piece]


def test_what_is_too_deep_or_too_long_is_a_mistake() -> None:
    for tex in ("{" * 9_000 + "}" * 9_000, "[" * 40, "\\langle" * 40, "{" + "(" * 40 + "}"):
        (line,) = mistakes(f"a ${tex}$")
        assert "characters; at most" in line or "brackets are open at once" in line
    assert mistakes("> " * 10_000 + "a") == ["page.md:1:1: lists and quotes are nested too deeply to be read"]
    assert "<p>a</p>" in html("> " * 30 + "a")
    assert mistakes("a\n\n" * 200_000) == ["page.md:1:1: longer than 300,000 characters; make several pages of it"]
