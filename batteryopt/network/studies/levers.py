"""What can be more or less of a network: its prices, costs, quantities, yields and capacities, each by its key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from batteryopt.network.data.instance import Network
from batteryopt.network.tables.rows import rows_of
from batteryopt.network.tables.schema import TABLES

PRICE, COST, QUANTITY, YIELD, RULE = "price", "cost", "quantity", "yield", "rule"
WHAT: Mapping[str, tuple[tuple[str, str, tuple[str, ...]], ...]] = {
    PRICE: (("markets", "price_per_t", ("product",)), ("sites", "electricity_price_per_kwh", ())),
    COST: (
        ("returns", "acquisition_cost_per_t", ("product",)),
        ("levels", "opening_cost", ("type",)),
        ("levels", "fixed_cost", ("type",)),
        ("levels", "variable_cost_per_t", ("type",)),
        ("recipes", "cost_per_t", ("type",)),
        ("modes", "cost_per_t_km", ("mode",)),
        ("modes", "cost_per_t", ("mode",)),
        ("disposals", "cost_per_t", ("product",)),
        ("products", "uncollected_cost_per_t", ("product",)),
    ),
    QUANTITY: (
        ("returns", "tonnes", ("product",)),
        ("levels", "capacity_t", ("type",)),
        ("level_products", "capacity_t", ("type", "product")),
        ("markets", "most_t", ("product",)),
    ),
    YIELD: (("recipe_products", "output_t", ("type", "recipe", "product")),),
}
"""Table, column and the columns by whose values its rows are varied together, by kind."""
SETTINGS = {"policy.carbon_price_per_t": RULE, "discount_rate": RULE}


@dataclass(frozen=True, kw_only=True)
class Lever:
    """One number, or several that move together.

    Attributes
    ----------
    key
        As a change names it.
    name
        For people.
    kind
        One of price, cost, quantity, yield and rule.
    """

    key: str
    name: str
    kind: str


def levers_of(network: Network) -> Iterator[Lever]:
    """Yield everything that a network has a number for which is not 0."""
    rows = rows_of(network)
    for kind, columns in WHAT.items():
        for table, column, by in columns:
            known = TABLES[table].by_name
            if column not in known or any(name not in known for name in by):
                continue
            groups: dict[tuple[str, ...], bool] = {}
            for row in rows[table]:
                value = row.get(known[column].field)
                names = tuple(str(row.get(known[name].field) or "") for name in by)
                counts = any(value) if isinstance(value, tuple) else bool(value)
                groups[names] = groups.get(names, False) or counts
            for names, counts in groups.items():
                if counts:
                    yield _lever(kind, table, column, by, names)
    for key, kind in SETTINGS.items():
        value = network.discount_rate if key == "discount_rate" else network.policy.carbon_price_per_t
        if any(value) if isinstance(value, tuple) else value:
            yield Lever(key=key, name=key.rpartition(".")[2].replace("_", " "), kind=kind)


def _lever(kind: str, table: str, column: str, by: tuple[str, ...], names: tuple[str, ...]) -> Lever:
    quoted = [
        f'{name}="{value}"' if any(c in value for c in ",[]=") else f"{name}={value}"
        for name, value in zip(by, names, strict=True)
    ]
    where = f"[{','.join(quoted)}]" if by else ""
    words = " ".join([table.removesuffix("s").replace("_", " "), column.replace("_", " ")])
    return Lever(key=f"{table}{where}.{column}", name=f"{words}{': ' if by else ''}{' '.join(names)}", kind=kind)
