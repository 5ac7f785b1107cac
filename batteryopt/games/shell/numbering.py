"""The table of contents of a paper: everything numbered in it, and where we reproduce or judge it."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

CODE, DOCS, NOTHING = "code", "docs", "nothing"
"""Kinds of places beside those of the judged: "code module:name", "docs page.md", "nothing to ...", in words."""


class Counted(enum.StrEnum):
    """What a paper counts; the value is how its number is written."""

    ASSUMPTION = "Assumption {}"
    EQUATION = "({})"
    PROPOSITION = "Prop. {}"
    COROLLARY = "Corollary {}"
    FIGURE = "Fig. {}"
    TABLE = "Table {}"


@dataclass(frozen=True, kw_only=True)
class Numbered:
    """Something numbered in a paper.

    Attributes
    ----------
    letter
        Of a part of a figure.
    words
        What it is.
    places
        Where we reproduce or judge it, each with its kind before it: "formula (8)", "statement Prop. 2".
    """

    part: Counted
    number: int
    letter: str = ""
    words: str
    places: tuple[str, ...]

    @property
    def label(self) -> str:
        """The number as it is written: "Fig. 2a"."""
        return self.part.value.format(f"{self.number}{self.letter}")


@dataclass(frozen=True, kw_only=True)
class PaperContents:
    """A paper's table of contents.

    Attributes
    ----------
    judged
        Every place at which something is judged, and whether it is as printed.
    """

    items: tuple[Numbered, ...]
    judged: Mapping[str, bool]

    def is_as_printed(self, item: Numbered) -> bool | None:
        """Return whether all that is judged of an item is as printed; None where it is only built upon."""
        found = [self.judged[place] for place in item.places if place in self.judged]
        return all(found) if found else None

    def to_json(self) -> list[dict[str, Any]]:
        """Return the table for JSON, an object an item."""
        return [
            {
                "item": item.label,
                "what": item.words,
                "where": list(item.places),
                "as_printed": self.is_as_printed(item),
            }
            for item in self.items
        ]


def judged(**kinds: Iterable[tuple[str, bool]]) -> dict[str, bool]:
    """Return places by kind and name, and whether all that stands there is as printed."""
    found: dict[str, bool] = {}
    for kind, names in kinds.items():
        for name, is_right in names:
            place = f"{kind} {name}"
            found[place] = found.get(place, True) and is_right
    return found
