"""A network to a folder: only tables and columns that differ from their defaults, everything to the last bit."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from batteryopt.errors import Fault, InvalidInput
from batteryopt.files import write_atomically
from batteryopt.network.instance import Network
from batteryopt.network.tables.cells import LIST_SEPARATOR, PERIOD_SEPARATOR, Column, text_of
from batteryopt.network.tables.matrices import matrix_bytes
from batteryopt.network.tables.schema import TABLES, Table
from batteryopt.network.tables.settings import FILE, KIND, default_of, policy_columns
from batteryopt.network.tables.sheet import COMMENT

Values = Mapping[str, Any]
"""A row to be: what stands in it, by attribute."""


def write(network: Network, folder: str | os.PathLike[str]) -> None:
    """Write a network as a folder; reading the folder gives the same network, to the last bit.

    The folder is made where there is none; tables of an older network in it that this one has not are removed.

    Raises
    ------
    InvalidInput
        If a name has something that a table could not give back, or the folder cannot be written to.
    """
    faults = list(_unwritable_names(network))
    if faults:
        raise InvalidInput(network.name, faults)
    path = Path(folder)
    path.mkdir(parents=True, exist_ok=True)
    periods = [period.name for period in network.periods]
    rows = _rows(network)
    for name, table in TABLES.items():
        file = path / f"{name}.csv"
        if rows[name]:
            write_atomically(file, _csv(table, rows[name], periods))
        else:
            file.unlink(missing_ok=True)
    for name, matrix in network.distances.items():
        write_atomically(path / f"{name}.npz", matrix_bytes([site.name for site in network.sites], matrix))
    write_atomically(path / FILE, _settings(network))


def _unwritable_names(network: Network) -> Iterator[Fault]:
    """Yield names that would be read as something else: as a remark, as several names, or without their spaces."""
    named: tuple[Any, ...] = (
        *network.products,
        *network.sites,
        *network.types,
        *network.modes,
        *network.groups,
        *network.scenarios,
    )
    for entity in (*named, *network.periods):
        name = entity.name
        if name != name.strip() or name.startswith(COMMENT) or any(c in name for c in (LIST_SEPARATOR, "\n", "\r")):
            remedy = f"rename it: no {COMMENT} at its beginning, no {LIST_SEPARATOR} or line break, no spaces around it"
            yield Fault(place=type(entity).__name__.lower(), problem=f"the name {name!r} fits no table", remedy=remedy)


def _rows(network: Network) -> Mapping[str, list[Values]]:
    """Return every table's rows."""
    policy = network.policy
    rows: dict[str, list[Values]] = {
        name: [vars(entity) for entity in getattr(network, name)]
        for name in (
            "products",
            "sites",
            "returns",
            "candidates",
            "markets",
            "disposals",
            "modes",
            "lanes",
            "scenarios",
        )
    }
    rows |= {
        name: [vars(rule) for rule in getattr(policy, name)]
        for name in ("collection_targets", "coverage", "limits", "subsidies")
    }
    rows["groups"] = [{"group": group.name, "site": site} for group in network.groups for site in group.sites]
    rows["types"] = [vars(type_) for type_ in network.types]
    rows |= _parts_of_types(network)
    rows["comes_back"] = [
        {"owner_site": m.site, "owner_bought": m.product, "owner_scenario": m.scenario, **vars(back)}
        for m in network.markets
        for back in m.comes_back
    ]
    rows["mode_products"] = [{"owner_mode": m.name, **vars(part)} for m in network.modes for part in m.by_product]
    return rows


def _parts_of_types(network: Network) -> dict[str, list[Values]]:
    types = network.types
    levels: list[Values] = [{"owner_type": t.name, **vars(level)} for t in types for level in t.levels]
    levels += [
        {"owner_type": c.type, "owner_site": c.site, **vars(level)} for c in network.candidates for level in c.levels
    ]
    return {
        "recipes": [{"owner_type": t.name, **vars(recipe)} for t in types for recipe in t.recipes],
        "recipe_products": [
            {"owner_type": t.name, "owner_recipe": r.name, "product": product, side: tonnes}
            for t in types
            for r in t.recipes
            for side, products in (("input_t", r.inputs), ("output_t", r.outputs))
            for product, tonnes in products
        ],
        "levels": levels,
        "storage": [{"owner_type": t.name, **vars(row)} for t in types for row in t.storage],
    }


def _csv(table: Table, rows: list[Values], periods: list[str]) -> str:
    columns = [column for column in table.columns if column.required or _is_used(column, rows)]
    heads = [(column, period) for column in columns for period in _periods_of(column, rows, len(periods))]
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow([c.name if t is None else f"{c.name}{PERIOD_SEPARATOR}{periods[t]}" for c, t in heads])
    writer.writerows([[_cell(column, t, row, heads) for column, t in heads] for row in rows])
    return stream.getvalue()


def _is_used(column: Column, rows: Iterable[Values]) -> bool:
    return any(_value(column, row) != column.default for row in rows)


def _periods_of(column: Column, rows: Iterable[Values], periods: int) -> Iterator[int | None]:
    """Yield which columns a column becomes: one for all periods (None), one a period, or both."""
    varying = [isinstance(_value(column, row), tuple) for row in rows] if column.by_period else []
    if not all(varying) or not varying:
        yield None
    if any(varying):
        yield from range(periods)


def _value(column: Column, row: Values) -> Any:
    return row.get(column.field, column.default)


def _cell(column: Column, period: int | None, row: Values, heads: Sequence[tuple[Column, int | None]]) -> str:
    value = _value(column, row)
    if column.by_period and isinstance(value, tuple):
        return "" if period is None else text_of(value[period])
    if period is not None:
        return ""
    is_default = value == column.default and not column.required and (column, 0) not in heads
    return "" if is_default else text_of(value)


def _settings(network: Network) -> str:
    """Return ``network.toml``."""
    years = [period.years for period in network.periods]
    lines = [
        f'kind = "{KIND}"',
        *(f"{key} = {_toml(getattr(network, key))}" for key in ("name", "source", "currency") if getattr(network, key)),
        f"periods = {_toml([period.name for period in network.periods])}",
        *([f"years_per_period = {_toml(years)}"] if set(years) != {1.0} else []),
        *([f"discount_rate = {_toml(network.discount_rate)}"] if network.discount_rate else []),
    ]
    if network.distances:
        lines += ["", "[distances]", *(f"{_toml(name)} = {_toml(f'{name}.npz')}" for name in network.distances)]
    changed = {key: getattr(network.policy, key) for key in policy_columns()}
    changed = {key: value for key, value in changed.items() if value != default_of(key)}
    if changed:
        lines += ["", "[policy]", *(f"{key} = {_toml(value)}" for key, value in changed.items())]
    return "\n".join(lines) + "\n"


def _toml(value: Any) -> str:
    """Return a value in TOML's notation; JSON's texts and lists are valid there."""
    if isinstance(value, tuple | list):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return ("true" if value else "false") if isinstance(value, bool) else repr(value)
