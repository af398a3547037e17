"""The program `reportgen`: its commands, its signals, and the message and exit code of every error."""

from __future__ import annotations

import importlib
import logging
import os
import pkgutil
import signal
import sys
from types import FrameType
from typing import Any, NoReturn

import click

from reportgen.cli import commands, terminal
from reportgen.disk.isolation import isolate_process
from reportgen.errors import ReportgenError, did_you_mean, error_lines, machine_error
from reportgen.version import __version__

MACHINE, BUG = 5, 70
INTERRUPTED, TERMINATED = 128 + signal.SIGINT, 128 + signal.SIGTERM

_DEBUG = "reportgen.debug"


class Terminated(BaseException):
    """SIGTERM arrived."""


class Commands(click.Group):
    """A group that suggests the right name for a misspelt command."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        known = self.list_commands(ctx)
        if args and args[0] not in known and not args[0].startswith("-"):
            if args[0] == "help":
                ctx.fail(f"unknown command 'help'. {ctx.command_path} --help lists the commands.")
            ctx.fail(f"unknown command {args[0]!r}.{_build_hint(args[0])}{did_you_mean(args[0], known)}")
        return super().resolve_command(ctx, args)


def _build_hint(name: str) -> str:
    return f" To build the experiment in this file: reportgen build {name}." if name.endswith(".toml") else ""


class Program(Commands):
    """The group of commands, one per file in `commands`. Every error ends in a message and an exit code."""

    is_running = False
    """True while a command runs, so that a signal has something to interrupt."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(module.name for module in pkgutil.iter_modules(commands.__path__))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        command: click.Command = importlib.import_module(f"{commands.__name__}.{cmd_name}").command
        return command

    def invoke(self, ctx: click.Context) -> Any:
        try:
            self.is_running = True
            return super().invoke(ctx)
        except (click.ClickException, click.Abort, click.exceptions.Exit):
            raise
        except BaseException as error:
            code, lines = _exit_code_and_lines(error)
            if not lines:
                raise
            if ctx.meta.get(_DEBUG):
                _show_traceback(error)
            for line in lines:
                terminal.write_message(line)
            terminal.flush_output()
            ctx.exit(code)
        finally:
            self.is_running = False


def _exit_code_and_lines(error: BaseException) -> tuple[int, list[str]]:
    """Exit code and lines to print; no lines for an exception that Python itself handles."""
    match error:
        case KeyboardInterrupt():
            return INTERRUPTED, ["reportgen: interrupted; run again to resume"]
        case Terminated():
            return TERMINATED, ["reportgen: terminated; run again to resume"]
        case ReportgenError():
            return error.exit_code, error_lines(error)
        case MemoryError() | OSError():
            return MACHINE, error_lines(error)
        case Exception():
            return BUG, [f"{line} (--debug shows where)" for line in error_lines(error)]
    return 1, []


def _show_traceback(error: BaseException) -> None:
    import traceback

    terminal.write_message("".join(traceback.format_exception(error)).rstrip())


def _debug(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    ctx.meta[_DEBUG] = value


debug = click.option(
    "--debug", is_flag=True, expose_value=False, is_eager=True, callback=_debug, help="Show tracebacks of errors."
)


@click.group(cls=Program, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="reportgen", message="%(prog)s %(version)s")
def program() -> None:
    """Train, draw and publish experiments on the regularization of neural networks.

    "reportgen build" writes the default report into the folder "output"; "reportgen new" prints its experiment file,
    from which you can start your own.
    """


def main() -> NoReturn:
    """Entry point of the command."""
    terminal.prepare_streams()
    logging.getLogger("reportgen").addHandler(terminal.warnings)
    isolate_process()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _handle_signal)
    try:
        program(prog_name="reportgen")
    except OSError as error:  # click writes help and version before a command runs
        terminal.flush_output()
        terminal.write_message(error_lines(machine_error("to standard output", error))[0])
    sys.exit(MACHINE)


def _handle_signal(number: int, _: FrameType | None) -> NoReturn:
    for handled in (signal.SIGINT, signal.SIGTERM):
        signal.signal(handled, signal.SIG_DFL)  # a second signal ends the program at once
    if not program.is_running:
        os.kill(os.getpid(), number)
    if executors := sys.modules.get("reportgen.executors"):
        executors.kill_all()  # a pool waits for its jobs on exit, and a job may take minutes
    raise KeyboardInterrupt if number == signal.SIGINT else Terminated
