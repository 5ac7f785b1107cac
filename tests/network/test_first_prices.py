"""What hedging on ranks begins with and solves, without ranks: prices, penalties, and bounds that hold."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from batteryopt.ground.interrupt import catching_interrupt
from batteryopt.network.cluster.first_prices import first_columns, first_prices
from batteryopt.network.cluster.future_arrays import FutureArrays, Penalty
from batteryopt.network.formulation.pyomo_model import columns_of
from batteryopt.network.futures.future import futures_of
from batteryopt.network.futures.solve_futures import solve_futures
from batteryopt.solvers.contract.adapter import Options
from tests.network.line import CANDIDATE, line
from tests.network.line_plants import shrinking
from tests.network.test_futures import TWO
from tests.network.test_futures_by_second_route import drawn, size_of

EXACT = Options(threads=1)


def _prices(network):
    with catching_interrupt() as flag:
        return first_prices([f for f in futures_of(network) if f.probability > 0], EXACT, flag, np.inf)


def _on_sizes(arrays, value):
    """Return prices of the first stage that are a number for every size, and 0 for what else is decided once."""
    return np.where(np.arange(len(arrays.columns)) < arrays.sizes, float(value), 0.0)


@pytest.mark.parametrize(("price", "least"), [(0, 60), (-100, 60), (-158, 60), (-200, 18)])
def test_a_price_on_what_stands(price, least):
    """Future a of `TWO`: 218 with the plant, 60 without."""
    arrays = FutureArrays(futures_of(line(**TWO))[0].network)
    found = arrays.best(_on_sizes(arrays, price), None, EXACT)
    assert found.bound == pytest.approx(least)


@pytest.mark.parametrize(("rho", "opens"), [(300, 0), (400, 1)])
def test_a_penalty_of_differing(rho, opens):
    """The mean stands: not to open costs 60 and half of rho, to open 218; as much at 316."""
    arrays = FutureArrays(futures_of(line(**TWO))[0].network)
    none = _on_sizes(arrays, 0)
    found = arrays.best(none, Penalty(rho=none + rho, center=none + 1.0), EXACT)
    assert found.x[arrays.columns[0]] == pytest.approx(opens)


@pytest.mark.parametrize(("opens", "cost"), [(0.0, 900), (0.9999999, -1210)])
def test_a_first_stage_that_is_fixed(opens, cost):
    """Future b of `TWO`; a whole number that a rank rounded is taken as such."""
    arrays = FutureArrays(futures_of(line(**TWO))[1].network)
    assert arrays.at(_on_sizes(arrays, opens), EXACT).bound == pytest.approx(cost)


@pytest.mark.parametrize("center", [0.0, 0.3, 0.55, 1.0])
def test_sizes_between_levels_stay_near_their_mean(center):
    """Tangents an eighth apart bend where it is a sixteenth to the next of them: a large penalty leaves no more."""
    arrays = FutureArrays(line(**shrinking()))
    own = arrays.columns[: arrays.sizes]
    is_whole = arrays.program.is_integer[own]
    assert not is_whole.all()
    mean = np.where(is_whole, 1.0, center)
    penalty = Penalty(
        rho=_on_sizes(arrays, 1e5), center=np.concatenate([mean, np.zeros(len(arrays.columns) - len(own))])
    )
    found = arrays.best(_on_sizes(arrays, 0), penalty, EXACT)
    assert found.x[own] == pytest.approx(mean, abs=1 / 16 + 1e-6)


def test_the_columns_are_those_that_are_decided_once():
    arrays = FutureArrays(line(**shrinking()))
    names = ("is_open", "raised", "closed", "is_full")
    assert len(first_columns(arrays.m)) == sum(len(arrays.m.families.get(name, ())) for name in names)


@pytest.mark.parametrize("seed", range(1, 5))
def test_first_prices_bound_what_all_cost(seed):
    """By Lagrange's duality: at least what the relaxation proves, at most the best; however near the prices are."""
    network = drawn(seed)
    whole = None if network is None else solve_futures(network, gap=0, threads=1)
    if whole is None or whole.objective is None:
        pytest.skip("it is no network, or has no plan")
    likely = [future for future in futures_of(network) if future.probability > 0]
    shares = np.array([future.probability for future in likely])
    found, size = _prices(network), size_of(whole)
    assert shares @ found.prices == pytest.approx(0.0, abs=1e-9 * size)
    assert (found.penalties > 0).all()
    bounds = [
        FutureArrays(future.network).best(prices, None, EXACT).bound
        for future, prices in zip(likely, found.prices, strict=True)
    ]
    assert found.bound <= whole.objective + 1e-6 * size
    assert found.bound - 1e-6 * size <= shares @ np.array(bounds) <= whole.objective + 1e-6 * size


# ---- what mpi-sppy is given, and what the spoke of bounds says


@pytest.fixture
def mpisppy(monkeypatch, tmp_path):
    """Import mpi-sppy where the logs that it leaves are in nobody's way."""
    monkeypatch.chdir(tmp_path)
    return pytest.importorskip("mpisppy")


@pytest.mark.usefixtures("mpisppy")
def test_the_first_stage_stands_in_the_order_of_the_formulation():
    """mpi-sppy sorts what it is given as a family: of Birch and Ash it made Ash and Birch, and other plans."""
    from batteryopt.network.cluster.hedging import scenario_creator

    places = tuple(dataclasses.replace(CANDIDATE, site=site) for site in ("Birch", "Ash"))
    futures = {future.name: future for future in futures_of(line(candidates=places, **TWO))}
    model = scenario_creator("a", futures=futures)
    names = [v.name for v in model._mpisppy_node_list[0].nonant_vardata_list]
    columns = first_columns(model._arrays.m)
    assert names == [columns_of(model, model._arrays.m)[j].name for j in columns]
    assert names != sorted(names)


@pytest.mark.usefixtures("mpisppy")
@pytest.mark.parametrize(("more", "bound"), [(0.0, -496.0), (50.0, -521.0), (-50.0, -546.0)])
def test_prices_that_do_not_cancel_out_bound_all_the_same(more, bound, monkeypatch):
    """-158 in a and 158 in b: (60 - 1052) / 2 = -496, the best there is.

    With 50 more in both, a is left at 60 and b costs -1002, in the mean -471, which bounds nothing: less the 50 that
    the prices may add, -521. With 50 less, a costs 10 and b -1102, in the mean -546, and the prices add nothing.
    """
    from mpi4py import MPI
    from mpisppy.utils import cfg_vanilla

    from batteryopt.network.cluster import cylinders
    from batteryopt.network.cluster.hedging import _settings, scenario_creator

    futures = {future.name: future for future in futures_of(line(**TWO))}
    first = _prices(line(**TWO))
    ends = np.array([[-158.0], [158.0]]) + more
    prices = np.zeros_like(first.prices)
    prices[:, :1] = ends
    monkeypatch.setattr(cylinders.AsArrays, "first", dataclasses.replace(first, prices=prices), raising=False)
    settings = _settings({"relative_gap": 0.0, "time_limit": None, "iterations": 1})
    creator = {"scenario_creator_kwargs": {"futures": futures}}
    spoke = cfg_vanilla.lagrangian_spoke(settings, scenario_creator, lambda *_: None, list(futures), **creator)
    opt = cylinders.Bounding(**spoke["opt_kwargs"], mpicomm=MPI.COMM_WORLD)
    opt.PH_Prep(attach_prox=False, defer_attach=False)
    opt._reenable_W()
    opt.solve_loop(need_solution=False)
    assert opt.Ebound() == pytest.approx(bound)
