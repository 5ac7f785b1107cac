"""Cuts of whole sizes: facets by hand and by enumeration, and no plan of the form without cuts is cut off."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.optimize import linprog

from batteryopt.ground.status import StopReason
from batteryopt.network.data.instance import Candidate, CollectionTarget, InvalidNetwork, Market, Product
from batteryopt.network.data.objective import Objective
from batteryopt.network.data.policy import Sharing
from batteryopt.network.formulation.build import build
from batteryopt.network.formulation.covers import cover_cuts
from batteryopt.network.formulation.objective import costs_of
from batteryopt.network.formulation.totals import nested_groups
from batteryopt.network.search.searched_problem import make_problem
from batteryopt.network.solve import solve
from batteryopt.solvers.contract.adapter import Options
from batteryopt.solvers.highs.highs_arrays import solve_arrays

from .everything import everything
from .line import METAL, level, line, lorry, plant, returns, rules
from .random_networks import random_network

FAMILIES = ("whole_sizes_cover_the_need", "fresh_mass_needs_a_size")


def test_plants_of_5_and_20_by_hand():
    """27.4 kt need two of 20, one with two of 5, or six of 5: on the line through the first two 0.5 and 1 of two.

    One of 20 and one of 5 lack 2.4: 0.5 + 1 + 2.4 s = 2 where a tonne counts 0.5 / 2.4 ... as a part of the need,
    27.4 x 0.5 / 2.4 / 2 = 2.854; and one of 20 alone lacks 7.4: (0.5 = 1.85 x 7.4 / 27.4) with 0.3378 for a 5.
    """
    cuts = cover_cuts(np.array([5.0, 20.0]), 27.4)
    expected = [
        (0.25, 0.5, 27.4 * 0.25 / 2.4),
        (1 / 6, 4 / 6, 27.4 * (1 / 6) / 2.4),
        (0.5 * 5 / 7.4, 0.5, 27.4 * 0.5 / 7.4),
    ]
    found = sorted(map(tuple, cuts.tolist()))
    assert found == [pytest.approx(cut) for cut in sorted(expected)]


def test_one_size_is_rounded():
    """27.4 of 20: two, or one and 7.4 another way."""
    assert cover_cuts(np.array([20.0]), 27.4) == pytest.approx(np.array([[0.5, 0.5 * 27.4 / 7.4]]))
    assert len(cover_cuts(np.array([20.0]), 40.0)) == 0  # two of them are what the relaxation buys, too


def covering(sizes, need, most):
    m = np.array(list(itertools.product(range(most + 1), repeat=len(sizes))), dtype=float)
    return m, np.maximum(0.0, need - m @ sizes)


@pytest.mark.parametrize("seed", range(20))
def test_cuts_keep_every_cover_and_leave_nothing_between(seed):
    """All counts keep them; with them a linear program of any prices ends at a whole cover, as enumeration says."""
    generator = np.random.default_rng(seed)
    sizes = np.unique(generator.integers(1, 12, generator.integers(1, 4)) * generator.choice([1.0, 0.37]))
    need = float(generator.uniform(0.3, 3.0) * sizes.max())
    cuts = cover_cuts(sizes, need)
    m, short = covering(sizes, need, int(np.ceil(need / sizes.min())) + 1)
    assert (cuts[:, :-1] @ m.T + cuts[:, -1:] * short / need >= 1.0 - 1e-9).all()
    rows = np.vstack([np.append(sizes, 1.0), np.column_stack([cuts[:, :-1], cuts[:, -1] / need])])
    for _ in range(5):
        price = generator.uniform(0.1, 2.0, len(sizes) + 1)
        best = float((m @ price[:-1] + short * price[-1]).min())
        relaxed = linprog(price, A_ub=-rows, b_ub=-np.append(need, np.ones(len(cuts)))).fun
        assert relaxed <= best + 1e-9
        assert relaxed >= best * (0.97 if len(sizes) > 1 else 0.98)  # shallow and steep facets are left out


def test_groups_hold_what_is_near():
    km = abs(np.subtract.outer(np.array([0.0, 1, 10, 12]), np.array([0.0, 1, 10, 12])))
    groups = [np.flatnonzero(group).tolist() for group in nested_groups(km)]
    assert groups == [[0, 1], [2, 3]]


def relaxed(network, **options):
    problem = make_problem(m := build(network, **options), costs_of(m, Objective.COST))
    return solve_arrays(problem.with_cuts().relaxed(), Options(threads=1)).bound * problem.money


@pytest.mark.parametrize("sharing", Sharing)
def test_what_a_rule_of_collection_lets_be_left_is_no_way_out(sharing):
    """100 t return, 20 may be left for nothing: 80 t need two plants of 50 t for 300 each, or one and 30 t short.

    1.6 plants cost 480; a tonne short costs 1000, so that with the cuts the relaxation buys two.
    """
    target = CollectionTarget(name="most", share=0.8, penalty_per_t=1000.0, sharing=sharing)
    network = line(
        products=(Product(name="pack", uncollected_cost_per_t=0.0), METAL),
        returns=returns(tonnes=100.0),
        types=plant(levels=(level(capacity_t=50, fixed_cost=0.0, variable_cost_per_t=0.0),)),
        candidates=tuple(Candidate(site=site, type="plant") for site in ("Ash", "Birch")),
        markets=tuple(Market(site=site, product="metal", price_per_t=0.0) for site in ("Ash", "Birch")),
        modes=(lorry(cost_per_t_km=0.0),),
        policy=rules(collection_targets=(target,)),
    )
    assert relaxed(network, is_tight=False) == pytest.approx(480)
    assert relaxed(network) == pytest.approx(600) == solve(network, gap=0).objective


# ---- nothing is cut off --------------------------------------------------------------------------------------------


def least_activities(network, most):
    """Yield each cut's least activity over all plans of the form without cuts, and its side; so many cuts at most."""
    tight, loose = build(network), build(network, is_tight=False)
    problem = make_problem(loose, costs_of(loose, Objective.COST))
    program, units = problem.core, problem.units.columns
    place = {name: column for column, name in enumerate(n for f in loose.families.values() for n in loose.names_of(f))}
    names = [name for family in tight.families.values() for name in tight.names_of(family)]
    for rows in (tight.rows[name] for name in FAMILIES):
        sign = np.where(np.isfinite(rows.lower), 1.0, -1.0)
        matrix = sp.csr_array((rows.coefficient, (rows.row, rows.variable)), shape=(len(rows), tight.size))
        for row in range(0, len(rows), 1 + len(rows) // most):
            entries = matrix[[row]].tocoo()
            cost = np.zeros(loose.size)
            for column, value in zip(entries.col.tolist(), entries.data.tolist(), strict=True):
                cost[place[names[column]]] += sign[row] * value
            size = float(np.abs(entries.data).max())
            searched = dataclasses.replace(program, c=cost * units / size, c0=0.0)
            found = solve_arrays(searched, Options(relative_gap=0.0, threads=1))
            if found.stop_reason is StopReason.INFEASIBLE:  # there is no plan to cut off
                return
            side = rows.lower[row] if sign[row] > 0 else -rows.upper[row]
            yield f"{rows.name} {row}", -np.inf if found.bound is None else found.bound, side / size


def refutations(network, most=8):
    found = least_activities(network, most)
    return [(name, least, side) for name, least, side in found if least < side - 1e-5]


def test_no_plan_of_everything_is_cut_off():
    assert refutations(everything()) == []


def _network(seed):
    try:
        return random_network(seed)
    except InvalidNetwork:
        return None


@pytest.mark.parametrize("seed", [1, 2, 5, 6, 8, 9])
def test_no_plan_is_cut_off(seed):
    network = _network(seed)
    assert network is None or refutations(network) == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(7, 150))
def test_no_plan_is_cut_off_at_length(seed):
    network = _network(seed)
    assert network is None or refutations(network, 1000) == []
