"""How a command ends: one exit status for each way, and no traceback for what people can mend."""

from __future__ import annotations

import enum
import functools
import os
import sys
import traceback
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, ParamSpec

import typer

from batteryopt.cli.refusals import Refused
from batteryopt.cli.streams import say
from batteryopt.errors import (
    BatteryOptError,
    Fault,
    InvalidInput,
    SolverUnavailable,
    UnsupportedModel,
    UnsupportedOption,
)
from batteryopt.status import StopReason

if TYPE_CHECKING:
    from batteryopt.families import Answer, Result

P = ParamSpec("P")


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


def status_of(result: Result) -> ExitStatus:
    """Return the status of a whole result.

    With both routes the optimiser's answers decide, for it carries every constraint; a formula may not apply. But a
    certificate that fails is grave on either route.
    """
    answers = [*result.models.values()]
    formulas = [answer for answer in (result.closed_form or {}).values() if answer.solution is not None]
    return gravest(answer_status(answer) for answer in [*answers, *formulas])


def answer_status(answer: Answer) -> ExitStatus:
    """Return the status of one answer; that no contract coordinates is an answer."""
    reason = answer.run.stop_reason
    if reason.is_limit:
        return ExitStatus.STOPPED
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
    try:
        status = command() or ExitStatus.SOLVED
        sys.stdout.flush()
    except (InvalidInput, Refused, SolverUnavailable, UnsupportedModel, UnsupportedOption) as error:
        say(f"error: {error}", style="red")
        return ExitStatus.INVALID_INPUT
    except BatteryOptError as error:
        say(f"error: {error}", style="red")
        return ExitStatus.OTHER
    except KeyboardInterrupt:
        say("interrupted")
        return ExitStatus.STOPPED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitStatus.OTHER
    except typer.Exit:
        raise
    except Exception as error:
        _say_unexpected(error)
        return ExitStatus.OTHER
    return status


def _say_unexpected(error: Exception) -> None:
    """Report a fault of ours: short, and in full for whoever wants to mend it."""
    if os.environ.get("BATTERYOPT_DEBUG"):
        say("".join(traceback.format_exception(error)))
    say(f"error: {type(error).__name__}: {error}", style="red")
    say("This is a fault of batteryopt, not of your input. BATTERYOPT_DEBUG=1 shows where it happened.")


def refuse(place: str, problem: str, remedy: str) -> InvalidInput:
    """Return the error for one wrong word on the command line."""
    return InvalidInput("command line", [Fault(place=place, problem=problem, remedy=remedy)])
