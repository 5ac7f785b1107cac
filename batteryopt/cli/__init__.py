"""The command line: parses arguments and prints; all work is done below. Modules are imported when they are needed."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import Annotated

import typer

from batteryopt.cli import (
    accuracy,
    commands,
    export_command,
    frontier_command,
    futures_command,
    imports,
    locate_command,
    new_command,
    report,
    returns_command,
    rounds_command,
    sensitivity_command,
    study_command,
    sweep,
    tour,
)
from batteryopt.cli.exits import ExitStatus
from batteryopt.cli.streams import prepare_streams
from batteryopt.ground.signals import heed_signals, interrupts_heard

app = typer.Typer(
    name="batteryopt",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit status: 0 solved, 2 input wrong, 3 infeasible or unbounded, 4 stopped by a limit, "
    "5 a certificate failed, 1 anything else.",
)


BY_SIGNAL = 130
"""What typer ends with where Ctrl-C comes while it reads the words of a command."""


def _print_version(is_wanted: bool) -> None:
    if is_wanted:
        import importlib.metadata

        typer.echo(f"batteryopt {importlib.metadata.version('batteryopt')}")
        raise typer.Exit


@app.callback()
def batteryopt(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Optimise what happens to electric-vehicle batteries at the end of their life, and check every answer."""


for _command in (
    commands.solve,
    commands.check,
    commands.reproduce,
    sweep.sweep,
    frontier_command.frontier,
    sensitivity_command.sensitivity,
    study_command.study,
    rounds_command.rounds,
    report.report,
    new_command.new,
    export_command.export,
    returns_command.returns,
    futures_command.futures,
    locate_command.locate,
    tour.tour,
):
    app.command()(_command)
app.add_typer(accuracy.app, name="accuracy")
app.add_typer(imports.app, name="import")


def main() -> None:
    """Run the command line."""
    heed_signals()
    prepare_streams()
    try:
        app()
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else 1
        if interrupts_heard():
            # A solver that did not heed it may work on, and Python would wait for it or fall over it; and where
            # compiled code has met the `KeyboardInterrupt` on its way, Python ends by the signal, although handled.
            status = ExitStatus.STOPPED if status in (ExitStatus.OTHER, BY_SIGNAL) else status
            _flush()
            os._exit(status)
        _flush()
        heed_signals(lambda *_: os._exit(status))  # all is said: what comes now changes nothing
        raise


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
