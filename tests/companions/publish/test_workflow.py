"""The workflow for GitHub Actions: pinned, with no more permission than it needs, and of commands that there are."""

import re
import shlex
import subprocess
from importlib import resources

import click
import yaml

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
