"""Hosts that have programs of their own: what they take is checked, their command is printed, nothing is run."""

import shlex

import pytest
from click.testing import CliRunner

from reportgen.cli.program import program
from reportgen.companions.publish.finished_site import MiB
from reportgen.companions.publish.hosts import hosts

NAMES = hosts.names()


def told(*arguments):
    return CliRunner().invoke(program, ["publish", *arguments], prog_name="reportgen")


@pytest.mark.parametrize("name", NAMES)
def test_the_command_names_folder_and_place_and_nothing_is_run(world, name, monkeypatch):
    world.build()
    world.out.rename(world.work / "my site")
    (world.work / "mine").mkdir()
    monkeypatch.setenv("PATH", "")

    said = told(name, "my site", "--to", "my place")

    assert said.exit_code == 0, said.output
    words = shlex.split(said.stdout.splitlines()[0])
    assert "my site" in words
    assert any("my place" in word for word in words)
    assert not [word for word in words if "{" in word]
    assert hosts[name].placeholder in told(name, "my site").stdout.splitlines()[0]
    assert "RG006" in told(name, "mine").stderr, "only the folder of a build is brought anywhere"


def test_what_the_program_may_take_along_is_named_and_what_a_host_refuses_is_refused(world):
    world.build()
    (world.out / ".env").write_text("x")
    assert told("cloudflare").stdout.endswith("possibly uploaded by that program: .env\n")
    with (world.out / "film.mp4").open("wb") as file:
        file.truncate(25 * MiB + 1)

    said = told("cloudflare")

    assert (said.exit_code, said.stdout) == (4, "")
    assert "RG904" in said.stderr
    assert told("netlify").exit_code == 0
