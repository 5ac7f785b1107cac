"""Rules that a user writes in Pyomo: kept, judged, and told in his own words where they cannot be.

The three rules of the page "Add your own rule" stand here with their arithmetic.
"""

from __future__ import annotations

import dataclasses
import math

import pyomo.environ as pyo
import pytest

import batteryopt
from batteryopt.ground.errors import InvalidInput
from batteryopt.ground.status import StopReason
from batteryopt.network.data.instance import Candidate, Mode, Return, Standing
from batteryopt.network.data.objective import Objective
from batteryopt.network.formulation.added import add_rules
from batteryopt.network.formulation.formulate import formulate
from batteryopt.network.formulation.objective import weighted
from batteryopt.network.search import search as search_module
from batteryopt.network.search.searched_problem import make_problem
from batteryopt.network.solve import solve
from batteryopt.solvers.highs.highs_arrays import solve_arrays
from tests.network.echelon import echelon


@pytest.fixture(params=["one tree", "the search"])
def either_way(request, monkeypatch):
    """The whole tree at once, as small networks are solved, and the search that large ones need."""
    if request.param == "the search":
        for size in ("TINY", "SMALL"):
            monkeypatch.setattr(search_module, size, 0)


def is_open(m, town):
    return m.is_open[town, "point", "one", "now"]


def line(count, *, step=10.0, tonnes=1.0, opening=5.0):
    km = [[abs(i - j) * step for j in range(count)] for i in range(count)]
    return echelon(km, [tonnes] * count, [opening] * count)


# ---- three rules ---------------------------------------------------------------------------------------------------


def two_towns():
    """10 t at each, 3 km apart: only town0 60 + 30 = 90, only town1 80 + 30 = 110, both 60 + 80 = 140."""
    return echelon([[0, 3], [3, 0]], [10, 10], [60, 80])


@pytest.mark.usefixtures("either_way")
def test_if_one_then_the_other():
    def rules(m):
        m.town0_needs_town1 = pyo.Constraint(expr=is_open(m, "town0") <= is_open(m, "town1"))

    assert solve(two_towns(), gap=0.0).objective == pytest.approx(90)
    answer = solve(two_towns(), gap=0.0, rules=rules)
    assert answer.objective == pytest.approx(110)
    assert answer.run.bound == pytest.approx(110)
    assert set(answer.solution.facilities["site"]) == {"town1"}
    assert answer.certificate.passed
    assert answer.certificate["rule-town0_needs_town1"].residual == 0


@pytest.mark.usefixtures("either_way")
def test_at_most_two_of_five():
    """Five towns 10 km apart with 1 t each: all five 25; with two, 10 and three towns that send 1 t over 10 km: 40."""

    def rules(m):
        towns = [f"town{i}" for i in range(5)]
        m.at_most_two = pyo.Constraint(expr=sum(is_open(m, town) for town in towns) <= 2)

    assert solve(line(5), gap=0.0).objective == pytest.approx(25)
    answer = solve(line(5), gap=0.0, rules=rules)
    assert answer.objective == pytest.approx(40)
    assert answer.certificate.passed


@pytest.mark.parametrize(("least", "cost", "used"), [(4.0, 15.0, 1.0), (8.0, 25.0, 0.0)])
@pytest.mark.usefixtures("either_way")
def test_a_minimum_load_on_a_lane(least, cost, used):
    """5 t at town0, where nothing can stand; to town1 over 1 km: 10 + 5; to town2 over 3 km: 10 + 15."""
    network = echelon([[0, 1, 3], [1, 0, 2], [3, 2, 0]], [5, 0, 0], [1000, 10, 10])

    def rules(m):
        lane = m.shipped["town0", "town1", "road", "pack", "now"]
        m.lane_is_used = pyo.Var(domain=pyo.Binary, doc="1 where the lane carries anything")
        m.nothing_unless_used = pyo.Constraint(expr=lane <= 5 * m.lane_is_used)
        m.least_load = pyo.Constraint(expr=lane >= least * m.lane_is_used)

    answer = solve(network, gap=0.0, rules=rules)
    assert answer.objective == pytest.approx(cost)
    assert answer.extras == {"lane_is_used": pytest.approx(used)}
    assert answer.to_json()["extras"] == answer.extras
    assert {"rule-nothing_unless_used", "rule-least_load"} <= {check.name for check in answer.certificate}
    assert answer.certificate.passed
    assert "extras" not in solve(network).to_json()


