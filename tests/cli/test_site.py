"""`reportgen site` as it is called, on a site that was trained."""

import json
import os
import re
import shutil
import subprocess
import sys

import pytest
import sites
from click.testing import CliRunner
from sites import tree, words

from reportgen.cli import terminal
from reportgen.cli.program import program
from reportgen.companions import check


@pytest.fixture
def site(tmp_path, cache, monkeypatch):
    """A function that builds the site in `tmp_path / "site"`."""
    monkeypatch.chdir(tmp_path)

    def build(*arguments, folder="site", out="out"):
        monkeypatch.setattr(terminal.warnings, "count", 0)
        wanted = [folder, "-o", out, "--cache-dir", cache, "--executor", "serial", "--progress", "none", *arguments]
        return CliRunner().invoke(program, ["site", *map(str, wanted)], prog_name="reportgen")

    return build


@pytest.fixture
def copied(small_site, tmp_path):
    """A copy of the small site and of what was made of it."""
    folder, out = small_site
    shutil.copytree(folder, tmp_path / "site")
    shutil.copytree(out, tmp_path / "out")


def content(folder):
    return {f.relative_to(folder).as_posix(): f.read_bytes() for f in sorted(folder.rglob("*")) if f.is_file()}


def stamps(folder):
    return {f.relative_to(folder).as_posix(): f.stat().st_mtime_ns for f in folder.rglob("*") if f.is_file()}


def command(*arguments, **how):
    return subprocess.run(
        [sys.executable, *map(str, arguments)], capture_output=True, text=True, check=False, timeout=60, **how
    )


def test_nothing_is_wrong_with_what_is_made(small_site):
    assert check.inspect(check.open_folder(small_site[1])) == ()


def test_a_page_says_what_the_results_say(small_site):
    out = small_site[1]
    shown = words(tree((out / "both" / "index.html").read_bytes()).find("body"))
    results = json.loads((out / "l1" / "results.json").read_text("utf-8"))

    assert f"The threshold is {results['findings']['sparsity']['l1']['threshold']:.3f}." in shown
    assert results["claims"]["l1-leaves-weights-at-zero"]["sentence"] in shown
    assert "unlike Figure 2." in shown


def test_the_same_site_again_is_left_alone(small_site, cache):
    folder, out = small_site
    before = stamps(out)
    code = (
        "import sys; from reportgen.cli.program import main\n"
        "sys.argv[0] = 'reportgen'\n"
        "try: main()\n"
        "finally:\n"
        "    heavy = {'tensorflow', 'matplotlib', 'scipy', 'sklearn'} & set(sys.modules)\n"
        "    print('heavy', sorted(heavy), file=sys.stderr)\n"
    )

    done = command("-c", code, "site", folder, "-o", out, "--cache-dir", cache)

    assert done.returncode == 0, done.stderr
    assert "heavy []" in done.stderr
    assert stamps(out) == before


@pytest.mark.usefixtures("copied")
def test_other_words_change_the_page_and_the_lists_that_show_it(site, tmp_path):
    page = tmp_path / "site" / "posts" / "both.md"
    assert site().exit_code == 0
    before = stamps(tmp_path / "out")

    page.write_text(page.read_text("utf-8").replace("Words.", "Other words."), "utf-8")
    assert site().exit_code == 0

    after = stamps(tmp_path / "out")
    changed = {name for name in after if after[name] != before.get(name)}
    assert changed == {"both/index.html", ".reportgen-manifest.json"}

    page.write_text(page.read_text("utf-8").replace("Two experiments", "Two of them"), "utf-8")
    assert site().exit_code == 0
    last = stamps(tmp_path / "out")
    changed = {re.sub(r"card-\w+", "card", name) for name in last if last[name] != after.get(name)}
    assert changed == {
        "both/index.html",
        "both/media/card.png",
        "l1/index.html",
        "index.html",
        "tags/l1/index.html",
        "tags/l2/index.html",
        "feed.xml",
        ".reportgen-manifest.json",
    }


@pytest.mark.usefixtures("copied")
def test_a_mistake_leaves_the_old_site_as_it_is(site, tmp_path):
    before = stamps(tmp_path / "out")
    page = tmp_path / "site" / "pages" / "about.md"
    page.write_text("# About\n\n{{ figure l1/histogramm }}\n\n{{ number l2/sparsity.treshold }}\n")

    done = site()

    assert done.exit_code == 2
    first, second = done.stderr.splitlines()
    assert first.startswith("site/pages/about.md:3:1: there is no figure 'histogramm' in l1. Did you mean 'histogram'?")
    assert second.startswith("site/pages/about.md:5:1: 'sparsity.treshold': there is no 'treshold' in 'sparsity' in l2")
    assert stamps(tmp_path / "out") == before


def test_a_site_is_the_same_from_anywhere_and_tells_no_place(small_site, cache, tmp_path, site):
    folder, out = small_site
    done = site(folder=os.path.relpath(folder, tmp_path))

    assert done.exit_code == 0
    assert content(tmp_path / "out") == content(out)
    for name, text in content(out).items():
        assert str(folder.parent).encode() not in text, name


@pytest.fixture
def plain(tmp_path):
    """A site of one page, quickly made."""
    sites.write(tmp_path / "site", {"pages/about.md": "# About\n"})


@pytest.mark.usefixtures("plain")
@pytest.mark.parametrize("out", ["site", "."])
def test_a_site_is_not_written_over_its_sources(site, tmp_path, out):
    before = content(tmp_path / "site")

    assert site("--adopt", out=out).exit_code == 4
    assert content(tmp_path / "site") == before


@pytest.mark.usefixtures("plain")
def test_files_from_outside_are_refused(site, tmp_path):
    (tmp_path / "secret.md").write_text("# Secret")
    (tmp_path / "site" / "pages" / "x.md").symlink_to(tmp_path / "secret.md")

    done = site()

    assert done.exit_code == 4
    assert done.stderr.startswith("reportgen[RG702]: site/pages/x.md leads outside the folder of the site")
    assert not (tmp_path / "out" / "index.html").exists()


@pytest.mark.usefixtures("plain")
def test_a_warning_is_a_failure_also_when_nothing_is_made_anew(tmp_path, cache):
    def strict(progress):
        wanted = ["site", "site", "-o", "out", "--cache-dir", cache, "--strict", "--progress", progress]
        return command("-m", "reportgen", *wanted, cwd=tmp_path)

    sites.write(tmp_path / "site", {}, 'title = "T"\n')
    assert strict("none").returncode == 0, "that there is no base is no warning"
    text = "# About\n\n#### Too deep\n\n[nowhere](about.md#nowhere)\n"
    sites.write(tmp_path / "site", {"pages/about.md": text}, sites.SETTINGS)
    for progress in ("plain", "none"):
        done = strict(progress)

        assert done.returncode == 1, progress
        assert "warning: " in done.stderr
        assert (tmp_path / "out" / "about" / "index.html").exists()
