"""Every table of a plan, as it lies beside the result, with units and words in its headings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from batteryopt.ground.unit_words import unit_of
from batteryopt.report import words
from batteryopt.report.results import NAMES, Saved
from batteryopt.report.tables import Cell, Shown, Table, share

CAPTIONS = {
    "frontier": "Plans that are each the best in one objective with the other held",
    "facilities": "What stands in each period, what it can do and does",
    "flows": "What travels; cost and emissions of the way",
    "trips": "Journeys of vehicles that are counted",
    "processed": "What facilities process",
    "stocks": "Stocks at the end of each period",
    "sold": "What markets buy",
    "disposed": "What is disposed of",
    "collection": "What returns and what of it is collected",
    "cost_terms": "Cost terms by period, discounted; what is earned has a minus",
    "emissions": "Emissions by period and cause",
    "cities": "Each city's batteries on their whole way: cost and emissions",
    "coverage": "Returns by distance to the nearest facility that takes them",
    "cash_flow": "The operator's cash by period; what is spent has a minus",
    "parties": "Who receives, and who pays (with a minus), by term: present value",
    "profit_by_product": "What each returned product earns by step; rows of no product are caused by none",
    "profit_by_place": "What a tonne collected at each place earns by step",
    "break_even": "Prices at which the plan as it is neither earns nor loses",
    "support": "Subsidies, in all and for a tonne collected",
}
SHARES = ("utilisation", "collection_rate", "share_of_returns", "gap", "second_gap")
_WHOLE_TABLES = {"cost_terms": "cost", "emissions": "emission_t", "collection": "t"} | dict.fromkeys(
    ("cash_flow", "parties", "profit_by_product", "break_even", "support"), "cost"
)
"""Tables whose columns are all of one kind and have no unit in their names."""
_HEADINGS = {"km": "Distance (km)", "tonnes": "Tonnes", "trips": "Trips", "band_km": "At most away (km)"} | {
    "emissions": "Emissions (t CO2e)",
    "collection": "Collected (t)",
    "gap": "Proven to",
    "second_gap": "Other objective proven to",
    "after_years": "After (years)",
}
_MONEY_OF_STEPS = ("profit_by_product", "profit_by_place", "support")
_NAMES = (*NAMES, "party", "term", "step", "of", "kind", "subsidy", "base")


def long_tables(saved: Saved) -> dict[str, Table]:
    """Return every table that has rows, and the rules that were missed or conflict."""
    currency = saved.models["design"].get("currency") or "money"
    frames = {name: saved.table(name) for name in CAPTIONS}
    found = {name: _table(name, frame, currency) for name, frame in frames.items() if len(frame)}
    if "cost_terms" in found:
        found["cost_by_period"] = found.pop("cost_terms")  # the terms themselves are a table of their own
    return found | dict(_breaches(saved))


def _table(name: str, frame: pd.DataFrame, currency: str) -> Table:
    columns = [_heading(column, name, currency) for column in frame.columns]
    rows = [
        [_cell(column, value) for column, value in zip(frame.columns, row, strict=True)]
        for row in frame.itertuples(index=False, name=None)
    ]
    return Table(caption=CAPTIONS[name], columns=columns, rows=rows)


def _heading(column: str, table: str, currency: str) -> str:
    """Return a column's name in words, with its unit in brackets."""
    if column in _HEADINGS:
        return _HEADINGS[column]
    if column in SHARES or column in _NAMES:
        return words.words(column)
    amount, _, per = column.partition("_per_")
    if table in _MONEY_OF_STEPS and per:
        return f"{words.words(amount)} ({currency} per t collected)"
    unit = unit_of(column, currency) or unit_of(_WHOLE_TABLES.get(table, ""), currency)
    text = words.words(amount.removesuffix("_t").removesuffix("_kg"))
    if per.startswith("collected"):
        text += " per collected"
    return f"{text} ({unit})" if unit else text


def _cell(column: str, value: Any) -> Cell:
    if isinstance(value, str):
        return value
    if pd.isna(value):
        return None
    return share(float(value)) if column in SHARES else float(value)


def _breaches(saved: Saved) -> Iterator[tuple[str, Table]]:
    """Yield the rules that the plan misses, and those that cannot hold together."""
    captions = {"missed_rules": "Soft rules that the plan misses", "conflicts": "What cannot hold together"}
    for key, caption in captions.items():
        rows = [
            [
                row["rule"],
                row["place"],
                row["period"],
                Shown(row["amount"], str(row["amount"]), "#,##0.00##"),
                row["unit"],
            ]
            for row in saved.models["design"].get(key) or ()
        ]
        if rows:
            yield key, Table(caption=caption, columns=["Rule", "Where", "When", "By", "Unit"], rows=rows)
