"""One first stage by rows of the futures' costs: on two-stage programs with recorded answers, and rows by hand."""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path

import numpy as np
import pytest

from batteryopt.ground.interrupt import catching_interrupt
from batteryopt.network.formulation.algebra import Formulation, Terms, index
from batteryopt.network.formulation.objective import Costs
from batteryopt.network.futures.first_stage import first_stage_of
from batteryopt.network.futures.recourse import Recourse
from batteryopt.network.futures.risk_measure import Risk
from batteryopt.network.futures.search_by_cuts import SearchByCuts
from batteryopt.solvers.contract.adapter import Options
from tests.network.two_stage import COST, FARMER, farmer, joined, netdes, servers, solved

RECORDED = Path(__file__).parent / "recorded"
EXACT = Options(relative_gap=1e-6, threads=1)
MUCH = 1e5
"""Tonnes beyond what 500 acres bear: rows of costs are proven where columns are bounded."""


def costs_of(parts):
    return [Costs(vector=m.account(COST), constant=0.0) for m in parts]


def searched(parts, names, shares=None, risk=None, deadline=np.inf):
    shares = shares or [1 / len(parts)] * len(parts)
    with catching_interrupt() as flag:
        search = SearchByCuts(
            parts, costs_of(parts), shares, risk or Risk(), EXACT, flag, names=names, deadline=deadline
        )
        return search, search.go()


def bounded_farmers():
    found = [farmer(yields) for yields in FARMER]
    for m in found:
        for name in ("bought", "sold", "sold_cheaply"):
            family = m.families[name]
            m.families[name] = dataclasses.replace(family, upper=np.minimum(family.upper, MUCH))
    return found


def test_the_farmer_by_rows():
    """RP -108,390 with 170, 80 and 250 acres (see `test_extensive_form.py`), and a bound that no solver is believed."""
    _, known = searched(bounded_farmers(), ["acres"])
    assert known.value == pytest.approx(-108_390, rel=1e-5)
    assert known.root_bound == pytest.approx(-108_390, rel=1e-3)
    assert known.bound <= known.value + 1e-6
    assert known.points[0][:3] == pytest.approx([170, 80, 250], rel=0.02)


def test_each_farmer_alone():
    """Knowing the year beforehand costs -115,405.5556 in the mean (Birge and Louveaux), by duals here."""
    search, _ = searched(bounded_farmers(), ["acres"])
    assert sum(search.alone.values()) / 3 == pytest.approx(-115_405.5556, rel=1e-6)


def test_a_search_that_the_clock_ended_goes_on():
    """Two buyers, as below: 3.2. What was brought along is known before: 0.9 of a plant for 3.6, and nothing bought."""
    parts = [buyer(3.0, 8.0), buyer(3.0, 2.0)]
    brought = [np.array([0.9, 0.0])] * 2
    with catching_interrupt() as flag:
        search = SearchByCuts(
            parts, costs_of(parts), [0.5, 0.5], Risk(), EXACT, flag, names=["share"], deadline=time.monotonic()
        )
        known = search.go(brought)
        assert known.value == pytest.approx(3.6)
        assert not known.is_exhausted
        search.deadline = np.inf
        known = search.go()
    assert known.value == pytest.approx(3.2)
    assert known.bound == pytest.approx(3.2, rel=1e-4)


@pytest.mark.parametrize(("risk", "expected"), [
    (Risk(alpha=0.8, weight=2 / 3), -220_700 / 3),
    (Risk(alpha=0.0, weight=1.0), -108_390.0),
    (Risk(alpha=1.0, weight=1.0), None),
])  # fmt: skip
def test_the_risks_of_the_farmer_by_rows(risk, expected):
    """As for the extensive form; the worst year is the bad one, whose best acres cost less in the others."""
    years = bounded_farmers()
    if expected is None:
        expected = solved(years[0], years[0].account(COST))[0]
    _, known = searched(years, ["acres"], risk=risk)
    assert known.value == pytest.approx(expected, rel=1e-4)
    assert known.bound == pytest.approx(expected, rel=1e-3)
    assert known.bound <= known.value + 1e-6 * abs(known.value)


@pytest.mark.parametrize(("name", "recorded"), [("10-10-L-01", 88_557.3)])
def test_networks_of_arcs_by_rows(name, recorded):
    """A closed record of NetDes: without arcs no future can be served, so that rows of rules are needed as well."""
    parts, shares = netdes((RECORDED / f"network-{name}.dat").read_text(encoding="utf-8"))
    for m in parts:  # nothing flows twice through a node in a best plan
        family, all_demand = m.families["flow"], float(np.sum(np.maximum(0.0, m.rows["balance"].lower)))
        m.families["flow"] = dataclasses.replace(family, upper=np.full(len(family), all_demand))
    search, known = searched(parts, ["opened"], shares, deadline=time.monotonic() + 120)
    assert any(cut.is_of_rules for _, cut in search.program.cuts)
    assert known.value == pytest.approx(recorded, abs=0.2)
    assert known.bound <= known.value * (1 + 1e-9)


@pytest.mark.slow
def test_servers_of_siplib_by_rows():
    """Whole numbers with hindsight: rows of relaxations end below the optimum of -262.4, on the right side of it."""
    parts = servers((RECORDED / "sslp-15-45-5.csv").read_text(encoding="utf-8"))
    _, known = searched(parts, ["built"], deadline=time.monotonic() + 60)
    assert known.bound <= -262.4 + 1e-6
    assert known.value >= -262.4 - 1e-6


