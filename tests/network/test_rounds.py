"""The rounds of a plan: planned, judged from their tables, made to agree with the sites, shown and saved."""

from __future__ import annotations

import dataclasses
import inspect
import json
import pickle
import threading
import time

import numpy as np
import pandas as pd
import pytest

from batteryopt.ground.errors import InvalidInput
from batteryopt.ground.interrupt import InterruptFlag
from batteryopt.network.data.instance import (
    Candidate,
    FacilityType,
    Lane,
    Level,
    Mode,
    Network,
    Period,
    Product,
    Recipe,
    Return,
    Site,
)
from batteryopt.network.rounds import round_judge, rounds_judge, rounds_of_plan, vehicle_routing
from batteryopt.network.rounds.round_tasks import tasks_of
from batteryopt.network.rounds.rounds_agreement import AgreedRounds, corrected, solve_with_rounds
from batteryopt.network.rounds.rounds_judge import judge_rounds
from batteryopt.network.rounds.rounds_of_plan import rounds_of
from batteryopt.network.rounds.route_partition import proven_rounds
from batteryopt.network.rounds.vehicle_routing import RoundEffort
from batteryopt.network.solve import solve
from batteryopt.network.tables import write
from batteryopt.work.stop_file import LOOK_AGAIN, StopFile
from tests.command_line import invoke

QUICK = RoundEffort(iterations=300)


def farms(**changes) -> Network:
    """Return a depot with a farm at each corner of a square of 6 km by 8 km around it; a vehicle holds two farms' load.

    Positions are in degrees near the equator; the table of km is that of the plane.
    """
    at = {"Home": (0.0, 0.0), "ne": (3.0, 4.0), "se": (3.0, -4.0), "sw": (-3.0, -4.0), "nw": (-3.0, 4.0)}
    points = np.array(list(at.values()))
    km = np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1))
    mode = Mode(
        name="van",
        distance="road",
        trip_capacity_t=2,
        visits_per_period=50,
        shift_hours=3,
        speed_km_per_hour=20,
        stop_minutes=15,
        cost_per_trip=7,
        cost_per_trip_km=2,
        cost_per_hour=4,
        emission_kg_per_trip_km=0.5,
    )
    take = FacilityType(
        name="yard",
        recipes=(Recipe(name="take", inputs=(("pack", 1),), outputs=()),),
        levels=(Level(name="one", capacity_t=1000, opening_cost=100),),
    )
    return Network(
        name="farms",
        currency="EUR",
        discount_rate=0.25,
        periods=(Period(name="1"), Period(name="2")),
        products=(Product(name="pack"),),
        sites=tuple(Site(name=n, longitude_deg=x / 111, latitude_deg=y / 111) for n, (x, y) in at.items()),
        returns=tuple(Return(site=name, product="pack", tonnes=50.0) for name in list(at)[1:]),
        types=(take,),
        candidates=(Candidate(site="Home", type="yard"),),
        modes=(dataclasses.replace(mode, **changes),),
        distances={"road": km},
    )


@pytest.fixture(scope="module")
def planned():
    pytest.importorskip("pyvrp")
    plan = solve(farms(), gap=0.0).solution
    return rounds_of(plan.network, plan.shipped, plan.facilities, effort=QUICK)


def test_figures_by_hand(planned):
    """Two rounds along the short sides, 5 + 6 + 5 km; 0.8 h and two stops of a quarter: 1.3 h. Fifty times a period.

    A round costs 7 + 2 x 16 + 4 x 1.3 = 44.2; two of them, fifty times, in two periods of which the second is worth
    0.8: 44.2 x 2 x 50 x 1.8. There and back: four times 7 + 2 x 10 + 4 x 0.75 = 30. Five working days from one visit to
    the next do for two rounds with one vehicle. The bound is that of all rounds listed: nothing is cheaper.
    """
    figures = planned.to_json()
    assert figures["cost"] == pytest.approx(44.2 * 2 * 50 * 1.8)
    assert figures["there_and_back"] == pytest.approx(30 * 4 * 50 * 1.8)
    assert figures["bound"] == pytest.approx(figures["cost"])
    assert figures["km"] == pytest.approx(2 * 2 * 50 * 16)
    assert figures["hours"] == pytest.approx(2 * 2 * 50 * 1.3)
    assert figures["emissions_t"] == pytest.approx(2 * 2 * 50 * 16 * 0.5 / 1000)
    assert (figures["vehicles"], figures["load_factor"]) == (1, pytest.approx(1.0))
    assert planned.certificate.passed
    first = planned.table.iloc[0]
    assert (first["depot"], first["stop"], first["arrival"]) == ("Home", 1, pytest.approx(0.25))
    assert planned.table.groupby(["period", "vehicle", "day"])["place"].agg(list).map(lambda p: p[-1]).eq("Home").all()