# ---- what holds for one of several equal plans only ------------------------------------------------------------------


def twins():
    """Town1 and town2 are the same but for their names."""
    return echelon([[0, 1, 1], [1, 0, 1], [1, 1, 0]], [5, 0, 0], [1000, 10, 10])


def without_zones(network):
    return dataclasses.replace(network, returns=(Return(site="town0", product="pack", tonnes=5.0),))


@pytest.mark.parametrize("town", ["town1", "town2"])
def test_a_rule_may_tell_equal_sites_apart(town):
    network = without_zones(twins())
    assert len(formulate(network, {Objective.COST: 1.0}).rows["twins_open_in_order"]) == 1

    def rules(m):
        is_open(m, town).fix(0)

    answer = solve(network, gap=0.0, rules=rules)
    assert set(answer.solution.facilities["site"]) == {"town1", "town2"} - {town}
    assert answer.objective == pytest.approx(15)


def test_a_rule_may_ask_for_more_trips_than_the_load_needs():
    """5 t fit one lorry; three must go: 10 to open and 3 x 7."""
    network = echelon([[0, 1], [1, 0]], [5, 0], [1000, 10])
    lorry = Mode(name="road", distance="km", trip_capacity_t=5.0, whole_trips=True, cost_per_trip=7.0)
    network = dataclasses.replace(network, modes=(lorry,))

    def rules(m):
        m.three_trips = pyo.Constraint(expr=m.trips["town0", "town1", "road", "now"] >= 3)

    assert solve(network, gap=0.0).objective == pytest.approx(17)
    assert solve(network, gap=0.0, rules=rules).objective == pytest.approx(31)


def test_a_rule_may_ask_for_more_rounds_of_a_mobile_station():
    """5 t in one round to the depot in town1; five rounds must go: 10 to open and 5 x 7."""
    network = echelon([[0, 1], [1, 0]], [5, 0], [1000, 10])
    van = Mode(name="road", distance="km", trip_capacity_t=5.0, whole_trips=True, cost_per_trip=7.0, is_mobile=True)
    network = dataclasses.replace(network, modes=(van,))

    def rules(m):
        m.five_rounds = pyo.Constraint(expr=m.trips["town0", "town1", "road", "now"] >= 5)

    assert solve(network, gap=0.0).objective == pytest.approx(17)
    answer = solve(network, gap=0.0, rules=rules)
    assert answer.objective == pytest.approx(45)
    assert answer.certificate.passed


def test_what_is_fixed_or_narrowed_is_kept():
    """Both stand: 140; nothing may leave town1, which a bound of 0 says: then town1 stands, and town0 sends or not."""

    def both(m):
        is_open(m, "town0").fix(1)
        is_open(m, "town1").setlb(1)

    assert solve(two_towns(), gap=0.0, rules=both).objective == pytest.approx(140)

    def stays(m):
        m.shipped["town1", "town0", "road", "pack", "now"].setub(0)

    assert solve(two_towns(), gap=0.0, rules=stays).objective == pytest.approx(110)


def test_expressions_can_be_limited():
    """Transport of at most 20 money: both stand, for one alone receives 10 t over 3 km."""

    def rules(m):
        m.little_traffic = pyo.Constraint(expr=m.cost_terms["transport"] <= 20)

    assert solve(two_towns(), gap=0.0, rules=rules).objective == pytest.approx(140)


@pytest.mark.usefixtures("either_way")
def test_variables_of_ones_own_by_index_and_without_bounds():
    """Twice the towns that stand, less one, is free to be anything: at least 3 makes both stand."""

    def rules(m):
        m.TOWNS = pyo.Set(initialize=["town0", "town1"])
        m.twice = pyo.Var(m.TOWNS)
        m.is_twice = pyo.Constraint(m.TOWNS, rule=lambda m, town: m.twice[town] == 2 * is_open(m, town))
        m.enough = pyo.Constraint(expr=sum(m.twice.values()) - 1 >= 3)

    answer = solve(two_towns(), gap=0.0, rules=rules)
    assert answer.objective == pytest.approx(140)
    assert answer.extras == {"twice": {"town0": pytest.approx(2), "town1": pytest.approx(2)}}


# ---- told in the user's words ---------------------------------------------------------------------------------------


