"""A RELOG case file to a network, with what the user must know."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from batteryopt.ground.errors import Fault, InvalidInput
from batteryopt.ground.inputs import MOST_PERIODS
from batteryopt.network.data.entity import judged_later
from batteryopt.network.data.entity_faults import InvalidNetwork
from batteryopt.network.data.instance import Network
from batteryopt.network.relog.case_draft import CaseDraft
from batteryopt.network.relog.case_file import Branch, load_case
from batteryopt.network.relog.centers_dialect import read_centers_case
from batteryopt.network.relog.plants_dialect import read_plants_case
from batteryopt.tables.input_faults import show

LAST_WITH_TWO_DIGITS = (0, 5, 2)
"""The last release whose distances are rounded to 2 decimals; later ones have 3."""


@dataclass(frozen=True, kw_only=True)
class Imported:
    """An imported case.

    Attributes
    ----------
    network
        The case as a network; its optimum costs what RELOG's does.
    differences
        What stands elsewhere than in RELOG, or is not kept, each in a sentence.
    """

    network: Network
    differences: tuple[str, ...]


def import_relog(path: str | os.PathLike[str], *, version: str | None = None, detour_factor: float = 1.0) -> Imported:
    """Return a RELOG case as a network.

    Parameters
    ----------
    path
        The JSON file.
    version
        Release whose rounding of distances is meant: "0.5.2" and before round to 2 decimals of a kilometre, later ones
        to 3. None: 2 for the oldest files, which write their keys with capitals, else 3.
    detour_factor
        Multiplies every distance; in place of the driving distances that RELOG downloads.

    Raises
    ------
    InvalidInput
        With every fault of the file and its path in it: what is missing, what is no number, what a network cannot say.
    """
    content = load_case(path)
    faults: list[Fault] = []
    years = _years(content, faults)
    case = Branch(content, "", years, faults)
    draft = _draft(case, years, version, detour_factor, faults)
    with judged_later():
        (read_centers_case if case.has("centers") else read_plants_case)(case, draft)
    _common_differences(case, draft)
    if faults:
        raise InvalidInput(str(path), _without_repeats(faults))
    try:
        network = draft.network(Path(path).stem, f"RELOG case {Path(path).name}")
    except InvalidNetwork as error:
        raise InvalidInput(str(path), error.faults) from error
    return Imported(network=network, differences=tuple(draft.differences))


def _years(content: Any, faults: list[Fault]) -> int:
    years = Branch(content, "", 1, faults).branch("parameters").get("time horizon (years)")
    if not isinstance(years, int) or isinstance(years, bool) or not 1 <= years <= MOST_PERIODS:
        problem = "is missing" if years is None else f"is {show(years)}"
        place = "parameters/time horizon (years)"
        faults.append(Fault(place=place, problem=problem, remedy=f"expected a whole number, 1 to {MOST_PERIODS:,}"))
        return 1
    return years


def _draft(case: Branch, years: int, version: str | None, detour_factor: float, faults: list[Fault]) -> CaseDraft:
    parameters = case.branch("parameters")
    building = parameters.get("building period (years)") or case.get("building period (years)") or [1]
    if not isinstance(building, list) or not all(isinstance(year, int) for year in building):
        place = "parameters/building period (years)"
        faults.append(Fault(place=place, problem=f"is {show(building)}", remedy="expected a list of years, as [1, 2]"))
        building = [1]
    return CaseDraft(
        years=years, digits=_digits(case, version, faults), detour_factor=detour_factor, building_years=tuple(building)
    )


def _digits(case: Branch, version: str | None, faults: list[Fault]) -> int:
    """Return the decimals that distances are rounded to."""
    if version is None:
        return 2 if "Products" in case.value else 3
    try:
        release = tuple(int(number) for number in version.split(".")[:3])
    except ValueError:
        faults.append(Fault(place="version", problem=f"is {show(version)}", remedy='expected one such as "0.5.2"'))
        return 3
    return 2 if release <= LAST_WITH_TWO_DIGITS else 3


def _common_differences(case: Branch, draft: CaseDraft) -> None:
    """Tell what is true of every case, or of every case of a dialect."""
    told = [
        f"distances are RELOG's: straight through the WGS84 ellipsoid, rounded to {draft.digits} decimals "
        + ("(up to release 0.5.2)" if draft.digits == 2 else "(after release 0.5.2)"),
        "a product has a mode of its own, and ways only where RELOG has an edge: from who makes it to who takes it",
        "nothing is discounted, and nothing closes, as in RELOG",
    ]
    metric = case.branch("parameters").get("distance metric")
    if isinstance(metric, str) and metric.casefold() == "driving":
        told.append(
            "the case asks for driving distances, whose ratios RELOG downloads: the distances here are straight lines "
            f"times {draft.detour_factor:g} (detour_factor), so costs differ from RELOG's"
        )
    if any(type_.storage for type_ in draft.types):
        told.append("a plant may store before it is open, as in RELOG: its stock stands in a yard that is always there")
    if any(type_.refunds_shrinking and len(type_.levels) > 1 for type_ in draft.types):
        told.append("a plant may shrink, and its expansion is paid back, as in RELOG (refunds_shrinking in types.csv)")
    draft.differences[:0] = told


def _without_repeats(faults: list[Fault]) -> list[Fault]:
    return list(dict.fromkeys(faults))
