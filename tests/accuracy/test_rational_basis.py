"""Optima proven by a basis in rational numbers: by hand, against what others found, and what is refused."""

from __future__ import annotations

import itertools
from fractions import Fraction
from pathlib import Path

import pyomo.environ as pyo
import pyscipopt
import pytest

from batteryopt import accuracy
from batteryopt.accuracy import rational_basis
from batteryopt.accuracy.accuracy_run import judge_run
from batteryopt.accuracy.brought import OwnFunction
from batteryopt.accuracy.contestants import contestants
from batteryopt.accuracy.digits import NoReference
from batteryopt.accuracy.exported import export
from batteryopt.accuracy.families import lot_sizing, netlib, recycling_network
from batteryopt.accuracy.mps_problems import named_problem, problem_of
from batteryopt.accuracy.rational_basis import BasisHint, best_by_basis, solved_sparse
from batteryopt.accuracy.rational_plans import truth_of_small_program
from batteryopt.ground.errors import InvalidInput
from tests.command_line import invoke


def two_lines(sense=pyo.maximize):
    """Max 3x + 2y with 3x + 5y <= 10 and 7x + 2y <= 9, x and y >= 0."""
    m = pyo.ConcreteModel()
    m.x, m.y = pyo.Var(bounds=(0, None)), pyo.Var(bounds=(0, None))
    m.first = pyo.Constraint(expr=3 * m.x + 5 * m.y <= 10)
    m.second = pyo.Constraint(expr=7 * m.x + 2 * m.y <= 9)
    m.aim = pyo.Objective(expr=3 * m.x + 2 * m.y, sense=sense)
    return m


def test_a_corner_by_hand():
    """Both rows are met at x = 25/29 and y = 43/29: 161/29; their duals solve 3a + 7b = 3 and 5a + 2b = 2."""
    best = best_by_basis(two_lines())
    assert best.point == {"x": Fraction(25, 29), "y": Fraction(43, 29)}
    assert best.objective == Fraction(161, 29)
    assert best.is_unique
    assert best.truth.multipliers == {"first": Fraction(8, 29), "second": Fraction(9, 29)}
    assert best_by_basis(two_lines(pyo.minimize)).objective == 0


def test_where_an_edge_is_as_good_no_decision_is_compared():
    m = two_lines()
    m.aim.set_value(3 * m.x + 5 * m.y)
    best = best_by_basis(m)
    assert (best.objective, best.is_unique) == (10, False)
    assert best.truth.decisions == {}


def test_a_wrong_hint_proves_nothing(monkeypatch):
    """At y = 2, with the first row met, the second has room; but x would still gain."""
    monkeypatch.setattr(
        rational_basis, "_hints", lambda _: [BasisHint(columns=(1,), rows=(0,), at={0: 0}, sides=(10,))]
    )
    with pytest.raises(NoReference, match="no basis proves an optimum: a multiplier belongs to no side"):
        best_by_basis(two_lines())
    monkeypatch.setattr(
        rational_basis, "_hints", lambda _: [BasisHint(columns=(1,), rows=(0, 1), at={0: 0}, sides=(10, 9))]
    )
    with pytest.raises(NoReference, match="not as many columns as rows"):
        best_by_basis(two_lines())


@pytest.mark.parametrize("fault", ["infeasible", "unbounded", "quadratic", "whole"])
def test_what_has_no_such_optimum_is_refused(fault):
    m = two_lines()
    if fault == "infeasible":
        m.third = pyo.Constraint(expr=m.x + m.y >= 50)
    elif fault == "unbounded":
        m.first.deactivate()
        m.second.deactivate()
    elif fault == "quadratic":
        m.aim.set_value(-(m.x**2))
    else:
        m.x.domain = pyo.Integers
    with pytest.raises(NoReference):
        best_by_basis(m)


def test_a_sparse_system_by_hand():
    """2a + b = 3, a + c = 2, b - c = 0: then b = c, a = 2 - c, 4 - 2c + c = 3, c = 1."""
    assert solved_sparse([{0: 2, 1: 1}, {0: 1, 2: 1}, {1: 1, 2: -1}], [3, 2, 0]) == [1, 1, 1]
    with pytest.raises(NoReference, match="singular"):
        solved_sparse([{0: 1, 1: 1}, {0: 2, 1: 2}], [1, 2])


