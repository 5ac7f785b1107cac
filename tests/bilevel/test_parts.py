"""The engine's smaller parts: active sets, boxes, responses, qualification, the pessimistic value, `auto`."""

from __future__ import annotations

import dataclasses
import itertools

import pyomo.environ as pyo
import pytest

from batteryopt import bilevel
from batteryopt.bilevel.judge.pessimistic import worst_answer
from batteryopt.bilevel.judge.responses import answer_in_turn, best_response, fixed, response_model, restored
from batteryopt.bilevel.kkt import single_level as kkt
from batteryopt.bilevel.kkt.active_set import all_variables, polish, set_slacks
from batteryopt.bilevel.methods import METHODS, MethodSettings, automatic, portfolio
from batteryopt.bilevel.problem.follower import Follower
from batteryopt.bilevel.problem.gradients import constant_gradients, dependent_equalities
from batteryopt.bilevel.problem.normal_form import extract
from batteryopt.bilevel.proof.boxes import boxed, natural_size, reaches
from batteryopt.bilevel.proof.qualification import Qualification, qualify
from batteryopt.ground.status import StopReason

from .models import disk, duopoly, linear, market, nonlinear, one_follower, retailer


def near_the_optimum(shift: float) -> tuple[pyo.ConcreteModel, kkt.KktSystem]:
    """The retailer's system a little off its solution w = 15, p = 22.5, where no row binds."""
    m = retailer()
    system = kkt.build(extract(m))
    m.w.set_value(15 + shift)
    m.retailer.p.set_value(22.5 - shift)
    set_slacks(system)
    return m, system


def test_slacks_are_what_the_rows_leave():
    """Stock: 12 - (30 - p) = 4.5 at p = 22.5; the price itself: 22.5."""
    _, system = near_the_optimum(0.0)
    assert [pair.slack.value for pair in system.all_pairs] == pytest.approx([4.5, 22.5])


def test_slacks_of_violated_rows_are_zero():
    m, system = near_the_optimum(0.0)
    m.retailer.p.set_value(17)
    set_slacks(system)
    assert system.all_pairs[0].slack.value == 0


def test_a_polish_reaches_the_last_digits():
    m, system = near_the_optimum(1e-5)
    report = polish(system, objective=pyo.value(m.profit))
    assert report is not None
    assert m.w.value == pytest.approx(15, abs=1e-7)
    assert m.retailer.p.value == pytest.approx(22.5, abs=1e-7)


def test_a_polish_that_would_lose_is_not_taken():
    """A point that is better by being infeasible by far: polishing keeps it rather than pretend."""
    m, system = near_the_optimum(1e-4)
    before = (m.w.value, m.retailer.p.value)
    assert polish(system, objective=200.0) is None
    assert (m.w.value, m.retailer.p.value) == before


def test_a_polish_leaves_nothing_fixed():
    _, system = near_the_optimum(1e-4)
    polish(system, objective=None)
    unfixed = [v for v in all_variables(system) if v.fixed]
    assert unfixed == []


def test_a_polish_keeps_integers_at_their_rounded_values():
    m = linear()
    m.x.domain = pyo.Integers
    reformulation = METHODS["sos1"].apply(extract(m), MethodSettings())
    m.x.set_value(3.0000001, skip_validation=True)
    m.f.y.set_value(0.9999999)
    set_slacks(reformulation.system)
    reformulation.system.all_pairs[1].multiplier.set_value(1.0)  # of the row that binds at x = 3
    polish(reformulation.system, objective=None)
    assert m.x.value == 3
    assert m.f.y.value == pytest.approx(1)
    assert not m.x.fixed


def test_the_natural_size_is_the_largest_number_of_the_model():
    assert natural_size(extract(retailer(demand=700.0))) == 700
    assert natural_size(extract(one_follower(lambda x, y: y**2))) == 4  # the leader's x goes up to 4


def test_a_box_bounds_what_has_no_bounds_and_goes_again():
    m = one_follower(lambda x, y: y**2 - x * y)
    m.x.setub(None)
    system = kkt.build(extract(m))
    with boxed(system, 50.0) as users:
        assert {v.name for v in users} == {"x", "f.y"}
        assert m.x.bounds == (0, 50)
        assert m.f.y.bounds == (-50, 50)
        m.x.set_value(49.9)
        m.f.y.set_value(0)
        assert reaches(users, 50.0)
        m.x.set_value(20)
        assert not reaches(users, 50.0)
    assert m.x.bounds == (0, None)
    assert m.f.y.bounds == (None, None)


