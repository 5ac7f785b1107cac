"""What a paper prints beside its numbers: its statements, tried at instances, and where it contradicts its model."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from batteryopt.games.shell.reproduction import PaperFault, Statement

T = TypeVar("T")
"""What a paper's claims are tried at: an instance, or its parameters."""


@dataclass(frozen=True, kw_only=True)
class PublishedStatement(Generic[T]):
    """A statement of the paper.

    Attributes
    ----------
    place
        Where it stands.
    words
        What it says, in ours.
    margin
        Positive where it holds.
    is_general
        Whether it is said of every instance; else of the first case.
    why
        Why it does not hold, if it does not.
    about
        The figure of the paper that it is about, by number ("Fig. 2a").
    """

    place: str
    words: str
    margin: Callable[[T], float]
    is_general: bool = True
    why: str = ""
    about: tuple[str, ...] = ()

    def tried(self, cases: Iterable[T]) -> Statement:
        """Return the statement with what came of it at some cases."""
        margin = least_margin(self, cases)
        why = "" if margin > 0 else self.why
        return Statement(place=self.place, words=self.words, margin=margin, why=why, about=self.about)


def least_margin(statement: PublishedStatement[T], cases: Iterable[T]) -> float:
    """Return a statement's least margin over cases; the first alone where it is said of that one."""
    wanted = list(cases) if statement.is_general else [next(iter(cases))]
    return min(float(statement.margin(case)) for case in wanted)


@dataclass(frozen=True, kw_only=True)
class PublishedFault(Generic[T]):
    """A place where the paper contradicts its own model.

    Attributes
    ----------
    place
        Where it stands.
    printed, right
        What stands there, and what follows from the model.
    why
        How one sees it, and what the two numbers are.
    as_printed, as_derived
        The two as numbers; None where it has none.
    about
        The figure of the paper that it is about, by number.
    """

    place: str
    printed: str
    right: str
    why: str
    as_printed: Callable[[T], float] | None = None
    as_derived: Callable[[T], float] | None = None
    about: tuple[str, ...] = ()

    def at(self, case: T) -> PaperFault:
        """Return the fault with its numbers at a case."""
        return PaperFault(
            place=self.place,
            printed=self.printed,
            right=self.right,
            why=self.why,
            printed_value=None if self.as_printed is None else self.as_printed(case),
            right_value=None if self.as_derived is None else self.as_derived(case),
            about=self.about,
        )
