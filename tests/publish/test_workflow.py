"""The workflow for GitHub Actions: pinned, with no more permission than it needs, and of commands that there are."""

import json
import re
import shlex
import subprocess
from importlib import resources

import click
import pytest
import yaml
from click.testing import CliRunner

from reportgen.cli.program import program

TEXT = (resources.files("reportgen.publish") / "workflow.yml").read_text("utf-8")
WORKFLOW = yaml.safe_load(TEXT)
STEPS = [step for job in WORKFLOW["jobs"].values() for step in job["steps"]]
OURS = [line.strip() for step in STEPS for line in step.get("run", "").splitlines() if "reportgen " in line]
OURS = [line for line in OURS if line.startswith("reportgen ")]

PINS = {
    "actions/checkout": ("3d3c42e5aac5ba805825da76410c181273ba90b1", "v7.0.1"),
    "actions/setup-python": ("a309ff8b426b58ec0e2a45f0f869d46889d02405", "v6.2.0"),
    "actions/cache": ("27d5ce7f107fe9357f9df03efb73ab90386fccae", "v5.0.5"),
    "actions/upload-pages-artifact": ("fc324d3547104276b827a68afc52ff2a11cc49c9", "v5.0.0"),
    "actions/deploy-pages": ("cd2ce8fcbc39b97be8ca5fce6e763baed58fa128", "v5.0.0"),
}


def test_every_action_is_pinned_by_commit_with_its_tag_beside_it():
    found = re.findall(r"uses: *(\S+?)@(\S+) # (\S+)$", TEXT, re.MULTILINE)

    assert {name: (commit, tag) for name, commit, tag in found} == PINS
    assert len(found) == TEXT.count("uses:") == len(PINS)
    assert all(re.fullmatch(r"[0-9a-f]{40}", commit) for _, commit, _ in found)


def test_it_may_do_no_more_than_it_needs():
    assert WORKFLOW["permissions"] == {}
    assert WORKFLOW["jobs"]["build"]["permissions"] == {"contents": "read"}
    assert WORKFLOW["jobs"]["deploy"]["permissions"] == {"pages": "write", "id-token": "write"}
    assert [step["with"]["persist-credentials"] for step in STEPS if "checkout" in step.get("uses", "")] == [False]
    assert "secrets." not in TEXT


def test_only_pushes_and_people_start_it():
    # YAML 1.1 takes "on" for true.
    assert WORKFLOW[True].keys() == {"push", "workflow_dispatch"}


def test_publications_wait_for_each_other_and_end():
    assert WORKFLOW["concurrency"] == {"group": "pages", "cancel-in-progress": False}
    assert all("timeout-minutes" in job for job in WORKFLOW["jobs"].values())
    assert WORKFLOW["jobs"]["deploy"]["needs"] == "build"


def test_nothing_that_others_write_reaches_a_shell():
    assert not [step["run"] for step in STEPS if "${{" in step.get("run", "")]


@pytest.mark.parametrize("step", [step for step in STEPS if "run" in step], ids=lambda step: step["name"])
def test_every_script_is_one(step):
    subprocess.run(["sh", "-n"], input=step["run"], text=True, check=True)


@pytest.mark.parametrize("line", OURS)
def test_every_command_of_ours_is_one(line):
    _, name, *arguments = shlex.split(line)
    context = click.Context(program, info_name="reportgen")
    command = program.get_command(context, name)
    if isinstance(command, click.Group):
        context, command = click.Context(command, parent=context), command.get_command(context, arguments.pop(0))

    command.make_context(name, arguments, parent=context)


def test_the_commands_are_those_of_a_site_and_of_a_report():
    assert OURS == [
        "reportgen site .",
        "reportgen build --progress plain",
        "reportgen check output --strict",
        "reportgen cache gc --max-size 2GB",
    ]


def test_reportgen_comes_from_where_this_copy_came_from(tmp_path, monkeypatch):
    info = tmp_path / "reportgen_regularization-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: reportgen-regularization\nVersion: 1.0\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.chdir(tmp_path)
    placeholders = {"REPOSITORY": "https://github.com/OWNER/reportgen", "COMMIT": "0" * 40}
    known = {"REPOSITORY": "https://git.example/me/reportgen.git", "COMMIT": "0123456789abcdef" * 2 + "01234567"}
    vcs = {"vcs": "git", "commit_id": known["COMMIT"]}
    for number, (url, more, expected) in enumerate(
        [
            (known["REPOSITORY"], {"vcs_info": vcs}, known),
            ("https://me:secret@git.example/reportgen.git", {"vcs_info": vcs}, placeholders),
            ("file:///home/me/reportgen", {"dir_info": {}}, placeholders),
        ]
    ):
        (info / "direct_url.json").write_text(json.dumps({"url": url} | more))
        said = CliRunner().invoke(program, ["new", "workflow", "-o", f"{number}.yml"])
        assert said.exit_code == 0, said.output
        written = yaml.safe_load((tmp_path / f"{number}.yml").read_text())
        [step] = [step for step in written["jobs"]["build"]["steps"] if step.get("name") == "Install reportgen"]
        assert step["env"] == expected


def test_it_is_written_where_github_looks_for_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    said = CliRunner().invoke(program, ["new", "workflow"])

    assert said.exit_code == 0, said.output
    assert said.stdout.startswith(".github/workflows/report.yml is written. Next: set in it REPOSITORY and COMMIT")
    assert (tmp_path / ".github/workflows/report.yml").read_text("utf-8") == TEXT
    again = CliRunner().invoke(program, ["new", "workflow"], prog_name="reportgen")
    assert (again.exit_code, again.stderr) == (
        2,
        "reportgen: .github/workflows/report.yml exists already and is left as it is; give -o another name\n",
    )
