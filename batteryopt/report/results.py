"""Saved results, as ``batteryopt solve --out`` leaves them: what every page and table here is made from."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TextIO

import pandas as pd

from batteryopt.families import FAMILIES
from batteryopt.ground.errors import Fault, InvalidInput
from batteryopt.ground.files import unmarked
from batteryopt.ground.inputs import CannotRead, content_of
from batteryopt.ground.owned import OwnedFolder
from batteryopt.report.saved import RESULT_FILE, copy_of_instance

NAMES = ("site", "type", "level", "period", "origin", "destination", "mode", "product", "recipe")
"""Columns of names, in the tables of every network's answer."""


@dataclass(frozen=True, kw_only=True)
class Saved:
    """A folder with a result.

    Attributes
    ----------
    folder
        Where it lies.
    document
        Its ``result.json``.
    mark
        What tells it from others on the same page; empty where it is alone.
    """

    folder: Path
    document: Mapping[str, Any]
    mark: str = ""

    @property
    def is_as_written(self) -> bool:
        """Whether its ``result.json`` is as we wrote it; what somebody changed may lack anything."""
        return RESULT_FILE in OwnedFolder(self.folder).names

    @property
    def kind(self) -> str:
        """The family."""
        return str(self.document["kind"])

    @property
    def name(self) -> str:
        """Name of the instance."""
        return str(self.document["instance"])

    @property
    def marked_name(self) -> str:
        """Name of the instance, with what tells this answer from others on the same page."""
        return f"{self.name} ({self.mark})" if self.mark else self.name

    @property
    def label(self) -> str:
        """A name for this answer among several, which may be of one instance: that of its folder."""
        name = self.folder.resolve().name
        return f"Point {name}" if self.is_point else name

    @property
    def models(self) -> Mapping[str, Any]:
        """Answers by model; with both routes, the optimiser's."""
        found: Mapping[str, Any] = self.document["models"]
        return found

    @property
    def closed_form(self) -> Mapping[str, Any]:
        """The formula's answers, where both routes were taken."""
        return self.document.get("closed_form") or {}

    @property
    def frontier(self) -> Mapping[str, Any] | None:
        """The compromises between two objectives, where they were sought."""
        found: Mapping[str, Any] | None = self.document.get("frontier")
        return found

    @property
    def is_point(self) -> bool:
        """Whether this is one point of a frontier, saved within it."""
        return self.folder.resolve().parent.name == "points"

    @property
    def options(self) -> Mapping[str, Any]:
        """What was asked for on the command line, by the names of its options."""
        return self.document.get("options") or {}

    @property
    def changes(self) -> Sequence[str]:
        """What was different from the instance that was given, before it was solved."""
        return tuple(self.document.get("changes") or ())

    @property
    def instance_path(self) -> Path | None:
        """The copy of the instance, for a point of a frontier the frontier's; None where there is none."""
        folders = [self.folder, *([self.folder.resolve().parents[1]] if self.is_point else [])]
        return next((copy for folder in folders if (copy := copy_of_instance(folder)) is not None), None)

    @cached_property
    def instance(self) -> Any:
        """The instance itself, read from its copy; None where there is none."""
        path = self.instance_path
        return None if path is None else FAMILIES[self.kind].read_instance(path)

    @property
    def source(self) -> str:
        """Where the instance's numbers come from, as it says itself."""
        return str(getattr(self.instance, "source", "") or "")

    def table(self, name: str) -> pd.DataFrame:
        """Return one of the tables beside the result; empty where there is none."""
        path = self.folder / f"{name}.csv"
        return read_table(path) if path.exists() else pd.DataFrame()


def read_table(source: Path | TextIO) -> pd.DataFrame:
    """Return a table from CSV, its names, which may look like numbers, as text."""
    names = dict.fromkeys((*NAMES, "band_km", "scenario"), str)
    table = pd.read_csv(source, dtype=names, keep_default_na=False, na_values=[""])
    texts = table.select_dtypes(exclude="number").columns
    return table.assign(**{name: table[name].map(lambda c: unmarked(c) if isinstance(c, str) else c) for name in texts})


def load(folder: Path) -> Saved:
    """Return the result in a folder.

    Raises
    ------
    InvalidInput
        If there is none, or if it is of a kind that no page is made for.
    """
    path = folder / RESULT_FILE
    if not os.path.isfile(path):
        _refuse(folder, "holds no result.json", "give a folder written by: batteryopt solve INSTANCE --out DIR")
    try:
        document = json.loads(content_of(path).decode("utf-8"))
        kind = document["kind"]
        document["models"], document["instance"]
    except CannotRead as error:
        _refuse(path, error.problem, error.remedy)
    except (ValueError, KeyError, TypeError, RecursionError):
        _refuse(path, "is no result of batteryopt", "write it anew with: batteryopt solve INSTANCE --out DIR")
    if kind not in FAMILIES:
        _refuse(path, f"is of kind '{kind}'", f"known: {', '.join(FAMILIES)}")
    return Saved(folder=folder, document=document)


def _refuse(path: Path, problem: str, remedy: str) -> None:
    raise InvalidInput("report", [Fault(place=str(path), problem=problem, remedy=remedy)])