def test_nothing_to_box():
    m = duopoly()
    with boxed(kkt.build(extract(m)), 1000.0) as users:
        assert users == []


def test_best_response_of_the_retailer():
    """At w = 2: p = 16 without stock, 18 with it."""
    m = retailer()
    m.w.set_value(2)
    follower = extract(m).followers[0]
    assert best_response(follower).point_status.is_feasible
    assert m.retailer.p.value == pytest.approx(18)
    m.w.set_value(10)
    best_response(follower)
    assert m.retailer.p.value == pytest.approx(20)
    assert not m.w.fixed


def test_best_response_of_a_nonlinear_follower():
    m = nonlinear()
    m.x.set_value(4)
    best_response(extract(m).followers[0])
    assert m.f.y.value == pytest.approx(1.3862943611, abs=1e-7)  # log 4


def free_follower(*, bounds=(None, None), cross: float = 1.0) -> pyo.ConcreteModel:
    m = pyo.ConcreteModel()
    m.x = pyo.Var(initialize=3.0)
    m.objective = pyo.Objective(expr=m.x)
    m.f = Follower()
    m.f.y = pyo.Var([1, 2], bounds=bounds, initialize=0.0)
    m.f.cost = pyo.Objective(expr=(m.f.y[1] - m.x) ** 2 + cross * m.f.y[1] * m.f.y[2] + m.f.y[2] ** 2)
    return m


def test_a_free_quadratic_follower_is_answered_by_linear_equations():
    """2 (y_1 - 3) + y_2 = 0 and y_1 + 2 y_2 = 0: y = (4, -2), at a cost of 1 - 8 + 4."""
    m = free_follower()
    report = best_response(extract(m).followers[0])
    assert report.solver == "linear equations"
    assert [m.f.y[1].value, m.f.y[2].value] == pytest.approx([4.0, -2.0], abs=1e-12)
    assert report.objective == pytest.approx(-3.0, abs=1e-12)


@pytest.mark.parametrize("changes", [{"bounds": (0.0, 10.0)}, {"cross": 2.0}], ids=["bounds", "singular"])
def test_other_followers_are_not(changes):
    """With bounds y = (3, 0); with cross 2 the cost is (y_1 + y_2)^2 - 6 y_1 + 9, and falls for ever along (1, -1)."""
    m = free_follower(**changes)
    report = best_response(extract(m).followers[0])
    assert report.solver != "linear equations"
    if "bounds" in changes:
        assert [m.f.y[1].value, m.f.y[2].value] == pytest.approx([3.0, 0.0], abs=1e-7)
    else:
        assert report.stop_reason is StopReason.UNBOUNDED


def test_a_response_model_can_forgive_what_is_violated_now():
    m = retailer()
    m.w.set_value(2)
    m.retailer.p.set_value(17.5)  # the stock is exceeded by 0.5
    follower = extract(m).followers[0]
    with fixed(follower.data_variables):
        strict = response_model(follower)
        lenient = response_model(follower, allow_current_violation=True)
    assert pyo.value(strict.row[0].upper) == 0
    assert pyo.value(lenient.row[0].upper) == pytest.approx(0.5)


def test_answers_in_turn_reach_the_equilibrium():
    """At x = 12 both make (24 - 12)/3 = 4; each turn halves what is missing."""
    m = duopoly()
    m.x.set_value(12)
    for i in (1, 2):
        m.firm[i].y.set_value(0)
    assert answer_in_turn(extract(m), sweeps=40)
    assert [m.firm[i].y.value for i in (1, 2)] == pytest.approx([4, 4], abs=1e-6)


def test_answers_in_turn_say_where_there_is_none():
    m = linear()
    m.f.more = pyo.Constraint(expr=m.f.y >= 3)
    m.x.set_value(1)
    assert not answer_in_turn(extract(m))


def test_values_are_restored_even_after_an_error():
    m = linear()
    m.x.set_value(1)

    def fail() -> None:
        with restored([m.x]), fixed([m.x]):
            m.x.set_value(3)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert m.x.value == 1
    assert not m.x.fixed


