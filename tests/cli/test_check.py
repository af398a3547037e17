import pytest
from click.testing import CliRunner

from reportgen.cli.program import program

PAGE = (
    '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>x</title></head>\n'
    '<body><h1>x</h1><a href="{}">x</a></body></html>\n'
)


@pytest.fixture
def check(tmp_path, monkeypatch):
    """Checks a site of one page with this link: exit code, standard output and error."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "out").mkdir()

    def check(link, *options, folder="out"):
        (tmp_path / "out" / "index.html").write_text(PAGE.format(link))
        done = CliRunner().invoke(program, ["check", folder, *options], prog_name="reportgen")
        return done.exit_code, done.stdout, done.stderr

    return check


def test_problems_are_listed_and_fail_only_if_strict(check):
    listed = "index.html:3: link: there is no 'gone'\n1 problem in out.\n"

    assert check("#", "--strict") == (0, "no problem in out.\n", "")
    assert check("gone") == (0, listed, "")
    assert check("gone", "--strict") == (1, listed, "")


def test_leaks_are_listed_and_not_repeated(check, monkeypatch):
    monkeypatch.setenv("DEPLOY_TOKEN", "c4n4ry-value")

    code, listed, _ = check("#c4n4ry-value", "--strict")

    assert code == 1
    assert "index.html:3: leak: contains the value of DEPLOY_TOKEN" in listed
    assert "c4n4ry" not in listed
