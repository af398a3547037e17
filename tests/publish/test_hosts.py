"""Hosts that have programs of their own: what they take is checked, their command is printed, nothing is run."""

import shlex

import pytest
from click.testing import CliRunner

from reportgen.cli.program import program
from reportgen.errors import RefusedError
from reportgen.publish.folder import Limits, MiB
from reportgen.publish.hosts import hosts

NAMES = hosts.names()


def told(*arguments):
    return CliRunner().invoke(program, ["publish", *arguments], prog_name="reportgen")


@pytest.mark.parametrize("name", NAMES)
def test_the_command_names_folder_and_place(world, name):
    world.build()

    said = told(name, "output", "--to", "my site")

    assert said.exit_code == 0, said.output
    words = shlex.split(said.stdout.splitlines()[0])
    assert "output" in words
    assert any("my site" in word for word in words)
    assert not [word for word in words if "{" in word]


@pytest.mark.parametrize("name", NAMES)
def test_without_a_place_it_stands_there_in_capitals(world, name):
    world.build()

    assert hosts[name].place in told(name).stdout.splitlines()[0]


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_run(world, name, monkeypatch):
    world.build()
    monkeypatch.setenv("PATH", "")

    assert told(name).exit_code == 0


@pytest.mark.parametrize("name", NAMES)
def test_only_the_folder_of_a_build_is_brought_anywhere(world, name):
    (world.work / "mine").mkdir()

    assert "RG006" in told(name, "mine").stderr


def test_a_folder_with_blanks_is_quoted(world):
    world.build()
    world.out.rename(world.work / "my site")

    assert told("s3", "my site").stdout.startswith("aws s3 sync 'my site' s3://BUCKET ")


def test_what_the_program_may_take_along_is_named(world):
    world.build()
    (world.out / ".env").write_text("x")

    assert told("cloudflare").stdout.endswith("Not checked, and perhaps taken along by that program: .env\n")


def test_a_file_that_a_host_refuses_is_refused(world):
    world.build()
    with (world.out / "film.mp4").open("wb") as file:
        file.truncate(25 * MiB + 1)

    said = told("cloudflare")

    assert (said.exit_code, said.stdout) == (4, "")
    assert said.stderr == (
        "reportgen[RG904]: Cloudflare Pages takes files of at most 25 MiB: film.mp4 (26.21 MB); nothing is published\n"
    )
    assert told("netlify").exit_code == 0


def test_limits_are_what_they_say():
    some = {f"a/{number}": 10 for number in range(4)} | {"b": 10}
    for most in (Limits(), Limits(file=10), Limits(site=50), Limits(files=5), Limits(in_folder=4)):
        most.check("it", some)
        most.check("it", {})
    for least, why in {
        Limits(file=9): r"^it takes files of at most 9 bytes: a/0, a/1, a/2, … \(10 bytes\); nothing is published$",
        Limits(site=49): r"sites of at most 49 bytes: this one has 50 bytes",
        Limits(files=4): r"at most 4 files: this site has 5",
        Limits(in_folder=3): r"at most 3 files in a folder: 'a' has 4",
    }.items():
        with pytest.raises(RefusedError, match=why):
            least.check("it", some)


def test_the_limits_of_the_hosts():
    assert hosts["cloudflare"].limits == Limits(file=26_214_400, files=20_000)
    assert hosts["netlify"].limits == Limits(in_folder=54_000)


def test_an_unknown_host_is_met_with_the_one_meant():
    said = told("netlfy")

    assert said.exit_code == 2
    assert "unknown host 'netlfy'. Did you mean 'netlify'? Known: cloudflare, gh-pages, netlify, s3." in said.stderr


def test_help_lists_every_host():
    said = told("--help").stdout

    for name in ("gh-pages", *NAMES):
        assert f"\n  {name} " in said
    for name in NAMES:
        assert "Nothing is run." in told(name, "--help").stdout
