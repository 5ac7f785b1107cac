"""What one published bilevel problem consists of."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pyomo.environ as pyo

SOLVED = frozenset({"right"})


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One problem: its words, its Pyomo model, its answer, and a second way to that answer.

    Attributes
    ----------
    name
        Short name, unique in the library.
    source
        Author, year, title or venue, number of the example.
    statement
        The problem in mathematical words; x is the leader's, y the followers'.
    build
        Returns a fresh model, written against the engine's public interface.
    optimal_value
        The leader's optimistic optimal value. An infeasible minimisation has infinity, an unbounded one minus
        infinity, and the other way round for a maximisation.
    verify
        Finds ``optimal_value`` by a route that shares no code with the engine (see ``second_route``).
    sense
        The leader's sense.
    tags
        Classes of the problem (``lp-lp``, ``qp``, ``nlp``, ``nash``, ``dual``, ``trap`` ...), for choosing subsets.
    outcomes
        What the engine may do with it: ``right``; for traps also ``refused``, ``flagged`` (a point without the claim
        that it is optimal), ``infeasible``, ``unbounded``. A claim of optimality with a wrong value is never in it.
    pessimistic_value
        The leader's value where the follower, among equally good answers, takes the worst for the leader at the
        optimistic decision; None where it was not derived.
    options
        Arguments of ``bilevel.solve`` without which the problem is not well posed for the engine.
    note
        Where a printed value differs from ours, and what else a reader should know.
    verify_tolerance
        How near the second route comes, relative to max(1, |optimal_value|).
    """

    name: str
    source: str
    statement: str
    build: Callable[[], pyo.ConcreteModel]
    optimal_value: float
    verify: Callable[[], float]
    sense: Any = pyo.minimize
    tags: frozenset[str] = frozenset()
    outcomes: frozenset[str] = SOLVED
    pessimistic_value: float | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""
    verify_tolerance: float = 1e-5

    def __str__(self) -> str:
        return self.name

    @property
    def is_trap(self) -> bool:
        """Whether something other than solving it is, or may be, the right thing to do."""
        return "trap" in self.tags

    def is_right(self, value: float, tolerance: float = 1e-4) -> bool:
        """Return whether a value agrees with the reference, relative to max(1, |reference|)."""
        if math.isinf(self.optimal_value):
            return value == self.optimal_value
        return abs(value - self.optimal_value) <= tolerance * max(1.0, abs(self.optimal_value))


def tags(*names: str) -> frozenset[str]:
    """Return the set of tags."""
    return frozenset(names)
