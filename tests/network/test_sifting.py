"""Prices from the relaxation over the items that matter: what they prove, and what is planned from them.

The optimum is SciPy's on the model's arrays, which knows no items; the relaxation of all items at once is HiGHS'.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from batteryopt.ground.interrupt import InterruptFlag
from batteryopt.network.search.lagrangian import pursuit, sifting
from batteryopt.network.search.lagrangian.ascent import Ascent
from batteryopt.network.search.lagrangian.decided_anew import DecidedAnew
from batteryopt.network.search.lagrangian.item_program import item_program
from batteryopt.network.search.lagrangian.plans import MISSED
from batteryopt.network.search.lagrangian.priced_dive import LEFT, WAYS_DOWN, dive_by_prices
from batteryopt.network.search.lagrangian.prices import first_prices
from batteryopt.network.search.lagrangian.proof import proven
from batteryopt.network.search.lagrangian.pursuit import search_by_prices
from batteryopt.network.search.lagrangian.rounded import rounded
from batteryopt.network.search.lagrangian.sifting import Sifted
from batteryopt.network.search.lagrangian.structure import recognise
from batteryopt.network.search.lagrangian.value import evaluate
from batteryopt.network.search.lagrangian.worth import free_sizes
from batteryopt.solvers.contract.adapter import Options
from batteryopt.solvers.highs.highs_arrays import solve_arrays
from tests.network.location_draw import drawn
from tests.network.optimum import least_cost
from tests.network.test_prices import CLOSE, below, problem_of

OPTIONS = Options(relative_gap=0.0, absolute_gap=1e-9, threads=1)
SEVERAL = settings(
    deadline=None,
    max_examples=6,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.reuse, Phase.generate),  # a seed cannot be made simpler
)


def sifted_of(problem):
    s = recognise(problem)
    assert s is not None
    prices = first_prices(s)
    sifted = Sifted(s, prices, evaluate(s, prices), OPTIONS, InterruptFlag())
    sifted.solve(np.inf, lambda: None)
    return s, sifted


def relaxed(s):
    """Return the relaxation's optimum, all items at once."""
    whole = item_program(s).of_items(np.arange(len(s.items)))
    return whole.objective(solve_arrays(whole, OPTIONS).x)


@SEVERAL
@given(seed=st.integers(0, 10_000), ways=st.sampled_from((1, 2, 8)))
def test_prices_of_the_relaxation_prove_no_more_than_the_optimum_and_no_less_than_it(seed, ways):
    network = drawn(seed, sites=3, zones=4)
    problem = problem_of(network)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(sifting, "WAYS", ways)
        s, sifted = sifted_of(problem)
    optimum = least_cost(network) / problem.money
    bound = proven(s, sifted.prices, sifted.value.standing)
    assert below(bound, optimum)
    assert bound <= sifted.value.bound
    if s.pools.charge is None:  # else the relaxation is another one than that of prices
        least = relaxed(s)
        assert below(least, optimum)
        assert sifted.value.bound >= least - CLOSE * max(1.0, abs(least))


@SEVERAL
@given(seed=st.integers(0, 10_000), part=st.sampled_from((0.0, 0.3, 0.6)))
def test_whole_sizes_are_a_plan_that_regions_make_no_dearer(seed, part):
    network = drawn(seed, sites=3, zones=4)
    problem = problem_of(network)
    s, sifted = sifted_of(problem)
    before = sifted.x
    x = rounded(sifted, np.inf, part)
    if x is None:
        return
    assert sifted.x is before
    assert np.allclose(np.round(x[sifted.sizes]), x[sifted.sizes], atol=1e-5)
    optimum = least_cost(network) / problem.money
    plan = DecidedAnew(sifted, x, OPTIONS)
    first = plan.objective()
    for region in plan.regions(before):
        plan.improve(region, np.inf)
    assert plan.objective() <= first + 1e-9 * abs(first)
    if s.pools.charge is None:  # else what a level costs a tonne is decided when flows are
        core, whole = problem.core, sifted.whole(plan.x)
        assert core.violation(np.where(core.is_integer, np.round(whole), whole)) <= MISSED
        assert core.objective(whole) == pytest.approx(plan.objective(), rel=CLOSE)
        assert below(optimum, core.objective(whole))


@SEVERAL
@given(seed=st.integers(0, 10_000), way_down=st.sampled_from(WAYS_DOWN), part=st.sampled_from((0.0, 0.15)))
def test_what_a_dive_leaves_open_rounds_to_a_plan_within_it(seed, way_down, part):
    network = drawn(seed, sites=4, zones=5)
    problem = problem_of(network)
    s, sifted = sifted_of(problem)
    before, ascent = sifted.x, Ascent(s, sifted.prices)
    ascent.rise(40, np.inf, lambda: np.inf)
    sizes, left = dive_by_prices(s, ascent, way_down, 0.3, lambda: np.inf, np.inf, InterruptFlag())
    free = free_sizes(s)
    assert (free.lower <= sizes.lower).all()
    assert (sizes.lower <= sizes.upper).all()
    assert (sizes.upper <= free.upper).all()
    assert sizes.free() <= max(LEFT * free.free(), 0.0)
    assert (np.diff(sizes.lower, axis=1) <= 0).all()  # what a larger size needs stands as well
    sifted.join_what_is_left(sizes, left.prices, left.value)
    x = rounded(sifted, np.inf, part, sizes)
    assert sifted.x is before
    if x is None or s.pools.charge is not None:
        return
    exists = s.careers.columns >= 0
    size = x[sifted.sizes]
    assert (size >= sizes.lower[exists] - 1e-6).all()
    assert (size <= sizes.upper[exists] + 1e-6).all()
    core, whole = problem.core, sifted.whole(x)
    whole = np.where(core.is_integer, np.round(whole), whole)
    assert core.violation(whole) <= MISSED
    assert below(least_cost(network) / problem.money, core.objective(whole))


@pytest.mark.parametrize("seed", range(4))
def test_a_search_that_begins_by_sifting_ends_at_the_optimum(seed, monkeypatch):
    monkeypatch.setattr(pursuit, "MANY", 0)
    network = drawn(seed, sites=3, zones=4)
    problem = problem_of(network)
    told = []
    found = search_by_prices(problem, OPTIONS, 0.0, None, InterruptFlag(), told.append)
    optimum = least_cost(network) / problem.money
    assert found.objective == pytest.approx(optimum, rel=CLOSE)
    assert found.bound == pytest.approx(optimum, rel=CLOSE)
    assert below(found.bound, optimum)
    assert any("relaxation over the flows that matter" in progress.doing for progress in told)
    assert "from a relaxation over" in found.rests_on
