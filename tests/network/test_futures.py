"""One plan for all futures, on networks whose every number can be worked out by hand: see `tests/network/line.py`."""

from __future__ import annotations

import dataclasses

import pytest

from batteryopt.ground.errors import InvalidInput
from batteryopt.ground.status import StopReason
from batteryopt.network.data.instance import Limit, NamedChange, Quantity, Return, Scenario
from batteryopt.network.futures.future import futures_of, mean_future
from batteryopt.network.futures.solve_futures import solve_futures
from batteryopt.network.plan.kept import existing_facilities
from batteryopt.network.solve import solve
from batteryopt.network.tables import read
from tests.network.line import level, line, plant, rules
from tests.network.small import faults_at, small_network


def futures(shares, changes):
    """Return scenarios a, b, c ... with these probabilities, and changes (name, key, how, value)."""
    scenarios = tuple(Scenario(name=name, probability=share) for name, share in zip("abcdef", shares, strict=False))
    rows = tuple(NamedChange(name=n, key=key, change=how, value=value) for n, key, how, value in changes)
    return {"scenarios": scenarios, "changes": rows}


TWO = futures([0.5, 0.5], [("a", "returns.tonnes", "set", "6"), ("b", "returns.tonnes", "set", "90")])
"""6 t or 90 t: a plant costs 320, a tonne that it works on 2 + 1 - 20 = -17, one that it does not 10.

Open: 320 - 17 x 6 = 218 and 320 - 17 x 90 = -1210, in the mean -496. Not: 60 and 900, in the mean 480.
"""


def test_two_futures_by_hand():
    found = solve_futures(line(**TWO), gap=0)
    assert found.certificate.passed, found.certificate
    assert found.objective == pytest.approx(-496)
    assert [outcome.cost for outcome in found.outcomes] == pytest.approx([218, -1210])
    assert found.wait_and_see.value == pytest.approx((60 - 1210) / 2)
    assert found.evpi.value == pytest.approx(-496 + 575)
    assert [outcome.regret for outcome in found.outcomes] == pytest.approx([158, 0], abs=1e-9)
    assert found.mean_future == pytest.approx(320 - 17 * 48)
    assert found.vss.value == pytest.approx(0, abs=1e-9)
    document = found.to_json()
    assert document["scenarios"]["b"]["cost_terms"]["revenue"] == pytest.approx(-90 * 20)
    assert [row["site"] for row in document["first_stage"]] == ["Birch"]
    assert sum(document["cost_terms"].values()) == pytest.approx(document["expected"])


def test_what_planning_for_the_mean_costs():
    """Two sizes: S of 40 t for 320 in all, L of 100 t for 470. In one of four futures 90 t return, else 30: 45 in mean.

    S costs 320 - 17 x 30 = -190 or 320 - 17 x 40 + 10 x 50 = 140, in the mean of both -107.5; L 470 - 17 x 30 = -40 or
    470 - 17 x 90 = -1060, in the mean -295. For 45 t S is best: 320 - 680 + 50 = -310, and L -295. So VSS is 187.5.
    Best alone are -190 and -1060, in the mean -407.5: EVPI is 112.5.
    """
    small, large = level(capacity_t=40), level(name="L", opening_cost=450)
    both = futures([0.75, 0.25], [("a", "returns.tonnes", "set", "30"), ("b", "returns.tonnes", "set", "90")])
    found = solve_futures(line(types=plant(levels=(small, large)), **both), gap=0)
    assert found.certificate.passed, found.certificate
    assert found.objective == pytest.approx(-295)
    assert found.mean_value.value == pytest.approx(-107.5)
    assert found.vss.value == pytest.approx(187.5)
    assert found.evpi.value == pytest.approx(112.5)


def test_one_future_is_the_design():
    one = line(**futures([1.0], [("a", "returns.tonnes", "set", "60")]))
    found, design = solve_futures(one, gap=0), solve(line(), gap=0)
    assert found.objective == pytest.approx(design.objective)
    assert found.evpi.value == pytest.approx(0, abs=1e-9)
    assert found.first_stage.equals(design.solution.facilities)


def test_equal_futures_are_one():
    found = solve_futures(line(**futures([0.2, 0.3, 0.5], [])), gap=0)
    assert found.objective == pytest.approx(-700)
    assert (found.evpi.value, found.vss.value) == pytest.approx((0, 0), abs=1e-9)


def test_a_future_without_probability_changes_nothing_but_is_tried():
    """Of 1000 t the plant takes its 100 t: 320 - 1700 + 9000."""
    three = futures([0.5, 0.5, 0.0], [("a", "returns.tonnes", "set", "6"), ("b", "returns.tonnes", "set", "90"),
                                      ("c", "returns.tonnes", "set", "1000")])  # fmt: skip
    found = solve_futures(line(**three), gap=0)
    assert found.objective == pytest.approx(-496)
    assert found.outcomes[2].cost == pytest.approx(320 - 1700 + 9000)
    assert found.outcomes[2].regret is None


def test_the_order_of_futures_does_not_matter():
    turned = {"scenarios": TWO["scenarios"][::-1], "changes": TWO["changes"]}
    one, other = solve_futures(line(**TWO), gap=0), solve_futures(line(**turned), gap=0)
    assert one.objective == pytest.approx(other.objective)
    assert [o.name for o in other.outcomes] == ["b", "a"]
    assert {o.name: o.cost for o in one.outcomes} == pytest.approx({o.name: o.cost for o in other.outcomes})


