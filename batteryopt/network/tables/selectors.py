"""What the key of a change names in a network: a setting, a matrix of distances, or a column of some rows of a table.

``discount_rate``, ``policy.carbon_price_per_t``, ``returns.tonnes``, ``markets[product=black_mass].price_per_t``,
``candidates[site=Berlin,type=plant].standing``; ``:2027`` behind it means one period alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from batteryopt.ground.errors import Fault, InvalidInput, nearest
from batteryopt.network.data.instance import Network
from batteryopt.network.tables.cells import PERIOD_SEPARATOR, CellKind, Column, NotAValue, value_of
from batteryopt.network.tables.schema import TABLES, TableSchema
from batteryopt.network.tables.settings import TEXTS, policy_columns
from batteryopt.tables.changes import outside

POLICY, DISTANCES, YEARS = "policy", "distances", "years_per_period"
_RATE = Column(
    name="discount_rate", field="discount_rate", kind=CellKind.NUMBER, default=0.0, meaning="a year; 0.05: 5 %"
)
_YEARS = Column(
    name=YEARS, field="years", kind=CellKind.NUMBER, default=1.0, by_period=True, meaning="length of a period"
)


@dataclass(frozen=True, kw_only=True)
class Selector:
    """What a key names.

    Attributes
    ----------
    key
        As it was written.
    table
        The table whose rows are meant; None for a setting.
    where
        Columns with the value that a row must have there to be meant; none: all rows.
    column
        What is changed; of a setting, the column that it would be.
    period
        Index of the one period that is meant; None: all.
    """

    key: str
    table: TableSchema | None
    where: tuple[tuple[Column, Any], ...] = ()
    column: Column
    period: int | None = None

    def meets(self, row: Any) -> bool:
        """Whether a row is meant."""
        return all(_is_there(row.get(column.field, column.default), wanted) for column, wanted in self.where)


def selector_of(key: str, network: Network) -> Selector:
    """Return what a key names in a network.

    Raises
    ------
    InvalidInput
        With the nearest right name of what it does not name; whether any row matches is not looked at.
    """
    path, period = _with_period(key, network)
    head, conditions, rest = _parts(key, path)
    if head == POLICY and rest:
        _refuse_conditions(key, conditions)
        column = _named(key, rest, policy_columns(), "setting of the policy", f"{POLICY}.")
        return _in_period(Selector(key=key, table=None, column=column), period, key)
    if head == DISTANCES and rest:
        _refuse_conditions(key, conditions)
        if rest not in network.distances:
            raise _fault(key, f"there are no distances '{rest}'", nearest(rest, network.distances))
        return Selector(
            key=key, table=None, column=Column(name=f"{DISTANCES}.{rest}", field=rest, kind=CellKind.NUMBER)
        )
    if not rest:
        return _in_period(_setting(key, head, conditions), period, key)
    table = TABLES.get(head)
    if table is None:
        raise _fault(key, f"there is no table '{head}'", nearest(head, [*TABLES, POLICY, DISTANCES]))
    where = tuple(_condition(key, table, condition) for condition in conditions)
    column = _named(key, rest, table.by_name, f"column of {head}")
    return _in_period(Selector(key=key, table=table, where=where, column=column), period, key)


def _setting(key: str, name: str, conditions: list[str]) -> Selector:
    settings = {"discount_rate": _RATE, YEARS: _YEARS} | {
        text: Column(name=text, field=text, kind=CellKind.TEXT, default="", meaning=meaning)
        for text, meaning in TEXTS.items()
    }
    if name in settings and not conditions:
        return Selector(key=key, table=None, column=settings[name])
    if name in TABLES:
        columns = ", ".join(f"{name}.{column.name}" for column in TABLES[name].columns[:4])
        raise _fault(key, "names a table and none of its columns", f"expected such as {columns}")
    known = [*settings, *(f"{POLICY}.{rule}" for rule in policy_columns()), *TABLES]
    raise _fault(key, "is neither a setting nor a column of a table", nearest(name, known))


def _with_period(key: str, network: Network) -> tuple[str, int | None]:
    """Return a key without the period behind it, and the period's index."""
    at = max((position for position, mark in outside(key) if mark == PERIOD_SEPARATOR), default=-1)
    if at < 0:
        return key, None
    name = key[at + 1 :].strip()
    if name not in network.period_index:
        raise _fault(key, f"period '{name}' is not declared", nearest(name, network.period_index))
    return key[:at].strip(), network.period_index[name]


def _in_period(selector: Selector, period: int | None, key: str) -> Selector:
    if period is not None and not selector.column.by_period:
        raise _fault(key, f"'{selector.column.name}' is the same in all periods", "leave the period out")
    return replace(selector, period=period)


def _parts(key: str, path: str) -> tuple[str, list[str], str]:
    """Return the head of a path, its conditions, and what follows the point."""
    if path.count("[") and "]" not in path:
        raise _fault(key, "has a bracket that is not closed", "expected such as returns[site=Berlin].tonnes")
    marks = {position for position, _ in outside(path)}
    points = [position for position in sorted(marks) if path[position] == "."]
    head = path[: points[0]] if points else path
    rest = path[points[0] + 1 :] if points else ""
    name, bracket, inner = head.partition("[")
    if bracket and not inner.rstrip().endswith("]"):
        raise _fault(key, "has something behind its brackets", "expected such as returns[site=Berlin].tonnes")
    conditions = list(_split(inner.rstrip()[:-1])) if bracket else []
    if "[" in rest:
        raise _fault(key, "has its brackets behind the column", "expected such as returns[site=Berlin].tonnes")
    return name.strip(), conditions, rest.strip()


def _split(text: str) -> Iterator[str]:
    """Yield what stands between commas outside quotation marks."""
    part, quote = "", ""
    for mark in text:
        if mark == "," and not quote:
            yield part.strip()
            part = ""
            continue
        if mark in "\"'" and (quote == mark or (not quote and part.rstrip().endswith("="))):
            quote = "" if quote else mark
        part += mark
    yield part.strip()


def _condition(key: str, table: TableSchema, text: str) -> tuple[Column, Any]:
    name, equals, value = (part.strip() for part in text.partition("="))
    if not equals:
        raise _fault(key, f"'{text}' says nothing of a column", "expected such as site=Berlin")
    column = _named(key, name, table.by_name, f"column of {table.name}")
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        value = value[1:-1]
    if not value:
        return column, column.default
    try:
        return column, value_of(value, column)
    except NotAValue:
        raise _fault(key, f"{name} cannot be '{value}'", f"expected {column.expectation}") from None


def _is_there(value: Any, wanted: Any) -> bool:
    """Whether a row holds what is wanted; of a list of names, whether it has all that are wanted."""
    if isinstance(wanted, tuple):
        return set(wanted) <= set(value or ())
    return bool(value == wanted)


def _named(key: str, name: str, known: Any, what: str, prefix: str = "") -> Column:
    if name not in known:
        found = nearest(name, known)
        raise _fault(key, f"'{name}' is no {what}", found.replace("mean '", f"mean '{prefix}") if prefix else found)
    column: Column = known[name]
    return column


def _refuse_conditions(key: str, conditions: list[str]) -> None:
    if conditions:
        raise _fault(key, "chooses rows of what is no table", "leave the brackets out")


def _fault(key: str, problem: str, remedy: str) -> InvalidInput:
    return InvalidInput("changes", [Fault(place=key, problem=problem, remedy=remedy)])
