"""A network with changes: chosen rows and settings with other numbers, judged as a network that is read is judged."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from batteryopt.ground.errors import Fault, InvalidInput, nearest
from batteryopt.network.data.entity import judged_later
from batteryopt.network.data.entity_faults import InvalidNetwork
from batteryopt.network.data.foresight import foresee
from batteryopt.network.data.instance import Floats, Network
from batteryopt.network.tables.assemble import assemble, relocate
from batteryopt.network.tables.cell_grid import CellGrid, Source
from batteryopt.network.tables.cells import CellKind, Column, NotAValue, text_of, value_of
from batteryopt.network.tables.rows import Values, rows_of
from batteryopt.network.tables.schema import TABLES
from batteryopt.network.tables.selectors import DISTANCES, POLICY, YEARS, Selector, selector_of
from batteryopt.network.tables.settings import TEXTS, NetworkSettings, policy_columns
from batteryopt.network.tables.sheet import SheetRow
from batteryopt.tables.changes import Change, How, number_in, reckoned

NUMBERS = (CellKind.NUMBER, CellKind.WHOLE)


def changed(network: Network, changes: Sequence[Change], *, is_foreseen: bool = False) -> Network:
    """Return a validated copy of a network with changes, one after the other.

    Parameters
    ----------
    is_foreseen
        Whether to refuse what can be seen of an impossible plan too, as reading does.

    Raises
    ------
    InvalidInput
        With every fault: keys that name nothing or no row, with the nearest right name, and values out of range.
    """
    work = _Changing(network)
    for change in changes:
        try:
            work.apply(selector_of(change.key, network), change)
        except InvalidInput as error:
            work.faults += error.faults
    source = f"{network.name} with its changes"
    if work.faults:
        raise InvalidInput(source, work.faults)
    found = work.network(source)
    if is_foreseen:
        faults = list(foresee(found))
        if faults:
            raise InvalidInput(source, faults)
    return found


def words_of_key(network: Network, key: str) -> str:
    """Return what a key of numbers means, for axes and pages.

    Raises
    ------
    InvalidInput
        If it names nothing, or no number.
    """
    selector = selector_of(key, network)
    column = selector.column
    if column.kind not in NUMBERS:
        problem = f"{column.name} holds {column.kind.value}"
        raise InvalidInput("changes", [Fault(place=key, problem=problem, remedy="name a column of numbers")])
    return column.meaning or column.name.replace("_", " ")


def what_ifs(network: Network) -> Mapping[str, tuple[Change, ...]]:
    """Return the changes of every what-if of a network's table ``changes`` by name, in the order of its rows."""
    found: dict[str, tuple[Change, ...]] = {}
    for row in network.changes:
        found[row.name] = (*found.get(row.name, ()), Change(key=row.key, how=row.change, value=row.value))
    return found


def changes_called(network: Network, name: str, place: str = "what-if") -> tuple[Change, ...]:
    """Return the changes of a what-if, or raise `InvalidInput` with the nearest name that there is."""
    known = what_ifs(network)
    if name in known:
        return known[name]
    remedy = nearest(name, known) if known else "name some in the table 'changes': columns name, key, change, value"
    raise InvalidInput(network.name, [Fault(place=place, problem=f"'{name}' is unknown", remedy=remedy)])


def what_if_faults(network: Network, places: Mapping[str, str]) -> Iterator[Fault]:
    """Yield what is wrong with the what-ifs of a network, at the places of their names."""
    futures = {scenario.name for scenario in network.scenarios}
    for name, changes in what_ifs(network).items():
        if name in futures:  # judged as a whole future: see `tables.future_faults`
            continue
        try:
            changed(network, changes)
        except InvalidInput as error:
            for fault in error.faults:
                yield dataclasses.replace(fault, place=f"{places.get(name, 'changes')}, {fault.place}")


# ---- rows and settings with other values ---------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class _Lines(CellGrid):
    """A table of a network in memory: its rows are numbered as in a file, the header being row 1."""

    lines: Sequence[Any] = ()

    def row(self, line: int) -> str:
        return f"{self.place} row {line}"

    def column(self, name: str, position: int | None = None) -> str:  # noqa: ARG002 (columns have names)
        return f"{self.place}, column {name}"

    def cell(self, line: int, name: str, position: int | None = None) -> str:  # noqa: ARG002
        return f"{self.row(line)}, column {name}"