QUALIFIED = {
    "affine rows": (linear, Qualification.AFFINE_ROWS),
    "nonlinear objective, affine rows": (nonlinear, Qualification.AFFINE_ROWS),
    "a disk that the leader does not touch": (disk, Qualification.SLATER_POINT),
}


@pytest.mark.parametrize("name", QUALIFIED)
def test_qualification(name: str):
    build, expected = QUALIFIED[name]
    assert qualify(extract(build())) == (expected,)


@pytest.mark.parametrize(("lowest", "expected"), [(0.0, "unproven"), (0.25, "slater-point")])
def test_a_disk_of_the_leaders_size_has_a_slater_point_unless_it_may_shrink_to_nothing(lowest: float, expected: str):
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(lowest, 1))
    m.f = bilevel.Follower()
    m.f.y = pyo.Var([1, 2])
    m.f.c = pyo.Constraint(expr=m.f.y[1] ** 2 + m.f.y[2] ** 2 <= m.x)
    m.f.cost = pyo.Objective(expr=m.f.y[1])
    m.cost = pyo.Objective(expr=m.x)
    assert qualify(extract(m)) == (Qualification(expected),)


def test_constant_gradients_and_dependent_equalities():
    """Rows y + z <= 3 and 2 y - z == 1, 4 y - 2 z == 2."""
    m = pyo.ConcreteModel()
    m.f = bilevel.Follower()
    m.f.y, m.f.z = pyo.Var(), pyo.Var()
    m.f.a = pyo.Constraint(expr=m.f.y + m.f.z <= 3)
    m.f.b = pyo.Constraint(expr=2 * m.f.y - m.f.z == 1)
    m.f.c = pyo.Constraint(expr=4 * m.f.y - 2 * m.f.z == 2)
    m.f.cost = pyo.Objective(expr=m.f.y)
    m.cost = pyo.Objective(expr=m.f.y)
    follower = extract(m).followers[0]
    inequalities, equalities = constant_gradients(follower)
    assert inequalities.tolist() == [[1, 1]]
    assert equalities.tolist() == [[2, -1], [4, -2]]
    assert dependent_equalities(follower) == (0,)  # the smaller of the two says nothing new


def test_gradients_that_are_not_constant():
    assert constant_gradients(extract(disk()).followers[0]) is None


def test_the_worst_answer_of_an_indifferent_follower():
    """min z over z >= x, y in [0, 5]: y is free; the leader wants y small and fears 5."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 1), initialize=0)
    m.f = bilevel.Follower()
    m.f.y, m.f.z = pyo.Var(bounds=(0, 5), initialize=0), pyo.Var(initialize=0)
    m.f.c = pyo.Constraint(expr=m.f.z + 0 * m.f.y >= m.x)
    m.f.d = pyo.Constraint(expr=m.f.y <= 4 + m.x)
    m.f.cost = pyo.Objective(expr=m.f.z)
    m.cost = pyo.Objective(expr=m.f.y + m.x)
    assert worst_answer(extract(m), MethodSettings()) == pytest.approx(4)
    assert (m.f.y.value, m.x.fixed) == (0, False)


def test_the_worst_answer_of_a_strictly_convex_follower_is_the_answer():
    m = retailer()
    answer = bilevel.solve(m, pessimistic_gap=True)
    assert answer.pessimistic_gap == pytest.approx(0, abs=1e-4)


def test_the_pessimistic_value_leaves_multipliers_alone():
    """y >= 1 and y >= x bind together at x = 1: the leader takes all of the weight, the worst case would take none."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 1))
    m.f = bilevel.Follower()
    m.f.y = pyo.Var(bounds=(0, None))
    m.f.cost = pyo.Objective(expr=m.f.y)
    m.f.a = pyo.Constraint(expr=m.f.y >= 1)
    m.f.b = pyo.Constraint(expr=m.f.y >= m.x)
    m.d = bilevel.dual_of(m.f.a)
    m.gain = pyo.Objective(expr=m.x + m.d, sense=pyo.maximize)
    answer = bilevel.solve(m, pessimistic_gap=True)
    assert answer.objective == pytest.approx(2)
    assert pyo.value(m.d) == pytest.approx(1)
    assert pyo.value(m.gain) == pytest.approx(2)
    assert set(answer.values) == {"x", "f.y"}


