"""The parts of the search one by one: bounds from duals, cuts, first plans, neighbourhoods, symmetry, mass bounds."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import scipy.sparse as sp

from batteryopt.ground.interrupt import InterruptFlag
from batteryopt.network.data.instance import Candidate, Site
from batteryopt.network.data.objective import Objective
from batteryopt.network.formulation.build import build
from batteryopt.network.formulation.objective import costs_of
from batteryopt.network.formulation.reach import make_reach
from batteryopt.network.formulation.sets import make_sets
from batteryopt.network.formulation.symmetry import equal_sites
from batteryopt.network.search import improve as improve_module
from batteryopt.network.search.improve import distances, neighbourhoods, split
from batteryopt.network.search.plunge import plunge
from batteryopt.network.search.relaxation import Relaxation
from batteryopt.network.search.searched_problem import dual_bound, implied_uppers, make_problem
from batteryopt.network.search.start import Facilities, dive
from batteryopt.network.solve import solve
from batteryopt.solvers.compile.arrays import QuadraticProgram
from batteryopt.solvers.contract.adapter import Options
from tests.network.echelon import echelon
from tests.network.everything import everything


def program(c, A, row_lower, row_upper, upper):
    return QuadraticProgram(
        c=np.array(c, dtype=float),
        c0=1.0,
        Q=sp.csc_array((len(c), len(c))),
        A=sp.csr_array(np.array(A, dtype=float)),
        row_lower=np.array(row_lower, dtype=float),
        row_upper=np.array(row_upper, dtype=float),
        lower=np.zeros(len(c)),
        upper=np.array(upper, dtype=float),
        is_integer=np.zeros(len(c), dtype=bool),
    )


# ---- bounds --------------------------------------------------------------------------------------------------------


def test_dual_bound_by_hand():
    """Least of 1 + 2x + 3y with x + y >= 4, x <= 3: at (3, 1) it is 10.

    The dual 3 proves it: 1 + 3 x 4 + (2 - 3) x 3 = 10. The dual 2 proves 1 + 2 x 4 = 9, the dual 5 only
    1 + 20 - 3 x 3 - 2 x 10 = -8, and a dual of the wrong sign counts as none: 1.
    """
    lp = program([2, 3], [[1, 1]], [4], [np.inf], [3, 10])
    assert [dual_bound(lp, np.array([y])) for y in (3.0, 2.0, 5.0, -1.0)] == pytest.approx([10, 9, -8, 1])


def test_dual_bound_without_an_upper_bound():
    """Where y may be infinite the dual 5 proves nothing."""
    lp = program([2, 3], [[1, 1]], [4], [np.inf], [3, np.inf])
    assert dual_bound(lp, np.array([5.0])) == -np.inf


def test_implied_upper_bounds():
    """In x - s <= 2 with x <= 7 no more than 5 of s is ever needed; t can hurt its row and keeps no bound."""
    lp = program([1, 1, 1], [[1, -1, 0], [1, 0, 1]], [-np.inf, 1], [2, 9], [7, np.inf, np.inf])
    assert implied_uppers(lp).tolist() == [7, 5, np.inf]


def relaxation_of(network):
    problem = make_problem(m := build(network), costs_of(m, Objective.COST))
    return Relaxation(problem, Options(), InterruptFlag())


def test_cuts_raise_the_bound_to_the_optimum():
    """Three towns of `test_closed_form`: without lane cuts a third of a point would do; with them the bound is 125."""
    x = np.array([0.0, 10, 30])
    relaxation = relaxation_of(echelon(abs(np.subtract.outer(x, x)), [5, 4, 3], [40, 50, 45]))
    relaxation.begin(np.inf)
    loose = relaxation.bound * relaxation.problem.money
    relaxation.tighten(np.inf, lambda: None)
    assert loose < 60
    assert relaxation.bound * relaxation.problem.money == pytest.approx(125)


def test_bounds_of_everything_are_finite():
    """So that duals always prove something."""
    relaxation = relaxation_of(everything())
    relaxation.begin(np.inf)
    relaxation.tighten(np.inf, lambda: None)
    assert np.isfinite(relaxation.problem.core.upper).all()
    exact = solve(everything(), gap=0.0)
    bound = relaxation.bound * relaxation.problem.money
    assert bound <= exact.objective + 1e-6 * abs(exact.objective)
    assert bound == pytest.approx(exact.root_bound, rel=0.2)


# ---- first plans ---------------------------------------------------------------------------------------------------


def test_cover_by_hand():
    """Levels of 25 and 36 t at Ash (36 can arrive): 30 t in period 1 need both, and a facility never shrinks.

    Between levels of 20, 40 and 80 t, 30 t are one step and half of the next.
    """
    m = build(everything())
    places = Facilities(m)
    x = np.zeros(m.size)
    values = {("Ash", "outlet", "1"): 30.0, ("Cedar", "plant", "2"): 30.0, ("Birch", "outlet", "3"): 25.0}
    family = m.families["processed"]
    for row in range(len(family)):
        site, type_, recipe, period = (m.labels[k][family.index[k][row]] for k in family.index.keys)
        if recipe in ("check", "leach"):
            x[family.first + row] = values.get((site, type_, period), 0.0)
    sizes = places.cover(x, np.zeros(len(places.owner)), np.ones(len(places.owner)))
    found = {
        name.split("[")[1][:-1]: value
        for name, value in zip(m.names_of(m.families["is_open"]), sizes.tolist(), strict=True)
        if value
    }
    assert found == pytest.approx(
        {
            **{f"Ash,outlet,{level},{t}": 1 for level in ("small", "large") for t in (1, 2, 3)},
            **{f"Cedar,plant,S,{t}": 1 for t in (2, 3)},
            **{f"Cedar,plant,M,{t}": 0.5 for t in (2, 3)},
            "Birch,outlet,small,3": 1,
        }
    )


def test_career_costs_by_hand():
    """A small outlet in Birch from period 2: 1.5 x 100 in period 2, 11 and 12 of fixed cost, 0.5 t CO2e a period at 80.

    All discounted by 1.25 a year; what it is worth at the end is kept in variables of its own.
    """
    m = build(everything())
    places = Facilities(m)
    sizes = np.zeros(len(places.owner))
    for row, name in enumerate(m.names_of(m.families["is_open"])):
        sizes[row] = float(name in ("is_open[Birch,outlet,small,2]", "is_open[Birch,outlet,small,3]"))
    costs = costs_of(m, Objective.COST).vector
    spent = places.costs(costs, sizes)
    standing = (m.account("carbon") + m.account("fixed") + m.account("opening"))[places.sizes] @ sizes
    opening = 150 / 1.25
    fixed = 11 / 1.25 + 12 / 1.25**2
    carbon = 80 * 0.5 / 1.25 + 80 * 0.5 / 1.25**2
    assert standing == pytest.approx(fixed + carbon)
    assert spent.sum() == pytest.approx(opening + fixed + carbon)


@pytest.mark.parametrize("seed", range(3))
def test_first_plans_are_plans(seed):
    """Whole, feasible, no better than the bound, and within a fifth of the optimum."""
    generator = np.random.default_rng(seed)
    x = generator.uniform(0, 100, (15, 2))
    km = np.linalg.norm(x[:, None] - x, axis=2)
    network = echelon(km, generator.uniform(1, 9, 15), generator.uniform(100, 400, 15), uncollected=90.0)
    relaxation = relaxation_of(network)
    relaxation.begin(np.inf)
    point = dive(relaxation, np.inf)
    core = relaxation.problem.core
    assert point is not None
    assert core.violation(point) < 1e-6
    assert core.integrality_violation(point) < 1e-6
    exact = solve(network, gap=0.0).objective
    found = core.objective(point) * relaxation.problem.money
    assert exact - 1e-6 <= found <= 1.2 * exact


def test_neighbourhoods_reach_every_facility():
    m = build(everything())
    masks = neighbourhoods(m, abs(np.subtract.outer(np.arange(4.0), np.arange(4.0))))
    reached = np.zeros(m.size, dtype=bool)
    for _, mask in zip(range(5), masks, strict=False):
        reached |= mask
    assert reached[m.families["is_open"].positions].all()
    assert not reached[m.families["shipped"].positions].any()


# ---- what makes it tight -------------------------------------------------------------------------------------------


def test_reachable_masses_by_hand():
    """Period 1: 20 + 10 + 5 t return and 1 t is in stock; at most 36 t of packs are anywhere, 32.4 t checked.

    Cedar has 5 t of its own; nothing comes to Docks but what two recipes make of 36 t.
    """
    network = everything()
    sets = make_sets(network)
    reach = make_reach(sets)
    site, product = sets.codes["site"], sets.codes["product"]
    assert reach.own[site["Ash"], product["pack"], 0] == pytest.approx(21)
    assert reach.own[site["Cedar"], product["pack"], 0] == pytest.approx(5)
    assert reach.available[site["Birch"], product["pack"], 0] == pytest.approx(36)
    assert reach.available[site["Birch"], product["checked"], 0] == pytest.approx(0.9 * 36)
    assert reach.available[site["Docks"], product["pack"], 0] == 0
    assert (reach.own <= reach.available + 1e-9).all()


def twins():
    """Two plots at one place and one elsewhere, none with returns of its own; two towns that have them."""
    base = echelon(np.zeros((2, 2)), [6, 7], [1, 1])
    plots = tuple(Site(name=name) for name in ("plot1", "plot2", "plot3"))
    x = np.array([0.0, 50, 20, 20, 30])
    return dataclasses.replace(
        base,
        sites=(*base.sites, *plots),
        candidates=tuple(Candidate(site=plot.name, type="point", opening_cost_factor=9.0) for plot in plots),
        distances={"km": abs(np.subtract.outer(x, x))},
    )


def test_equal_sites_are_found_and_opened_in_order():
    network = twins()
    assert equal_sites(network) == [["plot1", "plot2"]]
    m = build(network)
    (name,) = m.names_of(m.rows["twins_open_in_order"])
    assert name == "twins_open_in_order[plot2,point]"
    rows = m.rows["twins_open_in_order"]
    columns = [n for f in m.families.values() for n in m.names_of(f)]
    found = {columns[v]: c for v, c in zip(rows.variable.tolist(), rows.coefficient.tolist(), strict=True)}
    assert found == {"is_open[plot2,point,one,now]": 1, "is_open[plot1,point,one,now]": -1}
    assert (rows.lower.tolist(), rows.upper.tolist()) == ([-np.inf], [0])


def test_ordering_twins_changes_no_optimum():
    network = twins()
    tight, loose = (solve(network, gap=0.0, is_tight=is_tight).objective for is_tight in (True, False))
    assert tight == pytest.approx(loose)


# ---- plans from the tight relaxation, regions without coordinates, time ---------------------------------------------


@pytest.mark.parametrize("nearly", [0.8, 0.6])
def test_a_plunge_ends_in_a_plan(nearly):
    """Whole, feasible and no better than the optimum; afterwards the relaxation's bounds are as they were."""
    relaxation = relaxation_of(everything())
    relaxation.begin(np.inf)
    relaxation.tighten(np.inf, lambda: None)
    bound, core = relaxation.bound, relaxation.problem.core
    point = plunge(relaxation, nearly, np.inf)
    assert point is not None
    assert core.violation(point) < 1e-6
    assert core.integrality_violation(point) < 1e-6
    exact = solve(everything(), gap=0.0).objective
    assert core.objective(point) * relaxation.problem.money >= exact - 1e-6 * abs(exact)
    again = relaxation.lp.solve()
    assert core.objective(again.x) == pytest.approx(bound, rel=1e-6)


