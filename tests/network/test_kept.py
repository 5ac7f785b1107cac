"""Facilities that are given: the flows alone are decided, at costs that the hand network's README derives."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from batteryopt.ground.errors import InvalidInput
from batteryopt.network.data.facilities import Candidate, Standing
from batteryopt.network.plan.kept import kept_facilities
from batteryopt.network.solve import solve
from batteryopt.network.tables import read
from tests.command_line import invoke

from .echelon import echelon

HAND = Path(__file__).parents[2] / "data" / "networks" / "hand"
HEADER = "site,type,level,period,capacity_t\n"


def saved(folder: Path, *rows: str) -> Path:
    (folder / "facilities.csv").write_text(HEADER + "".join(f"{row}\n" for row in rows), encoding="utf-8")
    return folder


def test_one_large_shredder_costs_what_the_readme_says(tmp_path: Path) -> None:
    """Opening 8,000, both periods 21,924, revenue 34,560."""
    rows = [f"Aston,shredder,large,{period},200" for period in ("first", "second")]
    answer = solve(read(HAND), facilities=kept_facilities(read(HAND), saved(tmp_path, *rows)), gap=0.0)
    assert answer.objective == pytest.approx(8000 + 21924 - 34560)
    assert answer.certificate.passed


def test_what_stands_today_and_what_is_forced_is_kept_and_nothing_else() -> None:
    """Three towns on a line, 10 t each: one point stands, one is forced, the third may not open: 10 t travel 5 km."""
    km = np.abs(np.subtract.outer([0.0, 30, 35], [0.0, 30, 35]))
    network = echelon(km, [10, 10, 10], [7, 7, 7])
    network = dataclasses.replace(
        network,
        candidates=(
            Candidate(site="town0", type="point", standing=Standing.EXISTING),
            Candidate(site="town1", type="point", standing=Standing.FORCED, opening_cost_factor=7),
            Candidate(site="town2", type="point", opening_cost_factor=7),
        ),
    )
    answer = solve(network, facilities=kept_facilities(network, "existing"), gap=0.0)
    assert answer.objective == pytest.approx(7 + 10 * 5)
    assert set(answer.solution.facilities["site"]) == {"town0", "town1"}


def test_the_command_line_keeps_a_saved_plan(tmp_path: Path) -> None:
    assert invoke("solve", HAND, "--gap", 0, "--out", tmp_path / "plan").exit_code == 0
    again = invoke("solve", HAND, "--gap", 0, "--keep", tmp_path / "plan", "--json")
    assert again.exit_code == 0, again.output
    assert json.loads(again.stdout)["models"]["design"]["objective"] == pytest.approx(-7640)


def test_nothing_stands_and_all_must_be_collected() -> None:
    """100 and 60 t a period have nowhere to go: it is said where and when, and the tonnes add up."""
    found = invoke("solve", HAND, "--keep", "existing", "--json")
    assert found.exit_code == 3
    conflicts = json.loads(found.stdout)["models"]["design"]["conflicts"]
    assert all(c["place"].split("/")[0] in ("Aston", "Bray") and c["unit"].startswith("t ") for c in conflicts)
    for period in ("first", "second"):
        assert sum(c["amount"] for c in conflicts if c["period"] == period) == pytest.approx(160)


def test_a_plan_that_cannot_stand_here_is_refused_with_its_rows(tmp_path: Path) -> None:
    rows = (
        "Aston,shredder,large,first,200",
        "Aston,shredder,large,third,200",
        "Cove,smelter,large,first,200",
        "Cove,smelter,large,second,200",
        "Bray,shredder,small,second,250",
        "Bray,shredder,,second,100",
    )
    with pytest.raises(InvalidInput) as caught:
        kept_facilities(read(HAND), saved(tmp_path, *rows))
    assert [str(fault) for fault in caught.value.faults] == [
        "facilities.csv row 3, column period: 'third' is no period here; known: first, second",
        "facilities.csv row 4: no 'smelter' may stand at 'Cove' here (and in 1 more rows); add it to candidates.csv, "
        "or take it out of the plan",
        "facilities.csv row 6, column capacity_t: is '250'; expected 100 to 200 t, as the levels here say",
        "facilities.csv row 7: has no level; write the plan anew with: solve --out",
    ]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--keep", "nowhere"), "facilities.csv"),
        (("--objective", "emisions"), "did you mean 'emissions'?"),
        (("--objective", "cost=-1"), "expected a weight above 0"),
        (("--objective", "cost", "--objective", "cost=2"), "cost is given twice"),
    ],
)
def test_options_are_refused_in_words(words: tuple[str, ...], told: str) -> None:
    found = invoke("solve", HAND, *words)
    assert found.exit_code == 2
    assert told in found.stderr


def test_games_have_no_such_options() -> None:
    game = Path(__file__).parents[2] / "data" / "coordination" / "table2.toml"
    found = invoke("solve", game, "--keep", "existing", "--objective", "cost")
    assert found.exit_code == 2
    assert "--keep: is for networks" in found.stderr
    assert "--objective: is for networks" in found.stderr


def test_other_objectives_are_weighed() -> None:
    """Emissions are none in this network, so that ten times as much of them changes nothing."""
    found = invoke("solve", HAND, "--gap", 0, "--objective", "cost", "--objective", "emissions=10", "--json")
    design = json.loads(found.stdout)["models"]["design"]
    assert design["minimised"] == {"cost": 1.0, "emissions": 10.0}
    assert design["objective"] == pytest.approx(-7640)
