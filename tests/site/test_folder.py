"""What is wrong with the folder of a site is told at once, with its place; what is right is read in order."""

import pytest
import sites
from sites import SETTINGS, experiment, text, write

from reportgen.errors import ExperimentError, RefusedError
from reportgen.site.folder import RESERVED, read
from reportgen.site.site_target import SiteTarget


def mistakes(folder):
    with pytest.raises(ExperimentError) as caught:
        SiteTarget(folder)
    return [line.removeprefix(f"{folder}/") for line in str(caught.value).splitlines()]


def settings(more):
    return f"{SETTINGS}{more}\n"


def test_mistakes_of_all_files_are_told_at_once_with_their_places(tmp_path, messages):
    write(
        tmp_path,
        {
            "posts/Bad Name.md": text(),
            "posts/data.md": text(),
            "posts/twice.md": text(),
            "pages/twice.md": "# Twice",
            "posts/dateless.md": "# No date",
            "posts/titleless.md": "+++\ndate = 2026-01-01\n+++\n\nwords",
            "posts/keys.md": '+++\ntitel = "x"\ndate = "2026-01-01"\n+++\n\n{{ figur x }}\n',
            "posts/dateless-report.toml": sites.EXPERIMENT,
            "posts/wrong.toml": experiment() + "strenght = 1\n",
            "posts/sited.toml": experiment() + '[site]\ntitle = "x"\n',
            "experiments/unused.toml": experiment().replace('name = "line"', 'name = "lin"'),
            "posts/nameless.md": text("{{ figure strip }}\n\n{{ section why }}"),
            "posts/lost.md": text("{{ figure qick/strip }}", title="Lost"),
            "posts/astray.md": "+++\ndate = 2026-01-01\n\nexperiment = 'defalt'\n+++\n\n# Astray",
        },
        settings('logo = "no.png"\ncss = "no.css"\ntheme = "no"\nfooter = "[x](other.md)"'),
    )

    messages("\n".join(mistakes(tmp_path)))


def test_mistakes_of_settings_are_told_with_what_was_meant(tmp_path, messages):
    files = {"pages/a.md": "# A", "more/b.md": "# B", "more/c.txt": "", "a.txt": "", "a.css": "p {}</style><script>"}
    cases = {
        "keys": 'autor = "Ada"\n[colors]\naccent_drak = "#000000"\n[[links]]\nlable = "x"',
        "no such page": 'pages = ["pages/none.md"]',
        "no such post": 'posts = ["p*.md", "q*.md"]',
        "no page": 'navigation = ["more/b.md"]',
        "no pattern": 'posts = ["**.md"]',
        "absolute": 'posts = ["/etc/*.md"]',
        "logo of no kind": 'logo = "a.txt"',
        "logo that is none": 'logo = "a.png"',
        "css that ends itself": 'css = "a.css"',
        "faint": "[colors]\naccent = '#777777'",
        "no color": "[colors]\naccent = 'red'",
    }
    write(tmp_path, files | {"a.png": b"no picture"})
    told = {}
    for case, line in cases.items():
        write(tmp_path, {}, settings(line))
        told[case] = "\n".join(mistakes(tmp_path))
        assert all(each.startswith("reportgen.toml:") for each in told[case].splitlines()), case
    messages(**told)

    for base in ("example.org", "ftp://example.org", "https://a/?b", "https://a/ b", 'https://a/\\"><script>'):
        write(tmp_path, {}, f'title = "T"\nbase = "{base}"\n')
        (said,) = mistakes(tmp_path)
        assert said.startswith("reportgen.toml:2:1: base: must be the address of a folder"), base
    with pytest.raises(ExperimentError, match=r"has no reportgen\.toml"):
        read(tmp_path / "pages")


def test_names_that_are_no_addresses_are_told_with_one_that_is(tmp_path):
    for i, name in enumerate(["Post", "ä", "a.b", "-a", "a" * 82, 'a"b', "%2e"]):
        folder = write(tmp_path / str(i), {f"posts/{name}.md": text()})

        (told,) = mistakes(folder)

        proposed = told.rpartition("to '")[2].partition("'")[0]
        (folder / "posts" / f"{name}.md").rename(folder / "posts" / f"{proposed}.md")
        assert [post.name for post in read(folder).posts] == [proposed], name
    folder = write(tmp_path / "reserved", {f"pages/{name}.md": "# Page" for name in RESERVED})
    assert len(mistakes(folder)) == len(RESERVED)


def test_no_file_of_a_site_comes_from_outside(tmp_path):
    for key in ("pages", "posts", "navigation", "experiments", "logo", "css", "theme"):
        ending = {"experiments": ".toml", "logo": ".png", "css": ".css", "theme": ""}.get(key, ".md")
        (tmp_path / f"secret{ending}").write_text("secret")
        lists = key in ("pages", "posts", "navigation", "experiments")
        outside = [f"../secret{ending}", f"linked/a{ending}"]
        for way in ["../*" + ending, "linked/*" + ending] if lists else outside:
            folder = tmp_path / f"{key}-{way.partition('/')[0].strip('.')}"
            write(folder, {"linked/x": ""}, settings(f'{key} = ["{way}"]' if lists else f'{key} = "{way}"'))
            (folder / "linked" / f"a{ending}").symlink_to(tmp_path / f"secret{ending}")
            with pytest.raises(RefusedError) as refused:
                read(folder)
            assert refused.value.code == "RG702", (key, way)


def test_the_newest_post_comes_first_and_pages_as_the_settings_say(tmp_path):
    write(
        tmp_path,
        {
            "posts/old.md": text(date="2025-01-01"),
            "posts/new.md": text(date="2026-03-01"),
            "posts/between.toml": experiment(date="2026-02-01"),
            "b.md": "# B",
            "a.md": "# A",
            "more/index.md": "# Front",
        },
        settings('pages = ["b.md", "[ab].md", "more/*.md"]\nnavigation = ["a.md"]'),
    )

    found = read(tmp_path)

    assert [post.name for post in found.posts] == ["new", "between", "old"]
    assert [page.name for page in found.pages] == ["b", "a", ""]
    assert [page.name for page in found.navigation] == ["a"]