def test_what_was_expected_is_the_plans_own(planned):
    plan = solve(farms(), gap=0.0)
    assert planned.to_json()["expected"] == pytest.approx(plan.objective - 100)


def judged(found, table, **said):
    sums = {name: float(found.by_period[name].sum()) for name in ("cost", "km", "bound")}
    certificate = judge_rounds(
        found.network, shipped=found.shipped, facilities=said.pop("facilities", found.facilities), rounds=table,
        **(sums | said),
    )  # fmt: skip
    return {check.name for check in certificate.failures}


def test_the_judge_of_tables_sees_every_fault(planned):
    table = planned.table
    assert judged(planned, table) == set()
    assert "every-place-is-served-as-often-as-it-must" in judged(planned, table[table["place"] != "ne"])
    assert "every-place-is-served-as-often-as-it-must" in judged(planned, pd.concat([table, table.head(1)]))
    assert "vehicles-carry-it" in judged(planned, table.assign(tonnes=table["tonnes"] * 1.1))
    assert "arrivals-are-what-ways-and-stops-take" in judged(planned, table.assign(arrival=table["arrival"] + 0.1))
    assert "arrivals-are-what-ways-and-stops-take" in judged(planned, table.assign(km=table["km"] - 1))
    assert "rounds-end-where-they-began" in judged(planned, table[table["place"] != "Home"])
    assert "depots-are-open" in judged(planned, table, facilities=planned.facilities.head(0))
    assert judged(planned, table, cost=1.0) == {"cost-recomputed", "bound"}
    assert judged(planned, table, km=1.0) == {"km-recomputed"}
    assert judged(planned, table, bound=1e9) == {"bound"}


@pytest.mark.parametrize(
    ("changes", "claim"),
    [
        ({"shift_hours": 1.2}, "shifts-are-long-enough"),
        ({"most_stops": 1}, "no-round-has-too-many-stops"),
        ({"trips_per_depot": 60}, "depots-have-the-vehicles"),
    ],
)
def test_the_judge_holds_rounds_to_the_vehicles(planned, changes, claim):
    """Rounds of 1.3 h with two stops, a hundred a period, held to vehicles that can do less."""
    assert claim in judged(dataclasses.replace(planned, network=farms(**changes)), planned.table)


def test_the_judge_counts_slots(planned):
    network = farms(vehicle_slots=3)
    network = network.replace(products=(Product(name="pack", slots_per_t=2),))
    table = planned.table.assign(slots=planned.table["tonnes"] * 2)
    assert "slots-are-enough" in judged(dataclasses.replace(planned, network=network), table)


def test_estimates_and_rounds_agree_in_the_second_turn():
    """One depot: the plan cannot change, and its corrected estimate is what its rounds cost. (Here it is right at once
    but for a factor: half of 10 km there and back and half of 6 km onward are 8 km a stop, as the rounds have them.)
    """
    pytest.importorskip("pyvrp")
    agreed = solve_with_rounds(farms(round_factor=1.3), solve, effort=QUICK, gap=0.0)
    first, last = agreed.turns
    assert first.disagreement == pytest.approx(0.3)
    assert last.disagreement == pytest.approx(0.0, abs=1e-9)
    assert agreed.has_agreed
    assert agreed.best is last
    assert last.answer.objective == pytest.approx(100 + 44.2 * 2 * 50 * 1.8)
    assert last.total == pytest.approx(last.answer.objective)


