"""Every error a user can meet: what is wrong, with the value, and what to do next."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

UNSEEN = ("Cc", "Cf")
"""Unicode categories of characters that take no place of their own: controls and joiners."""


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


def looks_like(name: str) -> str:
    """Return a name as it looks: in one Unicode form, without characters that cannot be seen, with plain spaces."""
    composed = unicodedata.normalize("NFKC", name)
    seen = (" " if unicodedata.category(c) == "Zs" else c for c in composed if unicodedata.category(c) not in UNSEEN)
    return " ".join("".join(seen).split())


def unseen_difference(name: str, other: str) -> str:
    """Return in words how two names differ that look the same."""
    odd = sorted({c for c in name + other if unicodedata.category(c) in UNSEEN or (c.isspace() and c != " ")})
    if odd:
        return "only by characters that cannot be seen: " + ", ".join(f"U+{ord(c):04X}" for c in odd)
    return "only in spaces or in the Unicode form of their letters"


def nearest(name: str, known: Iterable[str]) -> str:
    """Return ``did you mean 'x'?`` for a misspelt name, or the list of known names, if there is any.

    Of a name that looks like a known one, it is said how the two differ.
    """
    known = sorted(known)
    twin = next((other for other in known if other != name and looks_like(other) == looks_like(name)), None)
    if twin is not None:
        return f"'{twin}' is known, and differs {unseen_difference(name, twin)}; type the name anew"
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    if not known:
        return "none is declared"
    return f"did you mean '{close[0]}'?" if close else f"known: {', '.join(known)}"