def test_a_worst_answer_that_is_no_best_answer_is_not_reported():
    """min y2 over y1^2 <= x, y2 in [0, 1]: at x = 0 Fritz John conditions hold for every y2, but only 0 is best."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 1))
    m.f = bilevel.Follower()
    m.f.y = pyo.Var([1, 2], bounds=(-1, 1))
    m.f.y[2].setlb(0)
    m.f.c = pyo.Constraint(expr=m.f.y[1] ** 2 <= m.x)
    m.f.cost = pyo.Objective(expr=m.f.y[2])
    m.cost = pyo.Objective(expr=m.x + m.f.y[2])
    answer = bilevel.solve(m, pessimistic_gap=True, time_limit=20)
    assert answer.objective == pytest.approx(0, abs=1e-5)
    assert answer.pessimistic_objective is None or answer.pessimistic_objective == pytest.approx(0, abs=1e-4)


def test_auto_says_why():
    answer = bilevel.solve(linear())
    assert answer.method in METHODS
    assert len(answer.why) > 10


def test_auto_works_where_the_model_has_no_bounds():
    """min (x - 8)^2 + y^2 with y = x - 2 chosen by min (y - x + 2)^2: x = 5, y = 3, 9 + 9."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var()
    m.f = bilevel.Follower()
    m.f.y = pyo.Var()
    m.f.cost = pyo.Objective(expr=(m.f.y - m.x + 2) ** 2)
    m.cost = pyo.Objective(expr=(m.x - 8) ** 2 + m.f.y**2)
    assert bilevel.solve(m, time_limit=20).objective == pytest.approx(18)


def test_the_best_candidate_brings_its_own_multipliers_back():
    """Two searches of the same problem, the first the better one: its duals must be connected again."""
    m = market()
    problem = extract(m)
    settings = MethodSettings(time_limit=20)
    first = METHODS["indicator"].solve(problem, settings)
    values = [v.value for v in all_variables(first.system)]
    price = pyo.value(m.price)
    candidate = portfolio.FollowedPoint(pyo.value(m.profit), first, values, "indicator", "first")
    second = METHODS["indicator"].apply(problem, settings)
    for v in all_variables(second.system):
        v.set_value(1.0, skip_validation=True)
    portfolio.best_of(problem, [candidate], dataclasses.replace(first))
    assert pyo.value(m.price) == pytest.approx(price)
    assert pyo.value(m.profit) == pytest.approx(105)


def lying(monkeypatch, **false):
    """Let the first global search report what it did not find."""
    real = type(METHODS["indicator"]).solve

    def solve(self, problem, settings):
        outcome = real(self, problem, settings)
        return dataclasses.replace(outcome, report=dataclasses.replace(outcome.report, **false))

    monkeypatch.setattr(type(METHODS["indicator"]), "solve", solve)


def test_a_bound_that_its_own_point_refutes_is_not_passed_on(monkeypatch):
    lying(monkeypatch, bound=47.0)  # the leader earns 48
    answer = bilevel.solve(duopoly())
    assert (answer.method, answer.is_optimal) == ("sos1", True)
    assert "better than its own bound" in answer.why
    assert answer.objective == pytest.approx(48, rel=1e-6)
    assert answer.bound == pytest.approx(48, rel=1e-5)


def test_a_refuted_point_without_a_second_opinion_has_no_bound(monkeypatch):
    lying(monkeypatch, bound=47.0)
    monkeypatch.setattr(automatic, "candidate_of", first_only(automatic.candidate_of))
    answer = bilevel.solve(duopoly())
    assert (answer.method, answer.bound, answer.is_optimal) == ("indicator", None, False)
    assert answer.stop_reason is StopReason.NUMERICAL_TROUBLE
    assert answer.objective == pytest.approx(48, rel=1e-6)


def first_only(function):
    """Let a function answer once, and nothing after that."""
    calls = itertools.count()
    return lambda *given: function(*given) if next(calls) == 0 else None


def test_large_problems_go_to_the_local_method(monkeypatch):
    monkeypatch.setattr(automatic, "LARGE", 2)
    answer = bilevel.solve(duopoly())
    assert answer.method == "regularized"
    assert "4 complementarity pairs are beyond a global search" in answer.why
    assert answer.objective == pytest.approx(48, rel=1e-5)
    assert not answer.is_optimal
