import json
import os
import subprocess
import sys

import pytest

PAGE = (
    '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>x</title></head>\n'
    '<body><h1>x</h1><a href="{}">x</a></body></html>\n'
)


def check(*arguments, cwd, **environment):
    done = subprocess.run(
        [sys.executable, "-m", "reportgen", "check", *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        timeout=60,
        env=None if not environment else {**os.environ, **environment},
    )
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def site(tmp_path):
    (tmp_path / "out").mkdir()

    def put(link):
        (tmp_path / "out" / "index.html").write_text(PAGE.format(link))
        return tmp_path

    return put


def test_a_fine_site_is_fine(site):
    assert check("out", cwd=site("#")) == (0, "no problem in out.\n", "")
    assert check("out", "--strict", cwd=site("#"))[0] == 0


def test_problems_are_listed_and_fail_only_if_strict(site):
    said = "index.html:3: link: there is no 'gone'\n1 problem in out.\n"
    assert check("out", cwd=site("gone")) == (0, said, "")
    assert check("out", "--strict", cwd=site("gone")) == (1, said, "")


def test_leaks_fail_only_if_strict_and_are_not_repeated(site):
    secret = {"DEPLOY_TOKEN": "c4n4ry-value"}
    code, said, _ = check("out", cwd=site("#c4n4ry-value"), **secret)

    assert (code, said.splitlines()) == (
        0,
        [
            "index.html:3: leak: contains the value of DEPLOY_TOKEN at offset 110",
            "index.html:3: link: about something that is not shown, since it contains the value of DEPLOY_TOKEN",
            "2 problems in out.",
        ],
    )
    assert check("out", "--strict", cwd=site("#c4n4ry-value"), **secret)[0] == 1


def test_problems_can_be_had_as_json(site):
    code, said, _ = check("out", "--format", "json", "--strict", cwd=site("gone"))

    assert code == 1
    assert json.loads(said) == [
        {"kind": "link", "file": "index.html", "line": 3, "message": "there is no 'gone'", "code": ""}
    ]
    assert json.loads(check("out", "--format", "json", cwd=site("#"))[1]) == []


def test_the_address_of_the_site_is_its_own(site):
    assert check("out", "--strict", cwd=site("https://me.org/blog/gone"))[0] == 0
    code, said, _ = check("out", "--strict", "--base", "https://me.org/blog", cwd=site("https://me.org/blog/gone"))
    assert (code, said.splitlines()[0]) == (1, "index.html:3: link: there is no 'gone'")


def test_mistakes_in_the_command_end_with_2(site):
    assert check("nowhere", cwd=site("#")) == (2, "", "reportgen: there is no folder 'nowhere'\n")
    assert check("out", "--base", "me.org", cwd=site("#")) == (
        2,
        "",
        "reportgen: --base must be an address like https://me.org/blog/, got 'me.org'\n",
    )
