"""An answer in memory, as the pages meet those on disk."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from batteryopt.ground.files import csv_of_sums
from batteryopt.report.presentation import View
from batteryopt.report.results import Saved, read_table
from batteryopt.report.saved import as_json


@dataclass(frozen=True, kw_only=True)
class Unsaved(Saved):
    """A result that no folder holds; it reads exactly as if one did.

    Attributes
    ----------
    view
        What there is to show.
    """

    view: View
    folder: Path = field(default=Path())

    @classmethod
    def of(cls, view: View) -> Unsaved:
        """Return what a view shows, its document as JSON would bring it back."""
        return cls(view=view, document=as_json(view.document))

    @property
    def is_as_written(self) -> bool:
        """Nobody can have changed it."""
        return True

    @property
    def instance_path(self) -> None:
        """No copy lies anywhere."""
        return

    @cached_property
    def instance(self) -> Any:
        """The instance itself; None where the answer knows of none."""
        return self.view.instance

    @cached_property
    def _tables(self) -> dict[str, pd.DataFrame]:
        return dict(self.view.tables())

    @cached_property
    def _read(self) -> dict[str, pd.DataFrame]:
        return {}

    def table(self, name: str) -> pd.DataFrame:
        """Return one of the family's tables, its names as text; empty where there is none."""
        if name not in self._tables:
            return pd.DataFrame()
        if name not in self._read:
            self._read[name] = read_table(io.StringIO(csv_of_sums(self._tables[name])))
        return self._read[name]
