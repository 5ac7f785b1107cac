"""Every error a user can meet: what is wrong, with the value, and what to do next."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


class BatteryOptError(Exception):
    """Root of the hierarchy; the command line prints its message and no traceback."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One thing wrong with an input.

    Attributes
    ----------
    place
        Where it stands: a key (``parameters.usable_share``), a table's row and column, or "file".
    problem
        What is wrong, the offending value included.
    remedy
        What is expected there, or what to do next.
    """

    place: str
    problem: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.place}: {self.problem}; {self.remedy}"


class InvalidInput(BatteryOptError):
    """An input cannot be used; ``faults`` lists everything wrong with it at once."""

    def __init__(self, source: str, faults: Iterable[Fault]) -> None:
        self.source = source
        self.faults = tuple(faults)
        count = "1 fault" if len(self.faults) == 1 else f"{len(self.faults)} faults"
        super().__init__("\n".join([f"{source}: {count}", *(f"  - {fault}" for fault in self.faults)]))


class FormulaDoesNotApply(BatteryOptError):
    """A closed form was asked outside the assumptions it was derived under; ``conditions`` names those that fail."""

    def __init__(self, formula: str, conditions: Sequence[str]) -> None:
        self.formula = formula
        self.conditions = tuple(conditions)
        failing = "; ".join(self.conditions)
        super().__init__(
            f"the closed form of {formula} does not apply here: {failing}. "
            "Use the optimiser (--route optimizer), which carries the constraints."
        )


class SolverUnavailable(BatteryOptError):
    """The solver asked for is not installed or not known."""


class UnsupportedModel(BatteryOptError):
    """A solver was given a model with something that it cannot express."""


class UnsupportedOption(BatteryOptError, ValueError):
    """A solver was given an option that it does not take."""


def nearest(name: str, known: Iterable[str]) -> str:
    """Return ``did you mean 'x'?`` for a misspelt name, or the list of known names, if there is any."""
    known = sorted(known)
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    if not known:
        return "none is declared"
    return f"did you mean '{close[0]}'?" if close else f"known: {', '.join(known)}"
