"""How a command ends: one exit status for each way, and no traceback for what people can mend."""

from __future__ import annotations

import contextlib
import enum
import errno
import functools
import os
import sys
import traceback
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, ParamSpec

import typer

from batteryopt.cli.refused_input import Refused
from batteryopt.cli.streams import say
from batteryopt.ground.errors import (
    BatteryOptError,
    Fault,
    InvalidInput,
    SolverUnavailable,
    UnsupportedModel,
    UnsupportedOption,
)
from batteryopt.ground.files import reason_of
from batteryopt.ground.scarce_memory import is_want_of_memory
from batteryopt.ground.signals import interrupts_heard
from batteryopt.ground.status import StopReason

if TYPE_CHECKING:
    from pathlib import Path

    from batteryopt.families import FamilyAnswer, FamilyResult

P = ParamSpec("P")
_OF_STREAMS = (errno.EBADF, errno.ENOSPC, errno.EIO)
"""What goes wrong with a stream, which has no name, when it is written to."""
WITHOUT_DOCSTRINGS = (
    "Pyomo cannot be loaded where Python leaves out docstrings: run without -OO, and with PYTHONOPTIMIZE unset or 1"
)
OUT_OF_MEMORY = "memory ran out; a smaller input, fewer --threads and fewer --jobs need less"


class ExitStatus(enum.IntEnum):
    """What scripts rely on."""

    SOLVED = 0
    OTHER = 1
    INVALID_INPUT = 2
    NO_SOLUTION = 3
    """Infeasible or unbounded."""
    STOPPED = 4
    """A limit or the user; what there is has been printed and saved."""
    NOT_CERTIFIED = 5


GRAVEST_FIRST = (
    ExitStatus.NOT_CERTIFIED,
    ExitStatus.NO_SOLUTION,
    ExitStatus.STOPPED,
    ExitStatus.OTHER,
    ExitStatus.SOLVED,
)
"""Of several answers the gravest decides: a wrong one before a missing one before an unfinished one."""


def gravest(statuses: Iterable[ExitStatus]) -> ExitStatus:
    """Return the status that stands for all."""
    return min(statuses, key=GRAVEST_FIRST.index, default=ExitStatus.SOLVED)


def status_of(result: FamilyResult) -> ExitStatus:
    """Return the status of a whole result.

    With both routes the optimiser's answers decide, for it carries every constraint; a formula may not apply. But a
    certificate that fails is grave on either route.
    """
    answers = [*result.models.values()]
    formulas = [answer for answer in (result.closed_form or {}).values() if answer.solution is not None]
    return gravest(answer_status(answer) for answer in [*answers, *formulas])


def answer_status(answer: FamilyAnswer) -> ExitStatus:
    """Return the status of one answer; that no contract coordinates is an answer."""
    reason = answer.run.stop_reason
    if reason.is_limit:
        # what was called feasible and breaks the rules is wrong whenever the search was stopped
        is_wrong = answer.solution is not None and answer.run.refuted is not None and answer.certificate.breaks_rules
        return ExitStatus.NOT_CERTIFIED if is_wrong else ExitStatus.STOPPED
    if reason.is_no_solution:
        return ExitStatus.NO_SOLUTION
    if answer.solution is not None:
        return ExitStatus.SOLVED if answer.certificate.passed else ExitStatus.NOT_CERTIFIED
    is_known = reason is StopReason.CONVERGED and getattr(answer, "applies", True)
    return ExitStatus.SOLVED if is_known else ExitStatus.OTHER


