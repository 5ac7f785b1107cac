"""Prices at their caps: elements meet where a price bends or jumps, and what is best there is found."""

from __future__ import annotations

import numpy as np
import pytest

from batteryopt.games.differential.data.general import GeneralDifferentialGame
from batteryopt.games.differential.data.generator import random_general
from batteryopt.games.differential.judge import check
from batteryopt.games.differential.model.optimizer import solve as optimise
from batteryopt.games.differential.model.price_switches import _sets_of, _way
from batteryopt.games.differential.model.switch_search import Jumps
from batteryopt.games.differential.solution import Model
from batteryopt.ground.status import PointStatus

from . import second_route


def one_vehicle(**changes) -> GeneralDifferentialGame:
    """Return a game over 8 months with demand 20 + m - p and cost 1 + m/2 less a credit of 1: m/2."""
    given = {
        "name": "jump",
        "source": "made by hand",
        "market_size": (20.0,),
        "price_effect": ((1.0,),),
        "efficiency_effect": ((1.0,),),
        "unit_cost": (1.0,),
        "efficiency_unit_cost": ((0.5,),),
        "innovation_effectiveness": ((1.0,),),
        "efficiency_decay": ((0.5,),),
        "innovation_cost": ((2.0,),),
        "discount_rate": 0.1,
        "credit_price": 5.0,
        "credits_per_vehicle": (0.2,),
        "initial_efficiency": (15.0,),
        "horizon_length": 8.0,
    }
    return GeneralDifferentialGame(**{**given, **changes})


def where_both_earn_the_same(cap: float) -> float:
    """Return the efficiency at which the manufacturer changes from its cap to the middle.

    In the middle p = (3 (20 + m) + m/2)/4, and it earns (20 + m/2)^2 / 8; at the cap, (cap - m/2) (20 + m - cap).
    """
    # (400 + 20 m + m^2/4)/8 = cap m + (20 - cap) cap - m^2/2 - (20 - cap) m/2
    quadratic = [1 / 32 + 1 / 2, 2.5 - cap + (20 - cap) / 2, 50 - (20 - cap) * cap]
    return float(min(np.roots(quadratic).real))


def times_tried(gain, ask, begin, rounds):
    """Return the times that are tried for one jump whose gain and wish are known functions of where it stands."""
    jumps, times = Jumps(), [begin]
    for _ in range(rounds):
        jumps = jumps.with_gains((times[-1],), (gain(times[-1]),))
        (time,) = jumps.next_times(ask(times[-1]), 8.0)
        times.append(time)
    return times


@pytest.mark.parametrize("begin", [0.5, 3.0, 7.5])
def test_the_time_of_a_jump_is_the_zero_of_what_the_way_before_it_earns_more(begin):
    """It is 4; paths ask for 0.4 + 0.9 t, so that following them would leave 0.9^10 = a third of the error."""
    times = times_tried(lambda t: 2.0 * (4.0 - t) + 0.1 * (4.0 - t) ** 3, lambda t: (0.4 + 0.9 * t,), begin, 10)
    assert times[-1] == pytest.approx(4.0, abs=1e-5)
    assert all(0.0 < time < 8.0 for time in times)


def test_a_jump_whose_path_asks_for_none_is_moved_by_its_gain_alone():
    times = times_tried(lambda t: 4.0 - t, lambda _: (), 6.0, 8)
    assert times[-1] == pytest.approx(4.0, abs=1e-4)


def test_jumps_stay_in_order():
    """The first would go to 5, where the second stands at 3: it goes nine tenths of the way."""
    jumps = Jumps().with_gains((1.0, 3.0), (1.0, -1.0))
    first, second = jumps.next_times((5.0, 2.0), 8.0)
    assert first == pytest.approx(2.8)
    assert first < second < 3.0