PUBLISHED = {"afiro": Fraction(-406659, 875), "adlittle": Fraction("225494.96316")}
"""Koch (2004), in rationals, for the decimal numbers; Netlib's own list of objectives, to eleven digits."""


@pytest.mark.parametrize("name", netlib.NAMES)
def test_netlib_s_programs_have_their_published_optima(name):
    """The doubles next to the decimal numbers move the optimum in the sixteenth digit."""
    (case,) = (c for c in netlib.problems(0, quick=False) if c.name == name)
    truth = case.find_truth()
    assert float(truth.objective) == pytest.approx(float(PUBLISHED[name]), rel=1e-14 if name == "afiro" else 1e-10)
    assert truth.is_rational


def knapsack(room: float = 4):
    """Max 5a + 4b + y with 3a + 2b + y <= room, y <= 1/2, a + b >= 1: whole a, b in {0, 1}."""
    m = pyo.ConcreteModel()
    m.a, m.b, m.y = pyo.Var(domain=pyo.Binary), pyo.Var(domain=pyo.Binary), pyo.Var(bounds=(0, 0.5))
    m.room = pyo.Constraint(expr=3 * m.a + 2 * m.b + m.y <= room)
    m.one = pyo.Constraint(expr=m.a + m.b >= 1)
    m.aim = pyo.Objective(expr=5 * m.a + 4 * m.b + m.y, sense=pyo.maximize)
    return m


def test_choices_of_whole_variables_by_hand():
    """Nothing is forbidden by the second row, both by the first: 5.5 with a, 4.5 with b, half of 1 apart."""
    truth = truth_of_small_program(knapsack())
    assert (float(truth.objective), truth.resolution) == (5.5, 0.5)
    assert {name: float(v) for name, v in truth.decisions.items()} == {"a": 1, "b": 0, "y": 0.5}
    with pytest.raises(NoReference, match="no choice"):
        truth_of_small_program(knapsack(room=1))
    m = knapsack()
    m.y.domain = pyo.Integers
    m.y.setub(10_000)
    with pytest.raises(NoReference, match="too many"):
        truth_of_small_program(m)


@pytest.mark.parametrize("seed", range(3))
def test_a_network_of_one_candidate_by_a_formula(seed):
    """With room for all, each tonne goes to the plant where that costs less than to leave it; or nothing is built.

    A tonne costs 0.25 a km to the plant and 7 there, and half a tonne of mass costs 0.25 a km more and earns 120.
    """
    network = recycling_network.random_recycling(4, 1, seed)
    km = network.distances["road"]
    (level,) = network.types[0].levels
    costs = 0.0
    for k, row in enumerate(network.returns):
        worked = 0.25 * km[k, 4] + 7 + 0.5 * (0.25 * km[4, 5] - 120)
        costs += float(row.tonnes) * min(150, worked)
    left = 150 * sum(float(row.tonnes) for row in network.returns)
    built = costs + float(level.opening_cost) + float(level.fixed_cost)
    truth = truth_of_small_program(recycling_network.build(4, 1, seed))
    assert float(truth.objective) == pytest.approx(min(left, built), rel=1e-12)


MPS = """NAME two
ROWS
 N  aim
 L  first
 L  second
 N  another
COLUMNS
    x  aim  -3  first  3
    x  second  7  another  1
    y  aim  -2  first  5
    y  second  2
RHS
    RHS  first  10  second  9
ENDATA
"""