@dataclass(kw_only=True)
class _Line(SheetRow):
    """A row with the keys of the changes that its attributes come from."""

    keys: dict[str, str] = field(default_factory=dict)

    def place(self, attribute: str = "", period: int | None = None) -> str:
        """Return where a fault of this row is: the change's key where one made it."""
        place = SheetRow.place(self, attribute, period)
        key = self.keys.get(attribute) or next(iter(self.keys.values()), "")
        return f"{key} ({place})" if key else place


class _Memory(Source):
    """A network in memory as a place of faults."""

    periods_example = "names"

    def __init__(self, keys: Mapping[str, str], name: str) -> None:
        self.name = self.title = name
        self._keys = keys

    def setting(self, key: str, item: int = 0) -> str:  # noqa: ARG002
        return self._keys.get(key, key)

    def table(self, name: str) -> str:
        return f"the table '{name}'"

    def content(self, faults: list[Fault]) -> Mapping[str, Any]:  # noqa: ARG002
        return {}

    def grids(self, known: Iterable[str], distances: Mapping[str, str], faults: list[Fault]) -> Mapping[str, CellGrid]:  # noqa: ARG002
        return {}

    def matrix(self, name: str, where: str, sites: Sequence[str], faults: list[Fault]) -> Floats:
        raise NotImplementedError(name)


class _Changing:
    """The rows and settings of a network under way."""

    def __init__(self, network: Network) -> None:
        self._base = network
        self.faults: list[Fault] = []
        self._sheets = {
            name: [
                _Line(table=TABLES[name], grid=_Lines(place=name), line=line, values=dict(row))
                for line, row in enumerate(rows, start=2)
            ]
            for name, rows in rows_of(network).items()
        }
        self._texts: dict[str, str] = {key: getattr(network, key) for key in TEXTS}
        self._rate: Any = network.discount_rate
        years = tuple(period.years for period in network.periods)
        self._settings: dict[str, Any] = {YEARS: years} | {
            f"{POLICY}.{key}": getattr(network.policy, key) for key in policy_columns()
        }
        self._distances = dict(network.distances)
        self._keys: dict[str, str] = {}

    def apply(self, selector: Selector, change: Change) -> None:
        """Make one change."""
        column = selector.column
        if selector.table is not None:
            self._change_rows(selector, change)
        elif column.name in TEXTS:
            self._texts[column.name] = str(_put(column, change))
        elif column.name == "discount_rate":
            self._rate = self._new(selector, change, self._rate)
        elif column.name.startswith(f"{DISTANCES}."):
            self._scale_distances(column.field, change)
        else:
            name = YEARS if column.name == YEARS else f"{POLICY}.{column.name}"
            self._settings[name] = self._new(selector, change, self._settings[name])
            self._keys[name] = change.key

    def _change_rows(self, selector: Selector, change: Change) -> None:
        assert selector.table is not None
        rows = self._sheets[selector.table.name]
        meant = [row for row in rows if selector.meets(row.values)]
        if not meant:
            raise _fault(change, *_no_row(selector, rows))
        column = selector.column
        if column.field in selector.table.sides:  # a product has one row for what is used and one for what is made
            meant = [row for row in meant if row.values.get(column.field)]
            if not meant:
                raise _fault(change, f"no row that matches has a number in {column.name}", "name other rows")
        elif change.how is not How.SET and column.kind in NUMBERS:
            there = [row for row in meant if row.values.get(column.field, column.default) is not None]
            if not there:
                raise _fault(change, f"is empty in all {len(meant)} rows that match", "put a number there with =")
            meant = there
        for row in meant:
            row.values[column.field] = self._new(selector, change, row.values.get(column.field, column.default))
            row.keys[column.field] = change.key

    def _new(self, selector: Selector, change: Change, old: Any) -> Any:
        """Return what becomes of a value; of a profile, of the one period that is meant or of all."""
        column, periods = selector.column, len(self._base.periods)
        if change.how is not How.SET and column.kind not in NUMBERS:
            raise _fault(change, f"{column.name} holds {column.kind.value}", "put a value there with =")
        if change.how is not How.SET and old is None:
            raise _fault(change, "is empty", "put a number there with =")
        put = _put(column, change) if change.how is How.SET else number_in(change)
        if selector.period is not None:
            items = list(old) if isinstance(old, tuple) else [old] * periods
            items[selector.period] = _became(change, items[selector.period], put)
            if None in items:
                raise _fault(change, "is empty in the other periods", "put a number there for all periods first")
            return tuple(items)
        if change.how is How.SET:
            return (put,) * periods if column.name == YEARS and not isinstance(put, tuple) else put
        if isinstance(old, tuple):
            return tuple(_became(change, item, put) for item in old)
        return _became(change, old, put)

    def _scale_distances(self, name: str, change: Change) -> None:
        if change.how is not How.TIMES or number_in(change) <= 0:
            raise _fault(change, f"'{change}' cannot be", "multiply distances by a factor above 0: *=")
        self._distances[name] = np.asarray(self._distances[name] * number_in(change), dtype=float)

    def network(self, source: str) -> Network:
        """Return the network, or raise `InvalidInput` with every fault of it."""
        faults: list[Fault] = []
        with judged_later():
            periods = tuple(
                dataclasses.replace(period, years=years)
                for period, years in zip(self._base.periods, self._settings[YEARS], strict=True)
            )
            settings = NetworkSettings(
                texts=self._texts,
                discount_rate=self._rate,
                periods=periods,
                distances={},
                policy={key: self._settings[f"{POLICY}.{key}"] for key in policy_columns()},
            )
            memory = _Memory(self._keys, source)
            arguments, work = assemble(self._sheets, memory, settings, faults)
        try:
            found = Network(**arguments, distances=self._distances) if not faults else None
        except InvalidNetwork as error:
            found, faults = None, [*faults, *relocate(error.entity_faults, work)]
        if found is None:
            raise InvalidInput(source, _told_once(faults))
        return found