@pytest.mark.parametrize("horizon", [pytest.param(None, marks=pytest.mark.slow), 8.0])
def test_elements_meet_where_the_leader_s_prices_jump(horizon):
    """Cap 26: 9.634 levels of efficiency; the price falls there from 26 to (3 (20 + m) + m/2)/4 = 23.43."""
    game, change = one_vehicle(price_caps=(26.0,), horizon_length=horizon), where_both_earn_the_same(26.0)
    found = optimise(game, Model.DECENTRALIZED)
    path = found.solution.trajectory
    starts, ends = path.efficiency_with_starts[:, 0, 0], path.efficiency[:, -1, 0]
    element = int(np.argmin(np.abs(starts - change)))
    assert starts[element] == pytest.approx(change, rel=1e-5)
    assert ends[element - 1] == pytest.approx(change, rel=1e-5)
    assert path.prices[: element - 1] == pytest.approx(26.0)
    middle = (60 + 3.5 * path.efficiency[element:, :, 0]) / 4
    assert path.prices[element:, :, 0] == pytest.approx(middle, rel=1e-7)
    certificate = found.certificate + check.certify(found.solution)
    assert certificate.passed, str(certificate)
    assert certificate["mesh-error"].residual < 2e-5
    assert found.run.point_status is PointStatus.LOCALLY_OPTIMAL
    assert found.solution.objective == pytest.approx(second_route.capped_prices(game, True), rel=1e-5)


@pytest.mark.parametrize("cap", [25.0, pytest.param(25.5, marks=pytest.mark.slow)])
def test_a_late_jump_that_moves_with_the_path_before_it_is_met(cap):
    """The first paths stay at the cap nearly to the end, and ask for a jump that is too late."""
    game = one_vehicle(price_caps=(cap,))
    found = optimise(game, Model.DECENTRALIZED)
    assert found.certificate.passed, str(found.certificate)
    piecewise_linear = second_route.capped_prices(game, True)  # on 160 steps, one of which has the jump inside
    assert piecewise_linear <= found.solution.objective <= piecewise_linear * (1 + 3e-5)


def test_elements_meet_where_an_owner_s_price_bends():
    """Without a cap p = (20 + m + m/2)/2, which is 20 at m = 40/3."""
    found = optimise(one_vehicle(price_caps=(20.0,)), Model.INTEGRATED)
    path = found.solution.trajectory
    starts = path.efficiency_with_starts[:, 0, 0]
    element = int(np.argmin(np.abs(starts - 40 / 3)))
    assert starts[element] == pytest.approx(40 / 3, rel=1e-5)
    assert path.prices[:element] == pytest.approx(20.0)
    assert (found.certificate + check.certify(found.solution)).passed
    assert path.grid.elements <= 12


def test_the_best_prices_of_a_leader_with_some_vehicles_at_their_caps():
    """Nothing that is near earns more, what the caps fix aside, with the retailers' answers solved for anew."""
    game = random_general(3, vehicles=3, states=1, retailers=2).matrices()
    rng = np.random.default_rng(0)
    reach, cost = game.market_size[None, :] * rng.uniform(0.8, 1.2, (5, 3)), rng.uniform(0.5, 1.5, (5, 3))
    caps = 10.0 * np.linalg.solve(game.price_effect, game.market_size)
    effect, own = game.price_effect, game.own_price_effect()

    def earned(wholesale, chosen):
        """Where p = w = cap for the chosen, D = own (p - w) holds for the others alone."""
        free = [i for i in range(3) if i not in chosen]
        matrix, right = np.eye(3), np.tile(caps, (5, 1))
        matrix[free], right[:, free] = (effect + own)[free], (reach + wholesale @ own.T)[:, free]
        matrix[np.ix_(free, chosen)] = effect[np.ix_(free, chosen)] + own[np.ix_(free, chosen)]
        retail = np.linalg.solve(matrix, right.T).T
        return np.sum((wholesale - cost) * (reach - retail @ effect.T), axis=1), retail

    for chosen in _sets_of(3):
        way = _way(game, caps, chosen, reach, cost)
        best, retail = earned(way.wholesale, chosen)
        assert way.retail == pytest.approx(retail)
        is_allowed = np.isfinite(way.earned)
        assert way.earned[is_allowed] == pytest.approx(best[is_allowed])
        for _ in range(20):
            step = 0.05 * rng.normal(size=(5, 3)) * way.wholesale
            step[:, chosen] = 0.0
            assert np.all(earned(way.wholesale + step, chosen)[0] <= best + 1e-9)
