"""What is wrong with the folder of a site is told at once, with its place; what is right is read in order."""

import pytest
import sites
from hostile import SAMPLE
from sites import SETTINGS, experiment, text, write

from reportgen.errors import ExperimentError, RefusedError, ReportgenError
from reportgen.site.folder import RESERVED, read, schema
from reportgen.site.several import Several


def mistakes(folder):
    with pytest.raises(ExperimentError) as caught:
        Several(folder)
    return [line.removeprefix(f"{folder}/") for line in str(caught.value).splitlines()]


def settings(more):
    return f"{SETTINGS}{more}\n"


def test_a_folder_without_settings_is_told_how_to_get_them(tmp_path):
    with pytest.raises(
        ExperimentError, match=r"has no reportgen\.toml, so it is not the folder of a site; reportgen new"
    ):
        read(tmp_path)


def test_unknown_keys_are_told_with_what_was_meant(tmp_path):
    write(tmp_path, {}, 'title = "T"\nautor = "Ada"\n\n[colours]\naccent_drak = "#000000"\n\n[[links]]\nlable = "x"\n')

    told = mistakes(tmp_path)

    assert told[0].startswith("reportgen.toml:2:1: autor: unknown key. Did you mean 'author'? Known: author, base,")
    assert told[1] == (
        "reportgen.toml:5:1: colours.accent_drak: unknown key. Did you mean 'accent_dark'? Known: accent, accent_dark."
    )
    assert "reportgen.toml:8:1: links[1].lable: unknown key. Did you mean 'label'? Known: address, label." in told


def test_mistakes_of_all_files_are_told_at_once(tmp_path):
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

    told = mistakes(tmp_path)

    expected = [
        "reportgen.toml:4:1: logo ",
        "reportgen.toml:5:1: cannot read style sheet ",
        "reportgen.toml:6:1: cannot read theme ",
        "reportgen.toml:7:1: footer:1:1: only text and links to the web can stand here",
        "posts/Bad Name.md:1:1: its name becomes an address, so it must be small letters, digits, - and _; "
        "rename it, to 'bad-name' for instance",
        "posts/data.md:1:1: the site has a folder 'data' of its own; rename the file",
        "posts/twice.md:1:1: ",
        "posts/dateless.md:1:1: a post needs a date, like date = 2026-11-23 between lines of +++",
        "posts/titleless.md:1:1: it has no title; begin it with a line like # Title",
        "posts/keys.md:2:1: titel: unknown key. Did you mean 'title'?",
        "posts/keys.md:3:1: date: must be a day without quotes, like 2026-11-23, got '2026-01-01'",
        "posts/keys.md:6:1: there is no reference 'figur'. Did you mean 'figure'?",
        "posts/dateless-report.toml:1:1: ",
        "posts/wrong.toml:12:1: arms[1].strenght: unknown key. Did you mean 'strength'?",
        "posts/sited.toml:12:1: a post of a site has no table [site]; reportgen.toml tells it for all",
        "experiments/unused.toml:5:1: data: name 'lin' is not known. Did you mean 'line'?",
        "posts/nameless.md:6:1: figure strip of which experiment? Name one before the text, "
        'like experiment = "quick" between lines of +++, or write quick/strip',
        "posts/nameless.md:8:1: section why of which experiment? Name one before the text, "
        'like experiment = "quick" between lines of +++',
        "posts/lost.md:6:1: there is no experiment 'qick'. Did you mean 'quick'?",
        "posts/astray.md:4:1: experiment: there is no experiment 'defalt'. Did you mean 'default'?",
    ]
    for line in expected:
        assert any(one.startswith(line) for one in told), "\n".join([line, *told])
    assert len(told) == len(expected), told
    assert next(line for line in told if line.startswith("posts/nameless.md:8")).endswith("of +++")


def test_mistakes_that_only_the_whole_site_shows_are_told_at_once_too(tmp_path):
    write(
        tmp_path,
        {"posts/a.md": text("[x](b.md) ![a picture](none.png)"), "pages/c.md": "# C\n\n[x](../posts/b.md#there)"},
    )

    assert mistakes(tmp_path) == [
        "pages/c.md:3:1: there is no page '../posts/b.md#there' in this site",
        "posts/a.md:6:1: there is no page 'b.md' in this site",
        "posts/a.md:6:11: picture 'none.png': there is no such file",
    ]


@pytest.mark.parametrize("name", sorted(RESERVED))
def test_no_page_takes_a_folder_of_the_site(tmp_path, name):
    write(tmp_path, {f"pages/{name}.md": "# Page"})

    assert mistakes(tmp_path) == [f"pages/{name}.md:1:1: the site has a folder {name!r} of its own; rename the file"]


