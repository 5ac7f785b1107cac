"""Changes to an instance that are given on the command line: ``--set`` and ``--what-if``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from batteryopt.cli.refused_input import Refusals
from batteryopt.tables.changes import Change

if TYPE_CHECKING:
    from pathlib import Path

    from batteryopt.families import Family

SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Change a number first: KEY=VALUE, KEY*=FACTOR or KEY+=AMOUNT; repeat for several. Of a network also "
        "columns of chosen rows: returns.tonnes*=1.2, markets[product=black_mass].price_per_t*=0.5.",
    ),
]
WhatIfOption = Annotated[
    str | None,
    typer.Option("--what-if", metavar="NAME", help="Networks: make the changes of that name in its table changes."),
]


@dataclass(frozen=True, kw_only=True)
class Given:
    """An instance as it is to be solved.

    Attributes
    ----------
    family, instance
        None where they cannot be had.
    changes
        What is different from the file, in the order in which it was made; empty: nothing.
    """

    family: Family | None
    instance: Any
    changes: tuple[Change, ...] = ()

    @property
    def words(self) -> list[str]:
        """The changes as they are typed."""
        return [str(change) for change in self.changes]

    @property
    def noted(self) -> dict[str, list[str]]:
        """The changes as JSON documents have them; nothing where there are none."""
        return {"changes": self.words} if self.changes else {}

    @property
    def copy(self) -> dict[str, bytes] | None:
        """The files of the changed instance, to be saved with its answer; None where the file itself will do."""
        return None if self.family is None or not self.changes else self.family.copy_of(self.instance)


def given_instance(
    refusals: Refusals, path: Path, sets: Sequence[str] | None, what_if: str | None, *, is_foreseen: bool = True
) -> Given:
    """Return the instance at a path with its changes; whatever is wrong goes to the refusals.

    Parameters
    ----------
    is_foreseen
        Whether what can be seen of an impossible plan is refused.
    """
    family, base = refusals.instance(path)
    changes: list[Change] = []
    for text in sets or ():
        with refusals:
            changes.append(Change.parse(text))
    whole = len(changes) == len(sets or ())
    if family is None:
        return Given(family=None, instance=None)
    named: tuple[Change, ...] | None = ()
    if what_if is not None:
        named = None
        with refusals:
            named = family.changes_called(base, what_if) if base is not None else None
    if base is None or named is None or not whole:
        return Given(family=family, instance=None)
    everything = (*named, *changes)
    changed = None
    with refusals:
        changed = family.changed_instance(base, everything, is_foreseen=is_foreseen) if everything else base
    return Given(family=family, instance=changed, changes=everything)