def faults(rules, network=None):
    with pytest.raises(InvalidInput) as told:
        solve(network or two_towns(), rules=rules)
    return [str(fault) for fault in told.value.faults]


def add(**components):
    def rules(m):
        for name, expression in components.items():
            m.add_component(name, pyo.Constraint(expr=expression(m)))

    return rules


def test_a_misspelt_site_is_told_with_the_nearest():
    (fault,) = faults(add(mine=lambda m: is_open(m, "twon1") <= 0))
    assert "is_open['twon1', 'point', 'one', 'now']" in fault
    assert "did you mean 'town1'?" in fault


def test_a_misspelt_variable_is_told_with_the_nearest():
    (fault,) = faults(lambda m: m.shiped)
    assert fault.startswith("model.shiped")
    assert "did you mean 'shipped'?" in fault


def test_a_lane_that_is_not_there_is_told():
    (fault,) = faults(add(mine=lambda m: m.shipped["town0", "town0", "road", "pack", "now"] <= 0))
    assert "nothing can ever be decided there" in fault
    (fault,) = faults(add(mine=lambda m: m.shipped["town0", "town1"] <= 0))
    assert "has 2 names where there are 5" in fault


def number_only(m):
    m.most = pyo.Param(initialize=1.0, mutable=True)
    return m.most <= 2


@pytest.mark.parametrize("nothing", [lambda m: sum(()) <= 2, number_only])
def test_a_rule_that_names_no_variable_is_told(nothing):
    (fault,) = faults(add(a_rule_of_mine=nothing))
    assert "a_rule_of_mine" in fault
    assert "names no variable of the model" in fault


def test_every_nonlinear_rule_is_told_by_its_name():
    rules = add(
        first=lambda m: is_open(m, "town0") * is_open(m, "town1") <= 0,
        second=lambda m: is_open(m, "town0") <= 1,
        third=lambda m: pyo.exp(is_open(m, "town0")) <= 1,
    )
    found = faults(rules)
    assert [fault.split(":")[0] for fault in found] == ["rule 'first'", "rule 'third'"]
    assert all("is not linear" in fault for fault in found)


def test_another_objective_is_refused():
    def rules(m):
        m.mine = pyo.Objective(expr=is_open(m, "town0"))

    (fault,) = faults(rules)
    assert "objective 'mine'" in fault


def test_a_variable_from_elsewhere_is_told():
    stray = pyo.Var(name="stray")
    stray.construct()
    (fault,) = faults(add(mine=lambda m: is_open(m, "town0") <= stray))
    assert "stray" in fault
    assert "not in the model" in fault


def test_a_name_that_is_used_twice_is_told():
    """Pyomo would drop the first without more than a line in its log."""

    def rules(m):
        m.mine = pyo.Constraint(expr=is_open(m, "town0") <= 0)
        m.mine = pyo.Constraint(expr=is_open(m, "town1") <= 0)

    (fault,) = faults(rules)
    assert fault.startswith("'mine'")


def test_a_function_without_a_return_is_told():
    def rules(m):
        m.mine = pyo.Constraint([1, 2], rule=lambda m, i: None)

    (fault,) = faults(rules)
    assert "mine[1]" in fault
    assert "returns nothing" in fault


def test_a_bound_can_be_narrowed_and_not_widened():
    def rules(m):
        is_open(m, "town0").fix(2)

    (fault,) = faults(rules)
    assert "is_open[town0,point,one,now]" in fault
    assert "[0, 1]" in fault


def one(expression):
    """Rules that add one constraint, given as a function of the model."""
    return lambda m: setattr(m, "mine", pyo.Constraint(expr=expression(m)))