@pytest.mark.parametrize("name", ["Post", "ä", "a.b", "-a", "_a", "a" * 82, "a b", "a'b", 'a"b', "a&b", "%2e"])
def test_names_that_are_no_addresses_are_told_with_one_that_is(tmp_path, name):
    write(tmp_path, {f"posts/{name}.md": text()})

    (told,) = mistakes(tmp_path)

    proposed = told.rpartition("to '")[2].partition("'")[0]
    (tmp_path / "posts" / f"{name}.md").rename(tmp_path / "posts" / f"{proposed}.md")
    assert [post.name for post in read(tmp_path).posts] == [proposed]


def test_an_experiment_has_one_file(tmp_path):
    write(
        tmp_path,
        {
            "posts/one.toml": experiment(),
            "experiments/one.toml": experiment(),
            "experiments/two.toml": experiment(),
            "more/two.toml": experiment(),
        },
        settings('experiments = ["experiments/*.toml", "more/*.toml"]'),
    )

    assert mistakes(tmp_path) == [
        "experiments/one.toml:1:1: a post has the same name; rename one of them",
        "more/two.toml:1:1: another experiment has the same name; rename one of them",
    ]


def test_who_refers_to_an_experiment_with_a_mistake_has_none_himself(tmp_path):
    write(tmp_path, {"posts/one.toml": experiment(titel="x"), "posts/two.md": text("{{ figure one/strip }}")})

    (told,) = mistakes(tmp_path)

    assert told.startswith("posts/one.toml:3:1: titel")


def test_a_page_with_a_mistake_is_still_among_the_pages(tmp_path):
    write(tmp_path, {"pages/one.md": "+++\nx = 1\n+++\n# One"}, settings('navigation = ["pages/one.md"]'))

    (told,) = mistakes(tmp_path)

    assert told.startswith("pages/one.md:2:1: x: unknown key.")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('pages = ["pages/none.md"]', "reportgen.toml:4:10: pages: there is no file pages/none.md"),
        ('posts = ["p*.md", "q*.md"]', "reportgen.toml:4:1: posts: there is no such file; leave it out if there"),
        ('navigation = ["non*.md"]', "reportgen.toml:4:1: navigation: there is no such file"),
        ('navigation = ["more/b.md"]', "reportgen.toml:4:1: navigation: more/b.md is not among the pages"),
        ('pages = ["more/c.txt"]', "reportgen.toml:4:1: more/c.txt must end in .md to be among the pages"),
        ('posts = ["**.md"]', "reportgen.toml:4:10: posts: '**.md' is no pattern; ** stands alone between slashes"),
        ('posts = ["."]', "reportgen.toml:4:10: posts: "),
        ('posts = ["/etc/*.md"]', "reportgen.toml:4:10: posts[1]: must match pattern"),
        ('posts = [""]', "reportgen.toml:4:10: posts[1]: must have at least 1 character"),
        ("posts = 'posts/*.md'", "reportgen.toml:4:1: posts: must be an array"),
    ],
)
def test_patterns_that_name_nothing_are_told_with_their_place(tmp_path, line, told):
    write(tmp_path, {"pages/a.md": "# A", "more/b.md": "# B", "more/c.txt": ""}, settings(line))

    (said,) = mistakes(tmp_path)

    assert said.startswith(told)


@pytest.mark.parametrize("key", ["pages", "posts", "navigation", "experiments"])
def test_no_file_of_a_site_comes_from_outside(tmp_path, key):
    ending = ".toml" if key == "experiments" else ".md"
    (tmp_path / f"secret{ending}").write_text("secret")
    folder = write(tmp_path / "site", {}, settings(f'{key} = ["../*{ending}"]'))
    with pytest.raises(RefusedError) as refused:
        read(folder)
    assert str(refused.value).startswith(f"{folder}/reportgen.toml:4:")
    assert refused.value.code == "RG702"

    write(folder, {"linked/x": ""}, settings(f'{key} = ["linked/*{ending}"]'))
    (folder / "linked" / f"a{ending}").symlink_to(tmp_path / f"secret{ending}")
    with pytest.raises(RefusedError, match="leads out of the folder of the site") as refused:
        read(folder)
    assert (refused.value.code, refused.value.exit_code) == ("RG702", 4)

    (folder / "linked").rename(folder / "gone")
    (folder / "linked").symlink_to(tmp_path, target_is_directory=True)
    with pytest.raises(RefusedError):
        read(folder)


@pytest.mark.parametrize("key", ["logo", "css", "theme"])
def test_what_the_settings_name_lies_in_the_folder(tmp_path, key):
    (tmp_path / "logo.png").write_bytes(sites.PNG)
    folder = write(tmp_path / "site", {}, settings(f'{key} = "../logo.png"'))
    with pytest.raises(RefusedError) as refused:
        read(folder)
    assert refused.value.code == "RG702"

    write(folder, {}, settings(f'{key} = "logo.png"'))
    (folder / "logo.png").symlink_to(tmp_path / "logo.png")
    with pytest.raises(RefusedError):
        read(folder)