def test_regions_without_coordinates_are_of_what_a_tonne_costs():
    """Towns at 0, 10 and 30 km: 10, 20 and 30 a tonne; and 0 to itself."""
    x = np.array([0.0, 10, 30])
    m = build(echelon(abs(np.subtract.outer(x, x)), [5, 4, 3], [40, 50, 45]))
    found = distances(m, costs_of(m, Objective.COST).vector, None)
    assert found == pytest.approx(abs(np.subtract.outer(x, x)), abs=1e-6)
    assert distances(m, np.zeros(m.size), None) is None


def test_what_the_relaxation_splits_is_decided_anew():
    is_integer = np.array([True, True, True, False])
    found = split(np.array([0.0, 0.4, 1.0, 7.0]), np.array([0.0, 1.0, 0.0, 9.0]), is_integer)
    assert found.tolist() == [False, True, True, False]


@pytest.mark.parametrize(("left", "seconds"), [(100.0, 25.0), (8.0, 5.0), (2.0, 2.0), (-1.0, 0.0)])
def test_a_search_around_takes_no_more_than_is_left(monkeypatch, left, seconds):
    """A quarter of what is left, 5 s at least, but never beyond the deadline."""
    monkeypatch.setattr(improve_module.time, "monotonic", lambda: 1000.0)
    assert improve_module.clock(1000.0 + left, 0.25) == pytest.approx(seconds)
