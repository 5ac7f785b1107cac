"""``network.toml``: the few things of a network that are no table: name, currency, periods, distances, policy."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from batteryopt.errors import Fault, nearest
from batteryopt.input_faults import show
from batteryopt.network.instance import Period, Policy
from batteryopt.network.tables.cells import Column, Kind
from batteryopt.network.tables.schema import columns_of

KIND = "network"
FILE = "network.toml"
POLICY_TABLES = ("collection_targets", "coverage", "limits", "subsidies")
"""The rules of the policy that stand in tables of their own."""
TEXTS = {"name": "what this network is called", "source": "where its numbers come from"} | {
    "currency": "of every price and cost, such as CNY"
}


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What ``network.toml`` holds.

    Attributes
    ----------
    distances
        Matrix files by name, relative to the folder.
    policy
        Attributes of `Policy`, without its rules.
    """

    texts: Mapping[str, str]
    discount_rate: float
    periods: tuple[Period, ...]
    distances: Mapping[str, str]
    policy: Mapping[str, Any]


def settings_of(content: Mapping[str, Any], folder: Path, faults: list[Fault]) -> Settings:
    """Return the settings; what is wrong with them goes to `faults`."""
    known = {"kind", *TEXTS, "discount_rate", "periods", "years_per_period", "distances", "policy"}
    for key in content:
        if key not in known:
            faults.append(_fault(key, "unknown key", nearest(key, known)))
    texts = {key: content.get(key, "") for key in TEXTS}
    for key, text in texts.items():
        if not isinstance(text, str):
            faults.append(_fault(key, f"is {show(text)}", f"expected a text in quotes ({TEXTS[key]})"))
            texts[key] = ""
    rate = content.get("discount_rate", 0.0)
    if not _is_number(rate):
        faults.append(_fault("discount_rate", f"is {show(rate)}", "expected a number (0.05 is 5 % a year)"))
        rate = 0.0
    periods = _periods(content, faults)
    return Settings(
        texts={**texts, "name": texts["name"] or folder.resolve().name},
        discount_rate=float(rate),
        periods=periods,
        distances=_distances(content, faults),
        policy=dict(_policy(content.get("policy", {}), len(periods), faults)),
    )


def policy_columns() -> Mapping[str, Column]:
    """Return the keys that ``[policy]`` may have, as columns know them: kind, default and meaning."""
    return {column.name: column for column in columns_of(Policy, without=POLICY_TABLES)}


def _fault(key: str, problem: str, remedy: str) -> Fault:
    return Fault(place=f"{FILE}, {key}", problem=problem, remedy=remedy)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _periods(content: Mapping[str, Any], faults: list[Fault]) -> tuple[Period, ...]:
    names = content.get("periods")
    if not isinstance(names, list) or not names or not all(isinstance(n, str | int) for n in names):
        problem = "is missing" if names is None else f"is {show(names)}"
        faults.append(_fault("periods", problem, 'expected a list of names, such as ["2025", "2026"]'))
        return ()
    years = content.get("years_per_period", 1.0)
    lengths = [years] * len(names) if _is_number(years) else years
    if not isinstance(lengths, list) or len(lengths) != len(names) or not all(map(_is_number, lengths)):
        remedy = f"expected a number of years, or a list of {len(names)} of them"
        faults.append(_fault("years_per_period", f"is {show(years)}", remedy))
        lengths = [1.0] * len(names)
    return tuple(Period(name=str(n), years=float(y)) for n, y in zip(names, lengths, strict=True))


def _distances(content: Mapping[str, Any], faults: list[Fault]) -> Mapping[str, str]:
    files = content.get("distances", {})
    if not isinstance(files, Mapping):
        remedy = 'expected a table: [distances], then road = "road_km.npz"'
        faults.append(_fault("distances", f"is {show(files)}", remedy))
        return {}
    for name, file in files.items():
        if not isinstance(file, str):
            faults.append(_fault(f"distances.{name}", f"is {show(file)}", "expected the name of a CSV or NPZ file"))
    return {name: file for name, file in files.items() if isinstance(file, str)}


def _policy(values: Any, periods: int, faults: list[Fault]) -> Iterator[tuple[str, Any]]:
    if not isinstance(values, Mapping):
        faults.append(_fault("policy", f"is {show(values)}", "expected a table: [policy]"))
        return
    columns = policy_columns()
    for key, value in values.items():
        place = f"policy.{key}"
        if key not in columns:
            faults.append(_fault(place, "unknown key", nearest(key, columns)))
            continue
        column = columns[key]
        if column.kind is Kind.YES_NO and isinstance(value, bool):
            yield key, value
        elif column.kind is Kind.NUMBER and _is_number(value):
            yield key, float(value)
        elif column.by_period and isinstance(value, list) and len(value) == periods and all(map(_is_number, value)):
            yield key, tuple(float(number) for number in value)
        else:
            expected = "true or false" if column.kind is Kind.YES_NO else "a number"
            expected += f", or a list of {periods}, one a period" if column.by_period else ""
            faults.append(_fault(place, f"is {show(value)}", f"expected {expected} ({column.meaning})"))


def default_of(name: str) -> Any:
    """Return the default of a key of ``[policy]``."""
    return next(field.default for field in dataclasses.fields(Policy) if field.name == name)