def buyer(price: float, need: float) -> Formulation:
    """Return: a share x of a plant of 10 t for 4, what is needed beyond it bought for a price a tonne."""
    m = Formulation({"plant": ["it"]})
    ONE = index(("plant",), plant=[0])
    share = m.variables("share", ONE, upper=1.0, doc="share")
    bought = m.variables("bought", ONE, upper=100.0, doc="t")
    m.require("needs", over=ONE, terms=[share * 10.0, bought], at_least=need, doc="what is needed is there")
    m.charge(COST, share * 4.0)
    m.charge(COST, bought * price)
    return m


def test_a_row_by_hand():
    """With x of the plant 8 - 10 x t are bought for 3: at x = 0.5 that is 9, and the row is 24 - 30 x."""
    m = buyer(3.0, 8.0)
    (positions,) = first_stage_of([m], ["share"]).positions
    with catching_interrupt() as flag:
        recourse = Recourse(m, costs_of([m])[0], positions, EXACT, flag)
        value, cut = recourse.at(np.array([0.5]))
    assert value == pytest.approx(9.0)
    assert cut is not None
    assert cut.constant == pytest.approx(24.0)
    assert cut.slope == pytest.approx([-30.0])


def test_a_row_of_rules_by_hand():
    """At most 100 t are bought, 106 needed: x of at least 0.6. At x = 0.1 half a plant is lacking: 0.6 - x <= 0."""
    m = buyer(3.0, 106.0)
    (positions,) = first_stage_of([m], ["share"]).positions
    with catching_interrupt() as flag:
        value, cut = Recourse(m, costs_of([m])[0], positions, EXACT, flag).at(np.array([0.1]))
    assert value == np.inf
    assert cut is not None
    assert cut.is_of_rules
    assert cut.at(np.array([0.1])) == pytest.approx(0.5)
    assert cut.at(np.array([0.6])) == pytest.approx(0.0, abs=1e-9)


def test_two_buyers_by_hand():
    """Needs of 8 t and 2 t, equally likely, at 3 a tonne: up to 0.2 a plant saves 30, then 15 of its 4: x = 0.8.

    4 x 0.8 = 3.2, and nothing is bought.
    """
    _, known = searched([buyer(3.0, 8.0), buyer(3.0, 2.0)], ["share"])
    assert known.value == pytest.approx(3.2)
    assert known.bound == pytest.approx(3.2, rel=1e-4)


def test_rows_of_some_futures_only():
    """Rows of choice that only one future has are asked of none; rules of one are asked of all."""
    one, other = buyer(3.0, 8.0), buyer(3.0, 2.0)
    from batteryopt.network.formulation.algebra import Claim

    ONE = index(("plant",), plant=[0])
    one.require("choice", over=ONE, terms=[one["share"]], at_most=0.3, doc="choice", claim=Claim.CHOICE)
    other.require("rule", over=ONE, terms=[other["share"]], at_most=0.5, doc="rule")
    first = first_stage_of([one, other], ["share"])
    assert "choice" not in first.parts[0].rows
    assert first.row_upper.tolist() == [0.5]
    _, known = searched([one, other], ["share"])
    assert known.value == pytest.approx(4 * 0.5 + 0.5 * 3 * 3)  # 3 t are bought in one of the two


def test_a_family_of_rows_of_both_stages():
    """One limit is on what stands (half a plant), one on what is bought: the rules of both are kept.

    Else a whole plant would stand for 4, and nothing be bought.
    """
    m = buyer(3.0, 8.0)
    TWO = index(("plant",), plant=[0, 1])
    m.labels["plant"].append("other")
    terms = [
        Terms(columns={"plant": np.array([place])}, variable=m[name].variable, coefficient=np.ones(1))
        for place, name in enumerate(("share", "bought"))
    ]
    m.require("limits", over=TWO, terms=terms, at_most=[0.5, 50.0], doc="limits")
    first = first_stage_of([m], ["share"])
    assert first.A.toarray().tolist() == [[1.0]]
    assert first.row_upper.tolist() == [0.5]
    _, known = searched([m], ["share"])
    assert known.value == pytest.approx(4 * 0.5 + 3 * 3)
    assert known.bound == pytest.approx(known.value, rel=1e-4)


def test_rows_of_an_earlier_search_hold_where_a_future_joins():
    """The bad and the average year first; then the good one beside them, as if all three had been there at once."""
    years = bounded_farmers()
    with catching_interrupt() as flag:
        first = SearchByCuts(years[:2], costs_of(years[:2]), [0.5, 0.5], Risk(), EXACT, flag, names=["acres"])
        first.go()
        costs, shares = costs_of(years), [1 / 3] * 3
        second = SearchByCuts(years, costs, shares, Risk(), EXACT, flag, names=["acres"], earlier=first)
        assert second.recourses[0] is first.recourses[0]
        known = second.go()
    assert known.value == pytest.approx(-108_390, rel=1e-5)
    assert known.bound <= known.value + 1e-6


def test_it_agrees_with_the_extensive_form():
    years = bounded_farmers()
    shares = [0.5, 0.2, 0.3]
    form = joined(years, ["acres"], shares)
    _, known = searched(years, ["acres"], shares)
    assert known.value == pytest.approx(solved(form.m, form.m.account(COST))[0], rel=1e-5)
