from pathlib import Path

import pytest
from outputs import everything, publish

import reportgen
from reportgen.errors import ExperimentError, RefusedError
from reportgen.output import allowed_folders


@pytest.fixture
def house(tmp_path, monkeypatch):
    """A home with a project in it, which is the working folder, a cache, and links to all of them."""
    home = tmp_path / "users" / "me"
    for folder in ("project/templates", "project/data", "elsewhere/deep", ".cache/reportgen"):
        (home / folder).mkdir(parents=True)
    for i in range(50):
        (home / f"canary{i}.txt").write_text(str(i))
    (home / "project" / "exp.toml").write_text("")
    (home / "elsewhere" / "data.csv").write_text("")
    (tmp_path / "to-home").symlink_to(home)
    (tmp_path / "to-project").symlink_to("to-home/project")
    (home / "project" / "to-root").symlink_to("/")
    (home / "project" / "to-cache").symlink_to("../.cache/reportgen")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.chdir(home / "project")
    return home


def check(out, house):
    inputs = {
        "experiment file": Path("exp.toml"),
        "templates": Path("templates"),
        "data": Path("../elsewhere/data.csv"),
    }
    allowed_folders.check(Path(out), inputs, house / ".cache" / "reportgen")


REFUSED = {
    "RG001": ["/", "//", "/./", "/tmp/..", "/..", "/../..", "to-root", "to-root/", "to-root/tmp/..", "/proc/self/root"],
    "RG002": [
        *("{home}", "{home}/", "{home}/.", "{home}/project/..", "..", "../", "{tmp}/to-home", "{tmp}/to-project/.."),
        *("{tmp}", "{tmp}/users", "{tmp}/to-home/..", "{tmp}/users/../users/me", "../../..", "../../me", "~", "~/out"),
    ],
    "RG004": [
        *(".", "./", "./.", "{home}/project", "{tmp}/to-project", "{tmp}/to-home/project", "../project"),
        *(
            "templates",
            "templates/",
            "./templates",
            "{tmp}/to-project/templates",
            "exp.toml",
            "{tmp}/to-project/exp.toml",
        ),
        *("../elsewhere", "../elsewhere/data.csv", "../elsewhere/deep/..", "{home}/elsewhere"),
        *("../.cache", "../.cache/reportgen", "../.cache/reportgen/ab", "to-cache", "to-cache/ab", "to-cache/a/b/c"),
        *("{package}", "{package}/..", "{package}/cli/.."),
    ],
    "RG005": [".git/site", "output/.git", "{home}/elsewhere/.git/x/y"],
}


def test_folders_that_hold_what_is_not_ours_are_refused_however_they_are_spelled(house, tmp_path, subtests):
    package = Path(reportgen.__file__).parent
    before = everything(tmp_path)
    for code, outs in REFUSED.items():
        for out in outs:
            with subtests.test(out, code=code):
                with pytest.raises(RefusedError) as caught:
                    check(out.format(home=house, tmp=tmp_path, package=package), house)
                assert (caught.value.code, caught.value.exit_code) == (code, 4)
    assert everything(tmp_path) == before


def test_a_folder_of_its_own_is_allowed_beside_the_experiment_and_anywhere(house, tmp_path):
    for out in (
        *("output", "./output", "output/", "{tmp}/to-project/output", "mine", "templates/output", "data/../output"),
        *("../elsewhere/deep", "../site", "{tmp}/other", "{tmp}/to-home/site", "../.cache/other", "~me", "a~", "a/~"),
    ):
        check(out.format(tmp=tmp_path), house)


def test_what_is_not_there_yet_counts_by_its_name(house):
    with pytest.raises(RefusedError, match="contains the store"):
        allowed_folders.check(Path("output"), {}, Path("output/cache"))
    with pytest.raises(RefusedError, match="lies inside the store"):
        allowed_folders.check(Path("new-cache/output"), {}, Path("new-cache"))
    allowed_folders.check(Path("output"), {}, Path("output-cache"))


def test_a_name_of_nothing_is_a_mistake():
    for name in ("", " ", "\t", "a\0b"):
        with pytest.raises(ExperimentError) as caught:
            allowed_folders.folder_path(name)
        assert (caught.value.code, caught.value.exit_code) == ("RG003", 2), name


def test_a_repository_is_refused_even_to_be_adopted(tmp_path):
    for kind in ("folder", "file"):
        out = tmp_path / kind
        out.mkdir()
        (out / ".git").mkdir() if kind == "folder" else (out / ".git").write_text("gitdir: ../real\n")
        before = everything(tmp_path)
        for adopt in (False, True):
            with pytest.raises(RefusedError) as caught:
                publish(out, "new", adopt=adopt)
            assert caught.value.code == "RG005", kind
        assert everything(tmp_path) == before


def test_a_folder_of_strangers_is_refused_and_says_what_is_in_it(tmp_path, house, messages):
    for name in ("thesis.tex", "a.txt", ".hidden"):
        (tmp_path / "strange" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "strange" / name).write_text("mine")
    before = everything(tmp_path)

    with pytest.raises(RefusedError) as caught:
        publish(tmp_path / "strange", "new")
    messages(caught.value)
    assert caught.value.code == "RG006"
    with pytest.raises(RefusedError) as caught:
        check("../elsewhere", house)
    messages(caught.value)
    assert everything(tmp_path) == before
