"""How answers show themselves in Python: the methods that every answer has, whose work is done by `batteryopt.report`.

Families build on `report`, and their answers on this module. `_report` imports the presenting module by name when a
method is first called, and not before, so that solving needs no plotting library.
"""

from __future__ import annotations

import abc
import importlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from batteryopt.solvers.contract.provenance import versions

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects

PRESENTER = "batteryopt.report.present"


@dataclass(frozen=True, kw_only=True)
class View:
    """What there is to show.

    Attributes
    ----------
    document
        What `to_json` gives for whole results: kind, name of the instance, versions, and answers by model.
    instance
        None where an answer without a solution knows of none.
    tables
        Gives the family's own tables by name, where it has any.
    """

    document: Mapping[str, Any]
    instance: Any = None
    tables: Callable[[], Mapping[str, pd.DataFrame]] = dict


def document_of(kind: str, name: str, models: Mapping[str, Any]) -> dict[str, Any]:
    """Return the document of a result: its answers by model, with what it answers and what it was made with."""
    return {"kind": kind, "instance": name, "versions": versions(), "models": models}


def view_of_answer(kind: str, model: str, answer: Any, instance: Any, **more: Any) -> View:
    """Return the view of an answer that stands alone: that of a result with nothing else."""
    name = "" if instance is None else instance.name
    return View(document=document_of(kind, name, {model: answer.to_json()}), instance=instance, **more)


class Tabular(abc.ABC):
    """An answer with tables, and a look of its own in notebooks."""

    @abc.abstractmethod
    def _view(self) -> View:
        """Return what there is to show."""

    def table(self, name: str | None = None) -> pd.DataFrame:
        """Return what a person wants to see first, a row a number with its unit; or another table by its name.

        Raises
        ------
        InvalidInput
            If there is no table of this name; the message lists those that there are.
        """
        found: pd.DataFrame = _report().table(self._view(), name)
        return found

    def _repr_html_(self) -> str:
        """Return the answer for a notebook: its main table, and how far it can be trusted."""
        text: str = _report().notebook_html(self._view())
        return text


class Presented(Tabular):
    """An answer with tables, pictures, and a page."""

    def __repr__(self) -> str:
        """Return a line: whole paths and plans would fill a prompt with thousands."""
        document = self._view().document
        answers = (f"{name} {_found(answer)}" for name, answer in document["models"].items())
        name = f" '{document['instance']}'" if document["instance"] else ""
        return f"<{document['kind']}{name}: {', '.join(answers)}>"

    def plot(self, name: str | None = None) -> plotly.graph_objects.Figure:
        """Return the family's main picture, or another one by its name.

        Raises
        ------
        InvalidInput
            If there is no picture of this name (the message lists those that there are), or if plotly is not installed.
        """
        return _report().plot(self._view(), name)

    def picture(self, name: str | None = None, ending: str = "png") -> bytes:
        """Return the same picture, still, as the content of a file: "png", "svg" or "pdf".

        Raises
        ------
        InvalidInput
            As `plot` does, or if there is no such ending, or if matplotlib is not installed.
        """
        content: bytes = _report().picture(self._view(), name, ending)
        return content

    def report(self, path: str | os.PathLike[str]) -> Path:
        """Write the page of the answer, one file that opens anywhere without a network, and return its path.

        Raises
        ------
        InvalidInput
            If the page cannot be written, or if plotly is not installed.
        """
        written: Path = _report().page(self._view(), path)
        return written


def _found(answer: Mapping[str, Any]) -> str:
    objective = answer["objective"]
    return (
        f"without solution ({answer['stop_reason']})"
        if objective is None
        else f"{objective:.6g} ({answer['point_status']})"
    )


def _report() -> Any:
    return importlib.import_module(PRESENTER)