def test_the_best_pair_is_kept():
    """A second site as far from all places, at half the price, and an estimate that is wrong by half."""
    pytest.importorskip("pyvrp")
    network = farms()
    sites = (*network.sites, Site(name="Lone", latitude_deg=0.0, longitude_deg=0.05))
    km = np.pad(network.distances["road"], ((0, 1), (0, 1)), constant_values=5.0)
    km[-1, -1] = 0.0
    candidates = (*network.candidates, Candidate(site="Lone", type="yard", opening_cost_factor=0.5))
    modes = (dataclasses.replace(network.modes[0], round_factor=1.5),)
    both = network.replace(sites=sites, candidates=candidates, distances={"road": km}, modes=modes)
    agreed = solve_with_rounds(both, solve, effort=QUICK, gap=0.0)
    totals = [turn.total for turn in agreed.turns]
    assert agreed.best.total == pytest.approx(min(totals))
    assert agreed.best.total == pytest.approx(50 + 44.2 * 2 * 50 * 1.8)
    assert agreed.best.rounds.certificate.passed


def test_corrections_are_made_once():
    """A factor of a lane and one of the mode, together what rounds cost by what was expected."""
    pytest.importorskip("pyvrp")
    plan = solve(farms(), gap=0.0).solution
    found = rounds_of(plan.network, plan.shipped, plan.facilities, effort=QUICK)
    again = corrected(plan.network, found)
    factor = again.modes[0].round_factor * again.lanes[0].round_factor
    assert factor == pytest.approx(found.to_json()["cost"] / found.to_json()["expected"])
    assert {lane.origin for lane in again.lanes} == {"ne", "se", "sw", "nw"}


def test_a_lanes_own_km_count_to_and_from_the_depot():
    """The way from ne to Home is 9 km, not 5, and so is the way out, of which nothing is said."""
    network = farms().replace(lanes=(Lane(origin="ne", destination="Home", distance_km=9),))
    plan = solve(network, gap=0.0).solution
    task = tasks_of(network, plan.shipped)[0]
    place = 1 + task.problem.places.index("ne")
    assert (task.problem.km[place, 0], task.problem.km[0, place]) == (9, 9)


def test_a_way_out_that_no_table_has_is_as_long_as_the_way_home():
    """Tables may say the ways that batteries go and no others."""
    pytest.importorskip("pyvrp")
    network = farms()
    km = np.array(network.distances["road"])
    km[0, 1:] = np.nan
    one_way = network.replace(distances={"road": km})
    plan = solve(one_way, gap=0.0).solution
    found = rounds_of(one_way, plan.shipped, plan.facilities, effort=QUICK)
    assert found.certificate.passed
    assert found.to_json()["cost"] == pytest.approx(44.2 * 2 * 50 * 1.8)


def test_what_no_round_serves_is_told_before_planning():
    plan = solve(farms(), gap=0.0).solution
    with pytest.raises(InvalidInput, match="shift"):
        tasks_of(farms(shift_hours=0.76), plan.shipped.assign(tonnes=0.1).replace({"destination": {"Home": "ne"}}))


def test_without_pyvrp_the_extra_is_named(monkeypatch):
    monkeypatch.setattr(vehicle_routing.importlib.util, "find_spec", lambda _name: None)
    plan = solve(farms(), gap=0.0).solution
    with pytest.raises(InvalidInput) as caught:
        rounds_of(plan.network, plan.shipped, plan.facilities)
    assert [str(fault) for fault in caught.value.faults] == [
        "pyvrp: is not installed, and plans rounds; pip install 'batteryopt[rounds]'"
    ]


def test_without_rounds_in_the_tables_there_is_nothing_to_plan():
    network = farms()
    plain = network.replace(modes=(Mode(name="van", distance="road", cost_per_t_km=1),))
    plan = solve(plain, gap=0.0).solution
    with pytest.raises(InvalidInput, match="none makes rounds"):
        rounds_of(plain, plan.shipped, plan.facilities)


