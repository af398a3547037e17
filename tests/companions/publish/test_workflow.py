"""The workflow for GitHub Actions: pinned, with no more permission than it needs, and of commands that there are."""

import json
import re
import shlex
import subprocess
from importlib import resources

import click
import yaml
from click.testing import CliRunner

from reportgen.cli.program import program

TEXT = (resources.files("reportgen.companions.publish") / "workflow.yml").read_text("utf-8")
WORKFLOW = yaml.safe_load(TEXT)
STEPS = [step for job in WORKFLOW["jobs"].values() for step in job["steps"]]


def test_every_action_is_pinned_by_commit_with_its_tag_beside_it():
    found = re.findall(r"uses: *\S+?@[0-9a-f]{40} # v[\d.]+$", TEXT, re.MULTILINE)

    assert len(found) == TEXT.count("uses:") > 0


def test_it_may_do_no_more_than_it_needs():
    assert WORKFLOW["permissions"] == {}
    assert WORKFLOW["jobs"]["build"]["permissions"] == {"contents": "read"}
    assert WORKFLOW["jobs"]["deploy"]["permissions"] == {"pages": "write", "id-token": "write"}
    assert [step["with"]["persist-credentials"] for step in STEPS if "checkout" in step.get("uses", "")] == [False]
    assert "secrets." not in TEXT
    # YAML 1.1 takes "on" for true.
    assert WORKFLOW[True].keys() == {"push", "workflow_dispatch"}
    assert not [step["run"] for step in STEPS if "${{" in step.get("run", "")]


def test_every_script_is_one_and_every_command_of_ours_too():
    scripts = [step["run"] for step in STEPS if "run" in step]
    for script in scripts:
        subprocess.run(["sh", "-n"], input=script, text=True, check=True)
    lines = [line.strip() for script in scripts for line in script.splitlines()]
    ours = [shlex.split(line)[1:] for line in lines if line.startswith("reportgen ")]
    assert {words[0] for words in ours} == {"site", "build", "check", "cache"}
    for name, *arguments in ours:
        context = click.Context(program, info_name="reportgen")
        command = program.get_command(context, name)
        if isinstance(command, click.Group):
            context, command = click.Context(command, parent=context), command.get_command(context, arguments.pop(0))
        command.make_context(name, arguments, parent=context)


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


def test_it_is_written_where_github_looks_for_it_and_never_over_another(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    first, again = (CliRunner().invoke(program, ["new", "workflow"]) for _ in range(2))

    assert (first.exit_code, again.exit_code) == (0, 2)
    assert (tmp_path / ".github/workflows/report.yml").read_text("utf-8") == TEXT
