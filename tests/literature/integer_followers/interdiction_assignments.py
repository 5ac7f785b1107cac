"""Assignment interdiction instances of DeNegre's thesis, typed from the MibS collection of test problems.

The follower assigns five to five at the least cost; the leader, who may forbid assignments within a budget, wants that
cost to be the largest, and must leave some assignment: max over x with c x <= b of min d y, y <= 1 - x, each row and
each column of y with one 1.

Source: S. DeNegre (2011), Interdiction and discrete bilevel linear programming, PhD thesis, Lehigh University; the
costs are those of bicriteria assignment problems, as `data/interdiction/Assignment` of the MibS repository has them.
"""

from __future__ import annotations

from dataclasses import dataclass

Table = tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class InterdictionAssignment:
    """One instance: `distances` are the follower's costs, `costs` and `budget` the leader's."""

    name: str
    distances: Table
    costs: Table
    budget: int


def _table(text: str) -> Table:
    return tuple(tuple(map(int, row.split())) for row in text.split("/"))


ASSIGNMENTS = (
    InterdictionAssignment(
        "2ap05-2",
        _table("5 16 16 1 12 / 11 1 6 19 19 / 1 19 3 19 19 / 1 1 4 1 12 / 9 12 4 4 11"),
        _table("3 7 14 2 11 / 1 8 1 18 1 / 12 9 1 10 8 / 13 12 1 8 11 / 19 1 3 4 2"),
        13,
    ),
    InterdictionAssignment(
        "2ap05-3",
        _table("7 5 6 11 9 / 18 15 8 4 17 / 12 6 17 12 4 / 17 4 5 11 15 / 14 16 19 14 4"),
        _table("2 5 17 5 1 / 11 12 6 18 16 / 8 16 11 8 12 / 1 1 18 10 12 / 2 7 9 8 10"),
        16,
    ),
    InterdictionAssignment(
        "2ap05-4",
        _table("16 14 6 7 1 / 2 9 5 11 14 / 7 3 18 5 1 / 14 5 9 17 14 / 1 18 6 1 8"),
        _table("19 14 7 1 14 / 10 8 1 8 15 / 12 11 4 18 14 / 10 17 17 1 14 / 10 15 1 19 4"),
        19,
    ),
    InterdictionAssignment(
        "2ap05-5",
        _table("6 13 14 12 5 / 14 3 19 2 3 / 6 4 3 6 12 / 10 11 15 6 1 / 10 16 18 7 17"),
        _table("4 10 4 16 1 / 8 2 14 15 15 / 19 9 18 11 3 / 14 17 7 17 15 / 1 8 6 15 6"),
        18,
    ),
    InterdictionAssignment(
        "2ap05-6",
        _table("19 5 3 9 5 / 12 14 7 8 10 / 8 8 13 3 3 / 8 2 13 6 13 / 16 12 2 4 10"),
        _table("10 4 10 8 11 / 16 8 9 11 17 / 6 15 11 13 3 / 14 1 4 7 4 / 7 7 19 1 5"),
        16,
    ),
    InterdictionAssignment(
        "2ap05-7",
        _table("4 9 18 7 13 / 1 9 9 2 17 / 12 10 17 1 14 / 15 7 9 18 1 / 5 4 14 9 3"),
        _table("18 8 10 9 1 / 8 14 10 18 13 / 15 18 2 16 12 / 11 1 2 9 2 / 16 16 1 18 6"),
        18,
    ),
)