def test_what_is_not_begun_before_a_stop_goes_there_and_back(monkeypatch):
    """Interrupted during the first task: the second has a round for each place, and all is served and judged."""
    pytest.importorskip("pyvrp")
    plan = solve(farms(), gap=0.0).solution

    def first_only(parts, _jobs, flag):
        yield 0, rounds_of_plan.plan_task(*parts[0])
        flag.is_set = True

    monkeypatch.setattr(rounds_of_plan, "_planned", first_only)
    found = rounds_of(plan.network, plan.shipped, plan.facilities, effort=QUICK)
    assert found.stopped
    assert [len(each.plan.rounds) for each in found.planned] == [2, 4]
    assert found.certificate.passed


def test_stops_dearer_than_leaving_are_named():
    """Rounds of two farms along a side of 6 km: 5 + 6 + 5 km and two stops for 50 visits a period.

    Without one stop a round is 10 km: 6 km at 2, 6/20 h and 1/4 h at 4 less, 14.2 a visit and 710 in the period for the
    50 t of a farm. Leaving them costs 14 a tonne, 700, or 15, 750; where they must be collected nothing is said.
    """
    pytest.importorskip("pyvrp")

    def named(price):
        network = farms().replace(products=(Product(name="pack", uncollected_cost_per_t=price),))
        shipped = solve(farms(), gap=0.0).solution
        return rounds_of(network, shipped.shipped, shipped.facilities, effort=QUICK).to_json()["dearer_than_leaving"]

    assert named(None) == named(15.0) == []
    found = named(14.0)
    assert {row["place"] for row in found} == {"ne", "se", "sw", "nw"}
    assert len(found) == 8
    assert all(row["cost"] == pytest.approx(710) and row["leaving"] == pytest.approx(700) for row in found)


def test_a_stop_is_seen_by_who_is_asked_later(tmp_path):
    """A sign that went to another process by its path alone: what has begun ends, what has not does not begin."""
    pytest.importorskip("pyvrp")
    sign = StopFile(tmp_path / "stop")
    copy = pickle.loads(pickle.dumps(sign))
    assert not copy.is_set
    sign.set()
    time.sleep(2 * LOOK_AGAIN)
    assert copy.is_set
    (task, *_) = tasks_of(farms(), solve(farms(), gap=0.0).solution.shipped)
    assert rounds_of_plan.plan_task(task, RoundEffort(seconds=3600), copy) is None
    assert proven_rounds(task.problem, flag=copy).plan is None
    assert len(vehicle_routing.plan_rounds(task.problem, RoundEffort(seconds=3600), flag=copy).rounds) > 0


@pytest.mark.slow
def test_an_interrupt_keeps_the_best_of_several_processes():
    """Two tasks of an hour each, in two processes, are stopped once both are under way: both have their rounds."""
    pytest.importorskip("pyvrp")
    tasks = tasks_of(farms(), solve(farms(), gap=0.0).solution.shipped)
    flag = InterruptFlag()
    threading.Timer(8.0, flag.set).start()
    found = dict(rounds_of_plan._planned([(task, RoundEffort(seconds=3600)) for task in tasks], 2, flag))
    assert sorted(found) == list(range(len(tasks)))
    assert all(len(planned.plan.rounds) == 2 for planned in found.values())


def test_no_turn_has_a_best():
    assert AgreedRounds(turns=()).best is None
    assert not AgreedRounds(turns=()).has_agreed


# ---- commands ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    pytest.importorskip("pyvrp")
    folder = tmp_path_factory.mktemp("rounds")
    write(farms(), folder / "net")
    assert invoke("solve", str(folder / "net"), "--out", str(folder / "plan")).exit_code == 0
    run = invoke("rounds", str(folder / "plan"), "--iterations", "300", "--json")
    assert run.exit_code == 0, run.stderr
    return folder, json.loads(run.stdout)


