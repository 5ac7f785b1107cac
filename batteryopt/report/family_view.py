"""What a family brings so that its answers can be shown; the report draws it and asks of no answer which kind it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from batteryopt.families import view_place
from batteryopt.ground.named import named
from batteryopt.report.results import Saved
from batteryopt.report.section import Section
from batteryopt.report.tables import Table

Tables = Callable[[Saved], dict[str, Table]]


def _no_sections(_: Saved) -> list[Section]:
    return []


def _no_tables(_: Saved) -> dict[str, Table]:
    return {}


def _no_charts(_: Saved) -> list[dict[str, Any]]:
    return []


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """How several answers of a family are shown beside each other.

    Attributes
    ----------
    sections
        Of the page.
    tables
        Of a workbook's first sheet.
    """

    sections: Callable[[Sequence[Saved]], list[Section]]
    tables: Callable[[Sequence[Saved]], list[Table]]


@dataclass(frozen=True, kw_only=True)
class FamilyView:
    """What pages, notebooks and workbooks show of a family's answers.

    Attributes
    ----------
    noun
        What its answers are ("coordination game").
    tables
        Those that a paper would print, by name, the most important first.
    sections
        Of the page.
    charts
        What pictures draw, by the ``name`` in each.
    long_tables
        What is too long for a paper, for workbooks.
    main_chart
        Name of the picture that people want to see first; where an answer lacks it, the first one is shown.
    overview
        Makes the tables that stand before all others, of an answer with a solution.
    sheets
        Names of the ``tables`` that have a sheet of their own in a workbook; None: all.
    comparison
        How several answers are shown side by side; None: one after the other.
    has_models
        Whether an instance has several models and routes, which commands name.
    usual_model
        Where it has not: the one that commands need not name, and others they name alone.
    """

    noun: str
    tables: Tables
    sections: Callable[[Saved], list[Section]] = _no_sections
    charts: Callable[[Saved], list[dict[str, Any]]] = _no_charts
    long_tables: Tables = _no_tables
    main_chart: str = ""
    overview: Tables = _no_tables
    sheets: tuple[str, ...] | None = None
    comparison: Comparison | None = None
    has_models: bool = True
    usual_model: str = ""


def view_of(saved: Saved) -> FamilyView:
    """Return the view that the family of a result has registered."""
    found: FamilyView = named(view_place(saved.kind))
    return found


def is_solved(saved: Saved) -> bool:
    """Return whether a result has a solution of any of its models."""
    return any(answer["objective"] is not None for answer in saved.models.values())


def compared(found: Sequence[Saved]) -> Mapping[str, list[Saved]]:
    """Return results that can be shown side by side, by kind: two or more of a family that has a comparison."""
    kinds = dict.fromkeys(saved.kind for saved in found if view_of(saved).comparison is not None)
    groups = {kind: [saved for saved in found if saved.kind == kind] for kind in kinds}
    return {kind: group for kind, group in groups.items() if len(group) > 1}
