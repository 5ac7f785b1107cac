"""An earlier plan to begin from, perhaps of an edited or another network: what of it may stand here."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from batteryopt.network.data.instance import Network
from batteryopt.network.plan.careers import records
from batteryopt.network.plan.kept import as_plan, faults_of_row, lines_of, may_stand, tonnes_of
from batteryopt.network.plan.solution import COLUMNS, Solution


@dataclass(frozen=True, kw_only=True)
class EarlierFacilities:
    """Facilities to begin a search from.

    Attributes
    ----------
    plan
        A plan of this network without flows.
    fits, misses
        Rows of the earlier plan that may stand here, and that may not: a site, type, size or period is not there.
    """

    plan: Solution
    fits: int
    misses: int

    @property
    def words(self) -> str:
        """How much of it fits."""
        if not self.misses:
            return "all its facilities may stand here"
        return f"{self.fits} of its {self.fits + self.misses} facilities a period may stand here"


def saved_start(network: Network, folder: str | os.PathLike[str]) -> EarlierFacilities:
    """Return what may stand here of a plan that ``solve --out`` has saved.

    Raises
    ------
    InvalidInput
        If the folder has no plan.
    """
    return _fitted(network, lines_of(Path(folder), option="--start"))


def start_of(network: Network, plan: Solution) -> EarlierFacilities:
    """Return what may stand here of a plan, be it of this network or of another one with the same names."""
    columns = COLUMNS["facilities"]
    return _fitted(network, [{c: str(getattr(row, c)) for c in columns} for row in records(plan.facilities)])


def facilities_here(network: Network, rows: Sequence[Sequence[Any]]) -> Solution | None:
    """Return a plan without flows whose facilities are rows of another plan; None where one cannot stand here."""
    found = _fitted(network, [dict(zip(COLUMNS["facilities"], map(str, row), strict=True)) for row in rows])
    return None if found.misses else found.plan


def _fitted(network: Network, lines: list[dict[str, str]]) -> EarlierFacilities:
    candidates = may_stand(network)
    good = [line for row, line in enumerate(lines, 2) if not [*faults_of_row(network, candidates, row, line)]]
    rows = [(*(line[c] for c in COLUMNS["facilities"][:-1]), tonnes_of(line)) for line in good]
    return EarlierFacilities(plan=as_plan(network, rows), fits=len(good), misses=len(lines) - len(good))
