"""One cell of a table: text to value, with what was expected where it is none; and value to text."""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from math import inf, isfinite
from typing import Any

from batteryopt.ground.inputs import LARGEST

LIST_SEPARATOR = ";"
PERIOD_SEPARATOR = ":"
"""``tonnes:2027`` is the column of one period, ``tonnes`` that of all periods without one."""


class CellKind(enum.Enum):
    """What a cell may hold, in words for people."""

    TEXT = "a name"
    NUMBER = "a number"
    WHOLE = "a whole number"
    YES_NO = "yes or no"
    CHOICE = "one of a few words"
    NAMES = "names with ; between them"


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column of a table.

    Attributes
    ----------
    name
        As in the table's first row.
    field
        The attribute of the entity that it fills.
    by_period
        Whether ``name:PERIOD`` columns may stand beside it or instead of it.
    required
        Whether every row needs a value; otherwise an empty cell means `default`.
    refers_to
        The table whose rows it names; empty: none.
    may_be_other
        Words that it may hold beside the names of the table that it refers to.
    choices
        The enumeration that its words come from.
    meaning
        In a line, for faults and for the template.
    """

    name: str
    field: str
    kind: CellKind
    default: Any = None
    by_period: bool = False
    required: bool = False
    refers_to: str = ""
    may_be_other: frozenset[str] = frozenset()
    choices: type[enum.StrEnum] | None = None
    meaning: str = ""

    def renamed(self, name: str) -> Column:
        """Return the same column under another name."""
        return replace(self, name=name)

    @property
    def expectation(self) -> str:
        """What a cell of it should hold."""
        words = self.kind.value
        if self.choices is not None:
            words = "one of " + ", ".join(choice.value for choice in self.choices)
        return f"{words} ({self.meaning})" if self.meaning else words


class NotAValue(ValueError):
    """A cell's text is nothing of its column's kind; says what was expected, where that is not the kind alone."""


def value_of(text: str, column: Column) -> Any:
    """Return what a cell that is not empty holds, or raise `NotAValue`."""
    if column.kind is CellKind.NUMBER:
        return _number(text)
    if column.kind is CellKind.WHOLE:
        return _whole(text)
    if column.kind is CellKind.YES_NO:
        return _yes_or_no(text)
    if column.kind is CellKind.NAMES:
        return tuple(name.strip() for name in text.split(LIST_SEPARATOR) if name.strip())
    if column.choices is not None:
        return _choice(text, column.choices)
    return text


def text_of(value: Any) -> str:
    """Return a value as a cell; reading the cell gives the value back to the last bit."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, enum.StrEnum):
        return value.value
    if isinstance(value, tuple):
        return f"{LIST_SEPARATOR} ".join(value)
    if isinstance(value, float):
        return str(int(value)) if isfinite(value) and value == int(value) and abs(value) < 1e15 else repr(value)
    return str(value)


def _number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        raise NotAValue from None
    if number != number or number == -inf or "_" in text:
        raise NotAValue
    if LARGEST < abs(number) < inf:
        raise NotAValue(f"a number of at most {LARGEST:g} in size")
    return number


def _whole(text: str) -> int:
    number = _number(text)
    if not isfinite(number) or number != int(number):
        raise NotAValue
    return int(number)


def _yes_or_no(text: str) -> bool:
    words = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
    try:
        return words[text.lower()]
    except KeyError:
        raise NotAValue from None


def _choice(text: str, choices: type[enum.StrEnum]) -> enum.StrEnum:
    try:
        return choices(text.lower())
    except ValueError:
        raise NotAValue from None
