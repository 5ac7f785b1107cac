"""What `table`, `plot`, `picture`, `report` and `_repr_html_` of every answer do: see `presentation`."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from batteryopt.ground.errors import Fault, InvalidInput, nearest
from batteryopt.report import figures, headline, notebook, words
from batteryopt.report.family_view import is_solved, view_of
from batteryopt.report.presentation import View
from batteryopt.report.results import Saved
from batteryopt.report.tables import Table
from batteryopt.report.unsaved import Unsaved
from batteryopt.report.write import FIGURE_FORMATS, write_documents
from batteryopt.tables.spreadsheet import is_workbook

if TYPE_CHECKING:
    import plotly.graph_objects


def table(view: View, name: str | None = None) -> pd.DataFrame:
    """Return a table by name, the first without."""
    found = tables_of(Unsaved.of(view))
    wanted = next(iter(found)) if name is None else name
    if wanted not in found:
        raise _unknown("table", wanted, found)
    return frame(found[wanted])


def plot(view: View, name: str | None = None) -> plotly.graph_objects.Figure:
    """Return a picture by name, the main one without."""
    _require("plotly")
    from batteryopt.report import interactive

    return interactive.figure(_chart(view, name))


def picture(view: View, name: str | None, ending: str) -> bytes:
    """Return a picture by name as a file's content."""
    _require("matplotlib")
    if ending not in FIGURE_FORMATS:
        remedy = nearest(ending, FIGURE_FORMATS)
        raise InvalidInput("picture", [Fault(place="ending", problem=f"is '{ending}'", remedy=remedy)])
    return figures.picture(_chart(view, name), ending)


def _chart(view: View, name: str | None) -> dict[str, Any]:
    """Return what a picture draws, the main one without a name."""
    saved = Unsaved.of(view)
    found: dict[str, dict[str, Any]] = {spec["name"]: spec for spec in view_of(saved).charts(saved)}
    if not found:
        raise InvalidInput("plot", [_nothing(saved)])
    main = view_of(saved).main_chart
    wanted = name if name is not None else main if main in found else next(iter(found))
    if wanted not in found:
        raise _unknown("plot", wanted, found)
    return found[wanted]


def page(view: View, path: str | os.PathLike[str]) -> Path:
    """Write the page, or a workbook where the path is one, and return the path."""
    if not is_workbook(path):
        _require("plotly")
    write_documents([Unsaved.of(view)], path)
    return Path(path)


def notebook_html(view: View) -> str:
    """Return the look of an answer in a notebook."""
    saved = Unsaved.of(view)
    first = next(iter(tables_of(saved).values()))
    return notebook.html_of(saved, first if is_solved(saved) else None)


def tables_of(saved: Saved) -> dict[str, Table]:
    """Return the tables of an answer by name, the most important first; without a solution, only how it came about."""
    shown = view_of(saved)
    own = {**shown.overview(saved), **shown.tables(saved)} if is_solved(saved) else {}
    return {**own, "status": headline.status(saved)}


def frame(content: Table) -> pd.DataFrame:
    """Return a table for further work: full precision, what rows are about as index, the caption in ``attrs``."""
    first, *others = content.columns
    index = pd.Index([row[0] for row in content.rows], name=first or content.caption)
    found = pd.DataFrame([row[1:] for row in content.rows], index=index, columns=others)
    found.attrs["caption"] = content.caption
    return found


def _unknown(what: str, name: str, known: Mapping[str, Any]) -> InvalidInput:
    guess = nearest(name, known)
    names = f"known: {', '.join(known)}"
    remedy = names if guess.startswith("known") else f"{guess} {names}"
    return InvalidInput(what, [Fault(place="name", problem=f"there is no {what} named '{name}'", remedy=remedy)])


def _nothing(saved: Saved) -> Fault:
    reasons = "; ".join(words.verdict(answer) for answer in saved.models.values())
    return Fault(place="answer", problem="there is nothing to draw", remedy=reasons)


def _require(package: str) -> None:
    if importlib.util.find_spec(package) is None:
        fault = Fault(place=package, problem="is not installed", remedy="pip install 'batteryopt[plot]'")
        raise InvalidInput("plot", [fault])
