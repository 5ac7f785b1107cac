"""Changes to an instance, whatever its kind: a key, and what becomes of the numbers that it names.

One notation serves the command line, tables of what-ifs and Python: ``KEY=VALUE`` puts a value there, ``KEY*=FACTOR``
multiplies what is there, ``KEY+=AMOUNT`` adds to it. What a key names, each family knows.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from batteryopt.ground.errors import Fault, InvalidInput


class How(enum.StrEnum):
    """What becomes of a number; the values are the words of a table of what-ifs."""

    SET = "set"
    TIMES = "times"
    PLUS = "plus"

    @property
    def sign(self) -> str:
        """What stands between key and value on the command line."""
        return {How.SET: "=", How.TIMES: "*=", How.PLUS: "+="}[self]


@dataclass(frozen=True)
class Amount:
    """What becomes of a number, without saying of which: made by `times`, `plus` and `put`."""

    how: How
    value: Any


def times(factor: float) -> Amount:
    """Return the change that multiplies a number, or each number of a profile or of chosen rows, by a factor."""
    return Amount(How.TIMES, factor)


def plus(amount: float) -> Amount:
    """Return the change that adds an amount, to each number of a profile or of chosen rows."""
    return Amount(How.PLUS, amount)


def put(value: Any) -> Amount:
    """Return the change that puts a value in a number's place; a plain value says the same."""
    return Amount(How.SET, value)


@dataclass(frozen=True, kw_only=True)
class Change:
    """A key, and what becomes of what it names.

    Attributes
    ----------
    key
        As it was written.
    value
        A text where it was typed: what it stands for, the place that it goes to says.
    """

    key: str
    how: How
    value: Any

    def __str__(self) -> str:
        return f"{self.key}{self.how.sign}{_shown(self.value)}"

    @classmethod
    def parse(cls, text: str, option: str = "--set") -> Change:
        """Return the change that ``KEY=VALUE``, ``KEY*=FACTOR`` or ``KEY+=AMOUNT`` says, or raise `InvalidInput`."""
        key, how, value = split(text)
        if not key or how is None:
            remedy = "expected KEY=VALUE, KEY*=FACTOR or KEY+=AMOUNT, such as returns.tonnes*=1.2"
            fault = Fault(place=option, problem=f"'{text}' cannot be used", remedy=remedy)
            raise InvalidInput("command line", [fault])
        return cls(key=key, how=how, value=value)


Changes: TypeAlias = Mapping[str, Any]
"""By key: a plain value to be put there, or what `times` and `plus` give."""


def changes_of(changes: Changes) -> tuple[Change, ...]:
    """Return the changes that a mapping says."""
    amounts = {key: value if isinstance(value, Amount) else put(value) for key, value in changes.items()}
    return tuple(Change(key=key, how=amount.how, value=amount.value) for key, amount in amounts.items())


def split(text: str) -> tuple[str, How | None, str]:
    """Return key, sign and value of a text; no sign where there is none outside brackets and quotation marks."""
    position = next((at for at, mark in outside(text) if mark == "="), -1)
    if position < 0:
        return text.strip(), None, ""
    how = {"*": How.TIMES, "+": How.PLUS}.get(text[position - 1 : position], How.SET)
    key = text[: position - (how is not How.SET)]
    return key.strip(), how, text[position + 1 :].strip()


def outside(text: str) -> Iterator[tuple[int, str]]:
    """Yield position and sign of what stands outside square brackets and quotation marks, as names may hold any."""
    depth, quote = 0, ""
    for at, mark in enumerate(text):
        if quote:
            quote = "" if mark == quote else quote
        elif mark in "\"'" and depth:
            quote = mark
        elif mark == "[":
            depth += 1
        elif mark == "]":
            depth -= 1
        elif depth == 0:
            yield at, mark


def reckoned(how: How, old: float, value: float) -> float:
    """Return what becomes of a number; whole numbers stay whole where the result is."""
    new = value if how is How.SET else old * value if how is How.TIMES else old + value
    return int(new) if isinstance(old, int) and not isinstance(old, bool) and float(new).is_integer() else new


def number_in(change: Change) -> float:
    """Return the number that a change multiplies by, adds or puts.

    Raises
    ------
    InvalidInput
        If it is none.
    """
    value = change.value
    if isinstance(value, str):
        try:
            value = float(value) if "_" not in value else math.nan
        except ValueError:
            value = math.nan
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        problem = f"'{_shown(change.value)}' is no finite number"
        remedy = {How.TIMES: "expected a factor, such as 1.2", How.PLUS: "expected an amount"}.get(change.how, "")
        raise InvalidInput("changes", [Fault(place=change.key, problem=problem, remedy=remedy or "expected a number")])
    return value


def _shown(value: Any) -> str:
    return f"{value:.10g}" if isinstance(value, float) else str(value)