def test_the_command_prints_and_saves(saved):
    folder, document = saved
    assert document["cost"] == pytest.approx(44.2 * 2 * 50 * 1.8)
    table = pd.read_csv(folder / "plan" / "rounds.csv")
    assert list(table.columns[:7]) == ["period", "depot", "vehicle", "stop", "place", "arrival", "tonnes"]
    assert (folder / "plan" / "result.json").exists()
    features = json.loads((folder / "plan" / "rounds.geojson").read_text(encoding="utf-8"))["features"]
    lines = [feature for feature in features if feature["geometry"]["type"] == "LineString"]
    assert len(lines) == 4
    assert all(len(line["geometry"]["coordinates"]) == 4 for line in lines)
    assert lines[0]["properties"]["km"] == pytest.approx(16)


def test_the_page_has_a_map_and_a_sheet_a_driver(saved):
    pytest.importorskip("plotly")
    text = (saved[0] / "plan" / "rounds.html").read_text(encoding="utf-8")
    assert "Home, van 1, day 1, 1: 16.0 km, 2 t, 50 times" in text
    assert "0:15 h" in text  # 5 km at 20 km an hour
    assert "Cheaper than there and back" in text
    assert 'data-control="period"' in text


def test_the_workbook_has_them_too(saved):
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.load_workbook(saved[0] / "plan" / "rounds.xlsx")
    assert book.sheetnames[:3] == ["by period", "by depot", "stops"]
    assert str(book["driver 1"]["A1"].value).startswith("Home, van 1, day 1")


def test_rounds_are_the_same_for_a_seed(saved):
    folder, document = saved
    again = json.loads(invoke("rounds", str(folder / "plan"), "--iterations", "300", "--json").stdout)
    assert {k: v for k, v in again.items() if k != "seconds"} == {k: v for k, v in document.items() if k != "seconds"}


def test_a_file_of_the_users_stays(saved):
    folder, _ = saved
    mine = folder / "plan" / "rounds.csv"
    before = mine.read_bytes()
    try:
        mine.write_text("my own", encoding="utf-8")
        run = invoke("rounds", str(folder / "plan"), "--iterations", "10")
        assert run.exit_code == 2
        assert "rounds.csv" in run.stderr
        assert mine.read_text(encoding="utf-8") == "my own"
    finally:
        mine.write_bytes(before)


def test_what_is_no_plan_is_refused(tmp_path):
    run = invoke("rounds", str(tmp_path))
    assert run.exit_code == 2
    assert "holds no result.json" in run.stderr


def test_solve_with_rounds(saved):
    folder, _ = saved
    run = invoke("solve", str(folder / "net"), "--with-rounds", "--json", "--out", str(folder / "both"), "--gap", "0")
    assert run.exit_code == 0, run.stderr
    design = json.loads(run.stdout)["models"]["design"]
    assert design["rounds"]["has_agreed"]
    assert design["rounds"]["total"] == pytest.approx(100 + 44.2 * 2 * 50 * 1.8)
    assert design["objective"] == pytest.approx(design["rounds"]["total"])
    assert any(check["name"] == "rounds-cost-recomputed" for check in design["certificate"])
    assert (folder / "both" / "rounds.csv").exists()
    again = invoke("rounds", str(folder / "both"), "--iterations", "300", "--json")
    assert json.loads(again.stdout)["disagreement"] == pytest.approx(0.0, abs=1e-9)


def test_rounds_are_of_plans_of_least_cost(saved):
    folder, _ = saved
    run = invoke("solve", str(folder / "net"), "--with-rounds", "--objective", "emissions")
    assert run.exit_code == 2
    assert "plans of least cost" in run.stderr


@pytest.mark.slow
def test_several_processes_find_the_same(saved):
    folder, document = saved
    run = invoke("rounds", str(folder / "plan"), "--iterations", "300", "--jobs", "2", "--json")
    assert json.loads(run.stdout)["cost"] == pytest.approx(document["cost"])


def test_the_judges_know_no_planner():
    """Neither judge reaches PyVRP, the module that calls it, or the tasks that it solves."""
    for judge in (rounds_judge, round_judge):
        lines = [line for line in inspect.getsource(judge).splitlines() if line.startswith(("import ", "from "))]
        assert not any(
            word in line for line in lines for word in ("pyvrp", "vehicle_routing", "round_tasks", "rounds_of")
        )
