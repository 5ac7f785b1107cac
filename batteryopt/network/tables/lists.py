"""What a workbook offers where a cell names a row of another table, or one of a few words."""

from __future__ import annotations

from dataclasses import dataclass

from batteryopt.network.data.instance import GREAT_CIRCLE, Network
from batteryopt.network.tables import schema
from batteryopt.network.tables.cells import CellKind, Column
from batteryopt.network.tables.guide import SETTINGS_ORDER
from batteryopt.network.tables.workbook_source import SETTINGS

LONGEST_LIST = 255
"""Characters that a list written into a cell's rule may have."""
_KEYS = {
    schema.SITE: "site",
    schema.PRODUCT: "product",
    schema.TYPE: "type",
    schema.MODE: "mode",
    schema.GROUPS: "group",
    schema.SCENARIOS: "scenario",
}
"""The first column of each table that others refer to."""


@dataclass(frozen=True, kw_only=True)
class DropDown:
    """A list of values.

    Attributes
    ----------
    formula
        As the rule of a cell has it.
    must
        What to say where something else is typed; empty: the list is a suggestion.
    """

    formula: str
    must: str = ""


def drop_down_of(column: Column, table: str, network: Network) -> DropDown | None:
    """Return what a column of a table offers; None where anything may stand."""
    if column.kind is CellKind.YES_NO:
        return DropDown(formula='"yes,no"', must="Expected yes or no.")
    if column.choices is not None:
        words = [choice.value for choice in column.choices]
        return DropDown(formula=f'"{",".join(words)}"', must=f"Expected one of: {', '.join(words)}.")
    target = column.refers_to
    if target == schema.PERIODS:
        line = SETTINGS_ORDER.index("periods") + 2
        return DropDown(formula=f"={SETTINGS}!$C${line}:${_letter(len(network.periods) + 2)}${line}")
    if target == schema.DISTANCES:
        names = f'"{",".join([GREAT_CIRCLE, *network.distances])}"'
        return DropDown(formula=names) if len(names) <= LONGEST_LIST else None
    if target not in _KEYS or target == table:
        return None
    # several names may stand in one cell, and a region is a group too: there the list only suggests
    is_strict = column.kind is CellKind.TEXT and target != schema.GROUPS
    must = f"The sheet '{target}' has no such {_KEYS[target]} yet." if is_strict else ""
    rows = f"MAX(COUNTA({target}!$A:$A)-1,1)"
    return DropDown(formula=f"=OFFSET({target}!$A$2,0,0,{rows},1)", must=must)


def _letter(column: int) -> str:
    from openpyxl.utils import get_column_letter

    letter: str = get_column_letter(column)
    return letter
