"""The few things of a network that are no table: name, currency, periods, distances, policy."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from batteryopt.ground.errors import Fault, nearest
from batteryopt.ground.inputs import LARGEST, MOST_PERIODS, counted
from batteryopt.network.data.entity import judged_later
from batteryopt.network.data.instance import Period, Policy
from batteryopt.network.tables.cell_grid import Source
from batteryopt.network.tables.cells import CellKind, Column
from batteryopt.network.tables.schema import columns_of
from batteryopt.tables.input_faults import show

POLICY_TABLES = ("collection_targets", "coverage", "limits", "subsidies")
"""The rules of the policy that stand in tables of their own."""
TEXTS = {"name": "what this network is called", "source": "where its numbers come from"} | {
    "currency": "of every price and cost, such as CNY"
}


@dataclass(frozen=True, kw_only=True)
class NetworkSettings:
    """What ``network.toml``, or the sheet ``network``, holds.

    Attributes
    ----------
    distances
        Where each matrix is, by name: a file, relative to the folder, or a sheet.
    policy
        Attributes of `Policy`, without its rules.
    """

    texts: Mapping[str, str]
    discount_rate: float
    periods: tuple[Period, ...]
    distances: Mapping[str, str]
    policy: Mapping[str, Any]


def settings_of(source: Source, faults: list[Fault]) -> NetworkSettings:
    """Return the settings; what is wrong with them goes to `faults`."""
    with judged_later():
        return _Reading(source, source.content(faults), faults).settings()


def policy_columns() -> Mapping[str, Column]:
    """Return the keys that ``[policy]`` may have, as columns know them: kind, default and meaning."""
    return {column.name: column for column in columns_of(Policy, without=POLICY_TABLES)}


def _is_number(value: Any) -> bool:
    """Whether a value is a number of a size that can be computed with; infinite stands for no limit."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    return abs(value) <= LARGEST or (isinstance(value, float) and math.isinf(value))


@dataclass(frozen=True)
class _Reading:
    """Settings under way, with what is wrong with them."""

    source: Source
    content: Mapping[str, Any]
    faults: list[Fault]

    def settings(self) -> NetworkSettings:
        known = {"kind", *TEXTS, "discount_rate", "periods", "years_per_period", "distances", "policy"}
        for key in self.content:
            if key not in known:
                self._add(key, "unknown key", nearest(key, known))
        texts = self._texts()
        rate = self.content.get("discount_rate", 0.0)
        if not _is_number(rate):
            self._add("discount_rate", f"is {show(rate)}", "expected a number (0.05 is 5 % a year)")
            rate = 0.0
        periods = self._periods()
        return NetworkSettings(
            texts={**texts, "name": texts["name"] or self.source.title},
            discount_rate=float(rate),
            periods=periods,
            distances=self._distances(),
            policy=dict(self._policy(len(periods))),
        )

    def _add(self, key: str, problem: str, remedy: str, item: int = 0) -> None:
        self.faults.append(Fault(place=self.source.setting(key, item), problem=problem, remedy=remedy))

    def _add_value(self, key: str, value: Any, remedy: str, length: int) -> None:
        """Tell of a value that is none; of a list of the right length, of the first item that is none."""
        if isinstance(value, list) and len(value) == length:
            item = next(i for i, one in enumerate(value) if not _is_number(one))
            self._add(key, f"has {show(value[item])} in it", remedy, item)
        else:
            self._add(key, f"is {show(value)}", remedy)

    def _texts(self) -> dict[str, str]:
        texts = {key: self.content.get(key, "") for key in TEXTS}
        for key, text in texts.items():
            if not isinstance(text, str):
                self._add(key, f"is {show(text)}", f"expected a text in quotes ({TEXTS[key]})")
                texts[key] = ""
        return texts

    def _periods(self) -> tuple[Period, ...]:
        names = self.content.get("periods")
        if not isinstance(names, list) or not names or not all(isinstance(n, str | int) for n in names):
            problem = "is missing" if names is None else f"is {show(names)}"
            self._add("periods", problem, f"expected {self.source.periods_example}")
            return ()
        if not counted(len(names), MOST_PERIODS, "names", self.faults.append, self.source.setting("periods")):
            return ()
        years = self.content.get("years_per_period", 1.0)
        lengths = [years] * len(names) if _is_number(years) else years
        if not isinstance(lengths, list) or len(lengths) != len(names) or not all(map(_is_number, lengths)):
            remedy = f"expected a number of years, or a list of {len(names)} of them"
            self._add_value("years_per_period", years, remedy, len(names))
            lengths = [1.0] * len(names)
        return tuple(Period(name=str(n), years=float(y)) for n, y in zip(names, lengths, strict=True))

    def _distances(self) -> Mapping[str, str]:
        files = self.content.get("distances", {})
        if not isinstance(files, Mapping):
            self._add("distances", f"is {show(files)}", 'expected a table: [distances], then road = "road_km.npz"')
            return {}
        for name, file in files.items():
            if not isinstance(file, str):
                self._add(f"distances.{name}", f"is {show(file)}", "expected the name of a CSV or NPZ file")
        return {name: file for name, file in files.items() if isinstance(file, str)}

    def _policy(self, periods: int) -> Iterator[tuple[str, Any]]:
        values = self.content.get("policy", {})
        if not isinstance(values, Mapping):
            self._add("policy", f"is {show(values)}", "expected a table: [policy]")
            return
        columns = policy_columns()
        for key, value in values.items():
            place = f"policy.{key}"
            if key not in columns:
                self._add(place, "unknown key", nearest(key, columns))
                continue
            column = columns[key]
            if column.kind is CellKind.YES_NO and isinstance(value, bool):
                yield key, value
            elif column.kind is CellKind.NUMBER and _is_number(value):
                yield key, float(value)
            elif column.by_period and isinstance(value, list) and len(value) == periods and all(map(_is_number, value)):
                yield key, tuple(float(number) for number in value)
            else:
                expected = "true or false" if column.kind is CellKind.YES_NO else "a number"
                expected += f", or a list of {periods}, one a period" if column.by_period else ""
                length = periods if column.by_period else -1
                self._add_value(place, value, f"expected {expected} ({column.meaning})", length)


def default_of(name: str) -> Any:
    """Return the default of a key of ``[policy]``."""
    return next(field.default for field in dataclasses.fields(Policy) if field.name == name)