@pytest.mark.parametrize(
    ("risk", "objective"),
    [("worst", 218.0), ("cvar:0:1", -496.0), ("cvar:0.5:1", 218.0), ("cvar:0.5:0.5", (-496 + 218) / 2),
     ("cvar:0.25:1", (0.5 * 218 + 0.25 * -1210) / 0.75)],
)  # fmt: skip
def test_risk_by_hand(risk, objective):
    found = solve_futures(line(**TWO), gap=0, risk=risk)
    assert found.certificate.passed, found.certificate
    assert found.objective == pytest.approx(objective)
    assert found.expected == pytest.approx(-496)


def test_flows_are_good_in_futures_that_do_not_count():
    """The worst of 6 t (218) is all that counts; 90 t are worked on all the same."""
    found = solve_futures(line(**TWO), gap=0, risk="worst")
    assert found.outcomes[1].cost == pytest.approx(-1210)


def test_given_facilities_in_all_futures():
    network = line(**TWO)
    found = solve_futures(network, gap=0, facilities=existing_facilities(network))
    assert found.objective == pytest.approx(480)
    assert [outcome.regret for outcome in found.outcomes] == pytest.approx([0, 900 + 1210], abs=1e-9)
    assert found.vss is None
    assert found.run.bound is None


def test_the_short_form_and_changes_together():
    rows = (Return(site="Ash", product="pack", tonnes=6), Return(site="Ash", product="pack", tonnes=60, scenario="b"))
    prices = futures([0.5, 0.5], [("b", "returns.tonnes", "times", "1.5"), ("b", "markets.price_per_t", "set", "50")])
    found = solve_futures(line(returns=rows, **prices), gap=0)
    assert [outcome.cost for outcome in found.outcomes] == pytest.approx([218, 320 - (25 - 3) * 90])
    mean = mean_future(futures_of(line(returns=rows, **prices)))
    assert (mean.returns[0].tonnes, mean.markets[0].price_per_t) == pytest.approx((48, 45))


def test_the_mean_of_what_only_one_future_has():
    rows = (Return(site="Ash", product="pack", tonnes=60, scenario="b"),)
    mean = mean_future(futures_of(line(returns=rows, **futures([0.75, 0.25], []))))
    assert mean.returns[0].tonnes == pytest.approx(15)


def test_a_future_that_makes_a_rule_impossible_is_told_with_the_rule():
    """At least 80 t must be worked on, and in one future 6 t return."""
    least = Limit(name="work", quantity=Quantity.PROCESSED, least=80)
    found = solve_futures(line(policy=rules(limits=(least,)), **TWO), gap=0)
    assert found.solution is None
    assert found.run.stop_reason is StopReason.INFEASIBLE
    assert "the future 'a' has no plan even alone" in found.reason
    assert {breach.place for breach in found.conflicts} == {"work/all"}


def test_the_first_stage_cannot_differ():
    early = futures([1.0], [("a", "levels.opening_cost", "times", "2")])
    with pytest.raises(InvalidInput, match="before it is decided what opens"):
        solve_futures(line(**early))


def test_a_network_without_futures_is_refused():
    with pytest.raises(InvalidInput, match="there is one future"):
        solve_futures(line())


def test_all_that_is_wrong_with_the_changes_of_a_future_is_told_at_once(tmp_path):
    """A column that does not exist, one of the first stage, and a row that is not there: three faults."""
    rows = "hi,returns.tones,times,2\nhi,levels.opening_cost,times,2\nhi,markets[product=gold].price_per_t,times,2\n"
    told = faults_at(tmp_path, SCENARIOS | {"changes.csv": HEAD + rows})
    text = "\n".join(told)
    for words in ("did you mean 'tonnes'?", "before it is decided what opens", "has product 'gold'"):
        assert words in text


SCENARIOS = {"scenarios.csv": "scenario,probability\nlo,0.5\nhi,0.5\n"}
HEAD = "name,key,change,value\n"


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("hi,levels.opening_cost,times,2", "changes.csv row 2, in the future 'hi': levels.opening_cost: "),
        ("hi,candidates.standing,set,closed", "would have to be known before it is decided what opens"),
        ("hi,discount_rate,set,0.1", "would have to be known before"),
        ("hi,returns.tonnez,times,2", "changes.csv row 2, in the future 'hi': returns.tonnez: "),
        ("hi,returns[site=Z].tonnes,times,2", "no row of returns has site 'Z'"),
    ],
)
def test_futures_are_judged_when_they_are_read(tmp_path, row, told):
    faults = faults_at(tmp_path, SCENARIOS | {"changes.csv": f"{HEAD}{row}\n"})
    assert len(faults) == 1
    assert told in faults[0]


def test_futures_are_read_from_a_folder(tmp_path):
    rows = "hi,returns.tonnes,times,2\nother,returns.tonnes,times,3\n"
    network = read(small_network(tmp_path, SCENARIOS | {"changes.csv": HEAD + rows}))
    assert [f.network.returns[0].tonnes for f in futures_of(network)] == [100, 200]
    assert network.in_scenario("hi").what_ifs == ("other",)
    assert dataclasses.replace(network.in_scenario("lo"), changes=()).scenarios == ()