def _told_once(faults: Iterable[Fault]) -> list[Fault]:
    """Return faults with those of one change and one kind told once, with the number of the others."""
    found: dict[tuple[str, str], list[Fault]] = {}
    for fault in faults:
        key, bracket, _ = fault.place.rpartition(" (")
        found.setdefault((key if bracket else fault.place, fault.remedy), []).append(fault)
    return [
        dataclasses.replace(one[0], problem=f"{one[0].problem} (and so in {len(one) - 1} other rows)")
        if len(one) > 1
        else one[0]
        for one in found.values()
    ]


def _put(column: Column, change: Change) -> Any:
    """Return what is put into a column: the value itself, or what its text stands for there."""
    if not isinstance(change.value, str):
        return tuple(change.value) if isinstance(change.value, list) else change.value
    if not change.value:
        return column.default
    if column.kind is CellKind.TEXT and column.choices is None:
        return change.value
    try:
        return value_of(change.value, column)
    except NotAValue as error:
        raise _fault(change, f"cannot be '{change.value}'", f"expected {str(error) or column.expectation}") from None


def _became(change: Change, old: Any, value: Any) -> Any:
    return value if change.how is How.SET else reckoned(change.how, old, value)


def _no_row(selector: Selector, rows: Sequence[_Line]) -> tuple[str, str]:
    """Return that no row matches, and the nearest value that a row has."""
    assert selector.table is not None
    if not rows:
        return f"the table '{selector.table.name}' has no rows", "there is nothing to change"
    for column, wanted in selector.where:
        there = {text_of(value) for row in rows for value in _each(row.values, column)}
        if text_of(wanted) not in there and not isinstance(wanted, tuple):
            return f"no row of {selector.table.name} has {column.name} '{text_of(wanted)}'", nearest(
                text_of(wanted), there - {""}
            )
    words = ", ".join(f"{column.name} {text_of(wanted)}" for column, wanted in selector.where)
    return f"no row of {selector.table.name} has {words} together", "leave one of them out"


def _each(values: Values, column: Column) -> tuple[Any, ...]:
    value = values.get(column.field, column.default)
    return value if isinstance(value, tuple) else (value,)


def _fault(change: Change, problem: str, remedy: str) -> InvalidInput:
    return InvalidInput("changes", [Fault(place=change.key, problem=problem, remedy=remedy)])
