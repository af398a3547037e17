"""The program `reportgen`: its commands, and what it says and returns when something goes wrong."""

from __future__ import annotations

import importlib
import logging
import os
import pkgutil
import re
import signal
import sys
from types import FrameType
from typing import Any, NoReturn

import click

from reportgen.cli import commands, terminal
from reportgen.disk.isolation import shut_out
from reportgen.errors import MachineError, ReportgenError, did_you_mean, reason, trouble
from reportgen.version import __version__

MACHINE, BUG = 5, 70
INTERRUPTED, TERMINATED = 128 + signal.SIGINT, 128 + signal.SIGTERM

_DEBUG = "reportgen.debug"


class Terminated(BaseException):
    """SIGTERM arrived."""


class Commands(click.Group):
    """Commands of which a misspelt one is met with the one that was meant."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        known = self.list_commands(ctx)
        if args and args[0] not in known and not args[0].startswith("-"):
            if args[0] == "help":
                ctx.fail(f"unknown command 'help'. {ctx.command_path} --help says what there is.")
            ctx.fail(f"unknown command {args[0]!r}.{_file_meant(args[0])}{did_you_mean(args[0], known)}")
        return super().resolve_command(ctx, args)


def _file_meant(name: str) -> str:
    return f" To build the experiment in this file: reportgen build {name}." if name.endswith(".toml") else ""


class Program(Commands):
    """Commands are the files in `commands`. Every error ends in one line and an exit code."""

    at_work = False
    """Whether a command is under way, so that a signal interrupts something."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(module.name for module in pkgutil.iter_modules(commands.__path__))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        command: click.Command = importlib.import_module(f"{commands.__name__}.{cmd_name}").command
        return command

    def invoke(self, ctx: click.Context) -> Any:
        try:
            self.at_work = True
            return super().invoke(ctx)
        except (click.ClickException, click.Abort, click.exceptions.Exit):
            raise
        except BaseException as error:
            code, lines = _verdict(error)
            if not lines:
                raise
            if ctx.meta.get(_DEBUG):
                _show_traceback(error)
            for line in lines:
                terminal.tell(line)
            terminal.settle()
            ctx.exit(code)
        finally:
            self.at_work = False


def _verdict(error: BaseException) -> tuple[int, list[str]]:
    """Exit code and what to say; nothing for an error that is not ours to explain."""
    match error:
        case ReportgenError():
            name = f"reportgen[{error.code}]" if error.code else "reportgen"
            return error.exit_code, [_placed(line, error.code) or f"{name}: {line}" for line in _lines(error)]
        case KeyboardInterrupt():
            return INTERRUPTED, ["reportgen: interrupted; run again to resume"]
        case Terminated():
            return TERMINATED, ["reportgen: terminated; run again to resume"]
        case MemoryError():
            return MACHINE, ["reportgen: out of memory; close other programs, or run again with --executor serial"]
        case OSError():
            path = error.filename2 or error.filename
            known = trouble(path or "a file", error)
            plain = MachineError(f"{path}: {reason(error)}" if path else reason(error))
            return _verdict(known if known.code else plain)
        case Exception():
            what = " ".join(f"{type(error).__name__}: {error}".split())
            return BUG, [f"reportgen: mistake in reportgen: {what} (--debug shows where)"]
    return 1, []


def _lines(error: ReportgenError) -> list[str]:
    return str(error).splitlines() or [type(error).__name__]


def _placed(line: str, code: str) -> str:
    """A line that starts with `file:line:column:`, which editors and terminals follow if nothing precedes it.

    Of a plugin only the line is known.
    """
    if not (place := re.match(r".*?:\d+:\d+: |[^:]+\.py:\d+: ", line)):
        return ""
    return f"{place.group()}{code}{' ' if code else ''}{line[place.end() :]}"


def _show_traceback(error: BaseException) -> None:
    import traceback

    terminal.tell("".join(traceback.format_exception(error)).rstrip())


def _debug(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    ctx.meta[_DEBUG] = value


debug = click.option(
    "--debug", is_flag=True, expose_value=False, is_eager=True, callback=_debug, help="Show tracebacks of errors."
)
"""An option for commands that do much."""


@click.group(cls=Program, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="reportgen", message="%(prog)s %(version)s")
def program() -> None:
    """Train, draw and publish experiments on the regularization of neural networks.

    "reportgen build" makes the default report in the folder "output"; "reportgen new" prints the experiment file
    behind it, to start one of your own from.
    """


def main() -> NoReturn:
    """Entry point of the command."""
    terminal.prepare()
    logging.getLogger("reportgen").addHandler(terminal.warnings)
    shut_out()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    try:
        program(prog_name="reportgen")
    except OSError as error:  # from click, which writes help and version before a command is reached
        terminal.settle()
        terminal.tell(_verdict(trouble("to standard output", error))[1][0])
    sys.exit(MACHINE)


def _stop(number: int, _: FrameType | None) -> NoReturn:
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_DFL)  # a second one ends the program at once
    if not program.at_work:
        os.kill(os.getpid(), number)
    if executors := sys.modules.get("reportgen.executors"):
        executors.kill_all()  # a pool waits for its jobs when it is left, and a job may take minutes
    raise KeyboardInterrupt if number == signal.SIGINT else Terminated
