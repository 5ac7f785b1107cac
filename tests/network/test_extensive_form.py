"""The extensive form, on two-stage programs with recorded answers; none of them is a network of ours."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from batteryopt.ground.errors import InvalidInput
from batteryopt.network.formulation.objective import Costs
from batteryopt.network.futures.risk_measure import Risk, minimised
from tests.network.two_stage import COST, FARMER, farmer, joined, netdes, optimum, servers, solved

RECORDED = Path(__file__).parent / "recorded"


def test_the_farmer():
    """Birge and Louveaux, Introduction to Stochastic Programming, section 1.1: their table 5, EVPI 7,016, VSS 1,150."""
    years = [farmer(yields) for yields in FARMER]
    form = joined(years, ["acres"])
    value, x = solved(form.m, form.m.account(COST))
    assert value == pytest.approx(-108_390)
    assert x[form.m.families["acres"].positions] == pytest.approx([170, 80, 250])
    alone = [solved(m, m.account(COST))[0] for m in years]
    assert np.mean(alone) == pytest.approx(-115_405.5556, abs=1e-3)
    mean = farmer(np.mean(FARMER, axis=0))
    ev, x = solved(mean, mean.account(COST))
    acres = x[mean.families["acres"].positions]
    assert ev == pytest.approx(-118_600)
    assert acres == pytest.approx([120, 80, 300])
    kept = [_with_acres(yields, acres) for yields in FARMER]
    assert np.mean(kept) == pytest.approx(-107_240)
    assert value - np.mean(alone) == pytest.approx(7_015.5556, abs=1e-3)
    assert np.mean(kept) - value == pytest.approx(1_150)


def _with_acres(yields, acres):
    m = farmer(yields)
    m.families["acres"] = dataclasses.replace(m.families["acres"], lower=acres, upper=acres)
    return solved(m, m.account(COST))[0]


def test_the_farmer_who_minds_bad_years():
    """Expectation plus twice the CVaR at 0.8 is -220,700 (manual of mpi-sppy): 3 times ours with a weight of 2/3."""
    years = [farmer(yields) for yields in FARMER]
    form = joined(years, ["acres"])
    costs = [Costs(vector=m.account(COST), constant=0.0) for m in years]
    lowest = [solved(m, m.account(COST))[0] for m in years]
    objective = minimised(form, costs, Risk(alpha=0.8, weight=2 / 3), lowest, 0.0)  # to sow nothing costs more than 0
    assert 3 * solved(form.m, objective.vector, objective.constant)[0] == pytest.approx(-220_700, rel=1e-6)


@pytest.mark.parametrize(("alpha", "words"), [(0.0, "the mean"), (1.0, "the worst")])
def test_the_ends_of_the_risk(alpha, words):
    """CVaR at 0 is the mean; at 1 the worst year: the best of the bad year alone, as its acres cost less in others."""
    years = [farmer(yields) for yields in FARMER]
    form = joined(years, ["acres"])
    costs = [Costs(vector=m.account(COST), constant=0.0) for m in years]
    lowest = [solved(m, m.account(COST))[0] for m in years]
    objective = minimised(form, costs, Risk(alpha=alpha, weight=1.0), lowest, 0.0)
    expected = -108_390 if words == "the mean" else lowest[0]
    assert solved(form.m, objective.vector, objective.constant)[0] == pytest.approx(expected, rel=1e-6)


@pytest.mark.slow
def test_servers_of_siplib():
    form = joined(servers((RECORDED / "sslp-15-45-5.csv").read_text(encoding="utf-8")), ["built"])
    assert optimum(form) == pytest.approx(-262.4)


@pytest.mark.parametrize(("name", "recorded"), [("10-10-L-01", 88_557.3), ("10-20-L-01", 116_823.8)])
def test_networks_of_arcs(name, recorded):
    """The closed records of the NetDes collection (Crainic et al.), to the digit that they print."""
    parts, shares = netdes((RECORDED / f"network-{name}.dat").read_text(encoding="utf-8"))
    assert optimum(joined(parts, ["opened"], shares)) == pytest.approx(recorded, abs=0.06)


def test_a_first_stage_that_differs_is_refused():
    one, other = farmer(FARMER[0]), farmer(FARMER[1])
    most = np.array([500.0, 500.0, 400.0])
    other.families["acres"] = dataclasses.replace(other.families["acres"], upper=most)
    with pytest.raises(InvalidInput, match="decided before they are known"):
        joined([one, other], ["acres"])