@pytest.mark.parametrize(
    ("line", "content", "told"),
    [
        ('logo = "a.txt"', b"", "logo {}/a.txt is none of .apng, .gif, .jpeg, .jpg, .png, .svg, .webp"),
        ('logo = "a.png"', b"no picture", "logo {}/a.png: it is no PNG that can be read"),
        ('css = "a.css"', b"\xff", "style sheet {}/a.css: not UTF-8 text; save the file as UTF-8"),
        (
            'css = "a.css"',
            b"p {}</style><script>",
            "style sheet {}/a.css holds '</style', which would end or hide",
        ),
        ('theme = "a"', b"", "theme {}/a is no folder"),
    ],
)
def test_what_the_settings_name_can_be_used(tmp_path, line, content, told):
    write(tmp_path, {line.split('"')[1]: content}, settings(line))

    (said,) = mistakes(tmp_path)

    assert said.startswith(f"reportgen.toml:4:1: {told.format(tmp_path)}")


@pytest.mark.parametrize(
    ("colour", "told"),
    [
        ("accent = '#777777'", "accent must have a contrast of at least 4.5 with its page (#ffffff), and #777777 has "),
        ("accent_dark = '#333333'", "accent_dark must have a contrast of at least 4.5 with its page (#14171c), and "),
        ("accent = 'red'", "must match pattern"),
    ],
)
def test_colours_that_are_hard_to_read_are_told(tmp_path, colour, told):
    write(tmp_path, {}, settings(f"[colours]\n{colour}"))

    (said,) = mistakes(tmp_path)

    assert said.startswith(
        f"reportgen.toml:5:1: colours.{colour.split()[0]}: {told.split(' ', 1)[-1] if ' must' in told else told}"
    )


@pytest.mark.parametrize(
    "base",
    [
        "example.org",
        "ftp://example.org",
        "https://",
        "https://a/?b",
        "https://a/#b",
        "https://[x/",
        "https://a/ b",
        "https://a\\u0001/",
        "https://a/\\ufffe",
        "javascript:x",
        'https://a/\\"><script>',
    ],
)
def test_a_base_that_is_no_address_is_told(tmp_path, base):
    write(tmp_path, {}, f'title = "T"\nbase = "{base}"\n')

    (said,) = mistakes(tmp_path)

    assert said.startswith("reportgen.toml:2:1: base: must be the address of a folder, like https://example.org/blog/")


@pytest.mark.parametrize("payload", SAMPLE)
def test_no_file_makes_reading_fail_but_by_a_line_of_ours(tmp_path, payload):
    hostile = payload.encode("utf-8", "surrogatepass")
    whole = {
        "reportgen.toml": settings('logo = "logo.svg"\ncss = "own.css"'),
        "posts/a.md": text(),
        "posts/b.toml": experiment(),
        "experiments/c.toml": experiment(),
        "logo.svg": "<svg viewBox='0 0 9 9'/>",
        "own.css": "",
    }
    for name in whole:
        write(tmp_path, whole | {name: hostile})
        try:
            read(tmp_path)
        except ReportgenError as error:
            assert str(error).isprintable() or "\n" in str(error)  # noqa: PT017  # which of them it is does not matter


def test_the_newest_post_comes_first_and_pages_as_the_settings_say(tmp_path):
    write(
        tmp_path,
        {
            "posts/old.md": text(date="2025-01-01"),
            "posts/new.md": text(date="2026-03-01"),
            "posts/between.toml": experiment(date="2026-02-01"),
            "posts/same-b.md": text(date="2025-06-01"),
            "posts/same-a.md": text(date="2025-06-01"),
            "b.md": "# B",
            "a.md": "# A",
            "more/index.md": "# Front",
        },
        settings('pages = ["b.md", "[ab].md", "more/*.md"]\nnavigation = ["a.md"]'),
    )

    found = read(tmp_path)

    assert [post.name for post in found.posts] == ["new", "between", "same-b", "same-a", "old"]
    assert [page.name for page in found.pages] == ["b", "a", ""]
    assert [page.name for page in found.navigation] == ["a"]


def test_a_long_abstract_is_short_enough(tmp_path):
    write(tmp_path, {"posts/a.md": text(abstract="w" * 1000)})
    assert read(tmp_path).posts[0].front.abstract == "w" * 1000

    write(tmp_path, {"posts/a.md": text(abstract="w" * 1001)})
    (told,) = mistakes(tmp_path)
    assert told.startswith("posts/a.md:4:1: abstract: must have at most 1000 characters")


def test_the_schema_has_every_key_with_its_words():
    known = schema()

    keys = known["properties"]
    assert known["title"] == "reportgen site"
    assert {"title", "base", "colours", "links", "theme", "pages", "navigation", "posts", "experiments"} <= keys.keys()
    assert known["required"] == ["title"]
    assert known["additionalProperties"] is False
    assert keys["pages"]["default"] == ["pages/*.md"]
    assert "index.md is the front page" in keys["pages"]["description"]