@pytest.mark.parametrize(
    ("rules", "place", "words"),
    [
        (lambda m: is_open(m, "town0") <= 0, "rules", "is not in the model"),
        (lambda m: pyo.Constraint(expr=is_open(m, "town0") <= 0), "rules", "is not in the model"),
        (lambda m: setattr(m, "mine", is_open(m, "town0") <= 0), "model.mine", "no constraint of the model"),
        (lambda m: (yield m), "rules", "does not run when it is called"),
        (lambda m: m, "rules", "adds nothing to the model"),
        (lambda m: m.capacity_is_kept.deactivate(), "model.capacity_is_kept", "is an equation of the network"),
        (one(lambda m: is_open(m, "town0") < 1), "rule 'mine'", "write <= or >="),
        (one(lambda m: is_open(m, "town0") >= math.nan), "rule 'mine'", "not a finite number"),
        (one(lambda m: is_open(m, "town0") >= math.inf), "rule 'mine'", "not a finite number"),
        (one(lambda m: math.nan * is_open(m, "town0") >= 1), "rule 'mine'", "has a number that is not finite"),
        (one(lambda m: m.is_open <= 1), "rules", "many variables at once"),
        (one(lambda m: is_open(m, "town0") != 1), "is_open[town0,point,one,now] == 1", "decided by the solver"),
        (one(lambda m: max(is_open(m, "town0"), 1) <= 1), "is_open[town0,point,one,now]", "decided by the solver"),
    ],
)
def test_what_would_be_no_rule_is_told_and_not_dropped(rules, place, words):
    """Without a word the plan would be that of 90, which meets none of them."""
    (fault,) = faults(rules)
    assert place in fault
    assert words in fault


def test_a_sum_with_a_name_of_its_own_and_what_pyomo_returns_are_no_faults():
    def rules(m):
        m.standing = pyo.Expression(expr=is_open(m, "town0") + is_open(m, "town1"))
        m.both = pyo.Constraint(expr=m.standing >= 2)
        return m.both

    assert solve(two_towns(), gap=0.0, rules=rules).objective == pytest.approx(140)


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        (3, "is 3"),
        ([one], "is a list"),
        (lambda: None, "cannot be called with the model alone"),
        (lambda m, town: None, "cannot be called with the model alone"),
    ],
)
def test_what_is_no_function_of_the_model_is_told(rules, words):
    with pytest.raises(InvalidInput, match="expected a function that is given the model") as told:
        batteryopt.solve(two_towns(), rules=rules)
    assert words in str(told.value)


def test_an_error_of_ones_own_is_raised_as_it_is():
    def rules(m):
        raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine"):
        solve(two_towns(), rules=rules)

    def lookup(m):
        return {}["a key of my own"]

    with pytest.raises(KeyError, match="a key of my own"):
        solve(two_towns(), rules=lookup)


def test_rules_that_cannot_hold_are_told_by_name():
    """Nothing may stand, and everything must be collected."""

    def rules(m):
        m.nothing_stands = pyo.Constraint(["town0", "town1"], rule=lambda m, town: is_open(m, town) <= 0)

    answer = solve(two_towns(), rules=rules)
    assert answer.run.stop_reason is StopReason.INFEASIBLE
    told = {(breach.rule, breach.place) for breach in (*answer.conflicts, *answer.opposed)}
    assert told & {("rule nothing_stands", "town0"), ("rule nothing_stands", "town1")}


def test_what_is_fixed_is_told_where_it_cannot_hold():
    def rules(m):
        is_open(m, "town0").fix(0)
        is_open(m, "town1").fix(0)

    answer = solve(two_towns(), rules=rules)
    assert answer.run.stop_reason is StopReason.INFEASIBLE
    told = {breach.place for breach in (*answer.conflicts, *answer.opposed)}
    assert any("is_open[town" in place for place in told)


def test_the_judge_of_rules_can_fail():
    """A plan of the network without the rule, put into the model with it."""
    network, weights = two_towns(), {Objective.COST: 1.0}
    m = formulate(network, weights)
    without = solve_arrays(make_problem(m, weighted(m, weights)).with_cuts())
    added = add_rules(network, m, add(mine=lambda m: is_open(m, "town0") <= is_open(m, "town1")))
    added.put(without.x)
    assert added.checks()["rule-mine"].residual == pytest.approx(1.0)
    assert not added.checks().passed
    assert math.isfinite(added.checks()["rule-mine"].tolerance)


def test_rules_at_the_top_door():
    def rules(m):
        m.mine = pyo.Constraint(expr=is_open(m, "town0") <= is_open(m, "town1"))

    result = batteryopt.solve(two_towns(), rules=rules)
    assert result["design"].objective == pytest.approx(110)


def test_a_plan_that_stands_still_meets_rules_on_closed_candidates():
    """A candidate that may not stand has no variable, and a rule that names it is told so."""
    network = two_towns()
    closed = dataclasses.replace(network.candidates[0], standing=Standing.CLOSED)
    network = dataclasses.replace(network, candidates=(Candidate(site="town1", type="point"), closed))
    (fault,) = faults(add(mine=lambda m: is_open(m, "town0") <= 0), network)
    assert "town0" in fault
