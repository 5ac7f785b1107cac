"""The algebra of index arrays: how terms meet rows."""

from __future__ import annotations

import numpy as np
import pytest

from batteryopt.network.formulation.algebra import Formulation, index, plus
from batteryopt.network.formulation.formulation_arrays import column_names, row_names, to_arrays
from batteryopt.network.formulation.matching import match

LABELS = {"site": ("a", "b", "c"), "origin": ("a", "b", "c"), "destination": ("a", "b", "c"), "period": ("1", "2")}


def pairs(left, right):
    rows, entries = match({k: np.array(v) for k, v in left.items()}, {k: np.array(v) for k, v in right.items()})
    return sorted(zip(rows.tolist(), entries.tolist(), strict=True))


def test_match_one_to_one():
    assert pairs({"site": [2, 0, 1]}, {"site": [0, 2]}) == [(0, 1), (1, 0)]


def test_match_compares_every_common_column():
    assert pairs({"site": [0, 0], "period": [0, 1]}, {"site": [0, 0], "period": [1, 1], "mode": [5, 6]}) == [
        (1, 0),
        (1, 1),
    ]


def test_match_many_to_many():
    assert pairs({"site": [1, 1, 0]}, {"site": [1, 0, 1]}) == [(0, 0), (0, 2), (1, 0), (1, 2), (2, 1)]


def test_match_without_common_columns_is_everything_with_everything():
    assert pairs({"site": [4, 5]}, {"mode": [7]}) == [(0, 0), (1, 0)]


def test_match_with_nothing():
    assert pairs({"site": [1, 2]}, {"site": []}) == []


def test_match_of_codes_far_apart():
    """Codes that are too many for a table of all of them."""
    far = [0, 3_000_000, 2_999_999]
    assert pairs({"site": far, "period": far}, {"site": [3_000_000], "period": [3_000_000]}) == [(1, 0)]


@pytest.fixture
def flows():
    m = Formulation(LABELS)
    ways = index(("origin", "destination"), origin=[0, 0, 1], destination=[1, 2, 2])
    m.variables("flow", ways.over("period", 2), doc="t", upper=9.0)
    return m


def dense(m):
    return to_arrays(m, np.zeros(m.size)).A.toarray().tolist()


def test_terms_are_summed_over_what_rows_lack(flows):
    arriving = flows["flow"].renamed(destination="site").only("site", "period")
    flows.require("arrivals", over=index(("site",), site=[1, 2]).over("period", 2), terms=[arriving], equal=1, doc="")
    assert column_names(flows) == [f"flow[{way},{period}]" for way in ("a,b", "a,c", "b,c") for period in (1, 2)]
    assert row_names(flows) == ["arrivals[b,1]", "arrivals[b,2]", "arrivals[c,1]", "arrivals[c,2]"]
    assert dense(flows) == [[1, 0, 0, 0, 0, 0], [0, 1, 0, 0, 0, 0], [0, 0, 1, 0, 1, 0], [0, 0, 0, 1, 0, 1]]


def test_terms_are_repeated_over_what_they_lack(flows):
    total = flows["flow"].where(flows["flow"]["origin"] == 1).only("period") * 2
    flows.require("each", over=index(("site",), site=[0, 1]).over("period", 2), terms=[total], at_most=3, doc="")
    assert dense(flows) == [[0, 0, 0, 0, 2, 0], [0, 0, 0, 0, 0, 2]] * 2


def test_a_lag_looks_back(flows):
    before = flows["flow"].moved(period=1)
    only = index(("origin", "destination", "period"), origin=[1, 1], destination=[2, 2], period=[0, 1])
    flows.require("grows", over=only, terms=[flows["flow"], -before], at_least=0, doc="")
    assert dense(flows) == [[0, 0, 0, 0, 1, 0], [0, 0, 0, 0, -1, 1]]


def test_terms_through_a_table(flows):
    """A flow from a counts as 3 of x and 4 of y."""
    table = {"origin": np.array([0, 0]), "product": np.array([0, 1])}
    spread = flows["flow"].through(table, np.array([3.0, 4.0]))
    assert len(spread) == 8
    assert sorted(set(zip(spread["product"].tolist(), spread.coefficient.tolist(), strict=True))) == [(0, 3), (1, 4)]


def test_equal_entries_add_up(flows):
    flow = flows["flow"].only("period")
    flows.require("twice", over=index(("period",), period=[0]), terms=[flow, flow], at_most=1, doc="")
    assert dense(flows) == [[2, 0, 2, 0, 2, 0]]
    assert len(plus(flow, flow)) == 12


def test_rows_without_terms_stay_only_where_they_cannot_hold(flows):
    nobody = flows["flow"].where(flows["flow"]["origin"] == 2)
    rows = index(("site",), site=[0, 1])
    flows.require("fine", over=rows, terms=[nobody.renamed(origin="site")], at_most=[0, 5], doc="")
    flows.require("broken", over=rows, terms=[nobody.renamed(origin="site")], at_least=[0, 5], doc="")
    assert row_names(flows) == ["broken[b]"]


def test_accounts_add_up(flows):
    flows.charge("cost", flows["flow"] * 2.0, constant=1.0)
    flows.charge("cost", flows["flow"].where(flows["flow"]["period"] == 1), constant=2.0)
    assert flows.account("cost").tolist() == [2, 3, 2, 3, 2, 3]
    assert flows.constants["cost"] == 3.0
    assert flows.account("nothing").tolist() == [0] * 6
