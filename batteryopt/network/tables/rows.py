"""A network as rows of tables, whatever they are written into: only what differs from its default."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from batteryopt.network.data.instance import Level, Network
from batteryopt.network.tables.cells import PERIOD_SEPARATOR, Column
from batteryopt.network.tables.schema import TableSchema
from batteryopt.network.tables.settings import TEXTS, default_of, policy_columns

Values = Mapping[str, Any]
"""A row to be: what stands in it, by attribute."""
Head = tuple[Column, int | None]
"""A column to be: of all periods (None), or of one."""


def rows_of(network: Network) -> Mapping[str, list[Values]]:
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
            "changes",
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
    owners: list[tuple[Values, Sequence[Level]]] = [({"owner_type": t.name}, t.levels) for t in types]
    owners += [({"owner_type": c.type, "owner_site": c.site}, c.levels) for c in network.candidates]
    return {
        "recipes": [{"owner_type": t.name, **vars(recipe)} for t in types for recipe in t.recipes],
        "recipe_products": [
            {"owner_type": t.name, "owner_recipe": r.name, "product": product, side: tonnes}
            for t in types
            for r in t.recipes
            for side, products in (("input_t", r.inputs), ("output_t", r.outputs))
            for product, tonnes in products
        ],
        "levels": [{**owner, **vars(level)} for owner, levels in owners for level in levels],
        "level_products": [
            {**owner, "owner_level": level.name, **vars(row)}
            for owner, levels in owners
            for level in levels
            for row in level.by_product
        ],
        "storage": [{"owner_type": t.name, **vars(row)} for t in types for row in t.storage],
    }


def heads_of(table: TableSchema, rows: Sequence[Values], periods: int) -> list[Head]:
    """Return the columns that rows need: those that every row has, and those that differ from their default."""
    columns = [column for column in table.columns if column.required or _is_used(column, rows)]
    return [(column, period) for column in columns for period in _periods_of(column, rows, periods)]


def text_of_head(head: Head, periods: Sequence[str]) -> str:
    """Return the name of a column."""
    column, period = head
    return column.name if period is None else f"{column.name}{PERIOD_SEPARATOR}{periods[period]}"


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


def cell_of(head: Head, row: Values, heads: Sequence[Head]) -> Any:
    """Return what stands in a row's cell; None where nothing does."""
    column, period = head
    value = _value(column, row)
    if column.by_period and isinstance(value, tuple):
        return None if period is None else value[period]
    if period is not None:
        return None
    is_default = value == column.default and not column.required and (column, 0) not in heads
    return None if is_default else value


def settings_of_network(network: Network) -> dict[str, Any]:
    """Return the settings that differ from their defaults, as ``network.toml`` has them, without distances."""
    years = [period.years for period in network.periods]
    policy = {key: getattr(network.policy, key) for key in policy_columns()}
    return {
        **{key: getattr(network, key) for key in TEXTS if getattr(network, key)},
        "periods": [period.name for period in network.periods],
        **({"years_per_period": years} if set(years) != {1.0} else {}),
        **({"discount_rate": network.discount_rate} if network.discount_rate else {}),
        **{f"policy.{key}": value for key, value in policy.items() if value != default_of(key)},
    }