def test_a_file_of_the_user_s_is_judged(tmp_path):
    """The program of the first test as a minimisation: -161/29."""
    path = tmp_path / "two.mps"
    path.write_text(MPS)
    case = problem_of(path)
    assert float(case.find_truth().objective) == pytest.approx(-161 / 29, rel=1e-15)
    found = invoke("accuracy", "--problem", path, "--solver", "raw:highs", "--tolerance", "1e-9", "--json")
    assert found.exit_code == 0
    assert '"verdict": "right"' in found.stdout


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (MPS.replace("first  10", "first  -10"), "no basis proves an optimum"),
        ("nonsense\n", "no file in MPS or LP form"),
        (MPS.replace("ENDATA", "QUADOBJ\n    x  x  2\nENDATA"), "quadratic objective"),
    ],
)
def test_a_file_without_an_exact_answer_is_refused_in_words(tmp_path, text, words):
    path = tmp_path / "two.mps"
    path.write_text(text)
    with pytest.raises(InvalidInput, match=words):
        problem_of(path)
    found = invoke("accuracy", "--problem", tmp_path / "none.mps")
    assert found.exit_code == 2


def test_the_model_of_a_file_has_its_names():
    model = named_problem(netlib.HERE / "afiro.mps", "netlib").build()
    assert (len(model.x), len(model.row)) == (32, 27)
    assert Path(netlib.HERE / "afiro.mps").read_text().splitlines()[0].startswith("NAME")


def closed(periods: int = 6):
    return next(c for c in lot_sizing.problems(0, quick=True) if c.variant == "indicator")


def test_nothing_trickles_through_an_indicator():
    """With an M of 1e9 all demand fits through a machine that is open by 1e-7; an indicator says what is meant."""
    case = closed()
    lots = lot_sizing.random_lots(6, 0)
    by_hand = min(
        sum(lots.lot(a, b - 1) for a, b in itertools.pairwise((0, *cuts, 6)))
        for r in range(6)
        for cuts in itertools.combinations(range(1, 6), r)
    )
    truth = case.find_truth()
    assert float(truth.objective) == by_hand
    (scip,) = contestants(["scip"])
    assert judge_run(case, truth, scip, 1e-6)["verdict"] == "right"

    def trickle(model, tolerance, time_limit):
        """Make everything in the first period behind a closed machine."""
        raise AssertionError("is not asked: it would see half of the model")

    row = judge_run(case, truth, OwnFunction(name="own", function=trickle), 1e-6)
    assert row["verdict"] == "not-for-it"
    assert "indicator constraints" in row["message"]


def test_a_closed_machine_that_makes_is_caught():
    class Liar:
        name, levels, takes_indicators = "liar", 1, True

        def solve(self, model, tolerance, time_limit):
            (word,) = contestants(["scip"])
            found = word.solve(model, tolerance, time_limit)
            for variable in model.is_set_up.values():
                variable.set_value(0)
            return found

    case = closed()
    assert judge_run(case, case.find_truth(), Liar(), 1e-6)["verdict"] == "said-solved-and-was-not"


def test_the_families_are_there():
    names = {case.name for case in accuracy.problems(["netlib", "recycling-network", "lot-sizing"])}
    assert {"afiro", "adlittle", "recycling-6x4-0", "lots-24-periods-indicator-0"} <= names


def test_indicators_stand_in_the_mps_file(tmp_path):
    """SCIP reads the file by itself, without this package: the cost of the best plan of lots, of all that there are."""
    case = closed()
    export([case], tmp_path / "set", seed=0)
    files = {path.name for path in (tmp_path / "set").iterdir()}
    assert f"{case.name}.mps" in files
    assert f"{case.name}.nl" not in files
    assert " IF c_u_implied(1)_ is_set_up(0) 0" in (tmp_path / "set" / f"{case.name}.mps").read_text()
    scip = pyscipopt.Model()
    scip.hideOutput()
    scip.readProblem(str(tmp_path / "set" / f"{case.name}.mps"))
    scip.setParam("limits/gap", 0.0)
    scip.optimize()
    assert scip.getObjVal() == pytest.approx(float(case.find_truth().objective), abs=1e-6)
    lines = [f"{v.name} {scip.getVal(v)!r}\n" for v in scip.getVars() if not v.name.startswith("indslack")]
    (tmp_path / f"{case.name}.sol").write_text("".join(lines))
    found = invoke("accuracy", "judge", tmp_path / "set", tmp_path / f"{case.name}.sol")
    assert found.exit_code == 0
    assert f"{case.name}: right" in found.stdout