def guarded(command: Callable[P, ExitStatus | None]) -> Callable[P, None]:
    """Turn what a command returns or raises into its exit status, and errors into words on stderr."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        raise typer.Exit(_run(lambda: command(*args, **kwargs)))

    return run


def _run(command: Callable[[], ExitStatus | None]) -> int:
    from batteryopt.ground.interrupt import noting_interrupts

    before = interrupts_heard()
    try:
        with noting_interrupts():  # all of it is one piece of work, what is imported on the way included
            status = _ended(command)
    except KeyboardInterrupt:
        say("interrupted")
        return ExitStatus.STOPPED
    # an interrupt that came too late for the answer to be any other is an interrupt all the same
    return gravest([status, ExitStatus.STOPPED]) if interrupts_heard() > before and status in GRAVEST_FIRST else status


def _ended(command: Callable[[], ExitStatus | None]) -> ExitStatus:
    if sys.flags.optimize > 1:
        say(f"error: {WITHOUT_DOCSTRINGS}", style="red")
        return ExitStatus.OTHER
    try:
        status = command() or ExitStatus.SOLVED
        flush_results()
    except (InvalidInput, Refused, SolverUnavailable, UnsupportedModel, UnsupportedOption) as error:
        say(f"error: {error}", style="red")
        return ExitStatus.INVALID_INPUT
    except BatteryOptError as error:
        say(f"error: {error}", style="red")
        return ExitStatus.OTHER
    except OSError as error:
        if is_want_of_memory(error):
            return _out_of_memory()
        _say_of_system(error)
        return ExitStatus.INVALID_INPUT if error.filename else ExitStatus.OTHER
    except MemoryError:
        return _out_of_memory()
    except ImportError as error:
        if is_want_of_memory(error):
            return _out_of_memory()
        say(f"error: a library that is needed cannot be loaded: {error}; install batteryopt anew", style="red")
        return ExitStatus.OTHER
    except typer.Exit:
        raise
    except Exception as error:
        if is_want_of_memory(error):
            return _out_of_memory()
        _say_unexpected(error)
        return ExitStatus.OTHER
    return status


def _out_of_memory() -> ExitStatus:
    say(f"error: {OUT_OF_MEMORY}", style="red")
    return ExitStatus.OTHER


def delivered(show: Callable[[], None], keep: Callable[[], None] = lambda: None) -> ExitStatus:
    """Print an answer, and then save it: what prevents the one does not prevent the other, nor does Ctrl-C."""
    from batteryopt.ground.interrupt import postponed_interrupt

    status = ExitStatus.SOLVED
    with postponed_interrupt():
        for step in (show, keep):
            try:
                step()
                flush_results()
            except OSError as error:
                _say_of_system(error)
                status = ExitStatus.OTHER
            except (BatteryOptError, MemoryError) as error:
                say(f"error: {str(error) or OUT_OF_MEMORY}", style="red")
                status = ExitStatus.OTHER
            except Exception as error:  # a fault of ours in one of the two
                _say_unexpected(error)
                status = ExitStatus.OTHER
    return status


def flush_results() -> None:
    """Write out what was printed, so that it is known here whether that is possible."""
    try:
        sys.stdout.flush()
    except OSError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        with contextlib.suppress(OSError, ValueError):  # or Python would try once more at its end
            os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
        raise


def _say_of_system(error: OSError) -> None:
    """Report what the operating system refused; who closed a pipe knows it."""
    if not isinstance(error, BrokenPipeError):
        where = f"{error.filename}: " if error.filename else "stdout: " if error.errno in _OF_STREAMS else ""
        say(f"error: {where}{reason_of(error)}", style="red")


def _say_unexpected(error: Exception) -> None:
    """Report a fault of ours: short, and in full for whoever wants to mend it."""
    if os.environ.get("BATTERYOPT_DEBUG"):
        say("".join(traceback.format_exception(error)))
    say(f"error: {type(error).__name__}: {error}", style="red")
    say("This is a fault of batteryopt, not of your input. BATTERYOPT_DEBUG=1 shows where it happened.")


def refuse_taken(out: Path | None, *, overwrite: bool) -> None:
    """Raise `InvalidInput` where a file lies at a place of ``--out`` already, unless it may be replaced."""
    if out is not None and os.path.lexists(out) and not overwrite:
        raise refuse("--out", f"'{out}' is there already", "--overwrite (or --force) replaces it")


def say_stopped(journal: Path | None) -> ExitStatus:
    """Say how work that was interrupted goes on, where it is noted what is done, and return its status."""
    kept = "" if journal is None else f"; {journal} keeps what is done: the same command goes on from there"
    say(f"interrupted{kept}")
    return ExitStatus.STOPPED


def refuse(place: str, problem: str, remedy: str) -> InvalidInput:
    """Return the error for one wrong word on the command line."""
    return InvalidInput("command line", [Fault(place=place, problem=problem, remedy=remedy)])
