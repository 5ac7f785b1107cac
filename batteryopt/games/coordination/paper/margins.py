"""By how much each statement of the coordination paper holds at some parameters, or misses.

Margins are positive where it holds: a least difference, or what is left of a tolerance where two sides must be equal.
Where a statement says "cannot" or "always", its margin looks for the case against it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import product

import numpy as np
import numpy.typing as npt

from batteryopt.games.coordination.formula.equilibrium import Parameters
from batteryopt.games.coordination.paper import printed_formulas as printed

_EQUAL = 1e-9
"""Relative difference up to which two sides of an equation are equal: rounding leaves a thousandth of it."""
_STEP = 0.25
"""Of differences, which are exact but for rounding: every profit is quadratic in the decisions."""
_SHARES = (0.1, 0.5, 0.8)

Floats = npt.NDArray[np.float64]


def _equal(pairs: Iterable[tuple[float, float]]) -> float:
    """Return what is left of the tolerance when every pair is compared."""
    return _EQUAL - max(abs(one - other) / max(1.0, abs(one), abs(other)) for one, other in pairs)


def _slopes(profit: Callable[[Floats], float], at: Iterable[float]) -> Floats:
    """Return the derivatives of a quadratic function."""
    point = np.array([float(value) for value in at])
    steps = _STEP * np.eye(len(point))
    return np.array([(profit(point + step) - profit(point - step)) / (2 * _STEP) for step in steps])


def _curvature(profit: Callable[[Floats], float], size: int) -> Floats:
    """Return the second derivatives of a quadratic function."""
    steps = np.eye(size)
    rows = [[_slopes(profit, step)[j] - _slopes(profit, 0 * step)[j] for j in range(size)] for step in steps]
    return np.array(rows)


def _vanish(slopes: Iterable[float]) -> float:
    return _equal((float(slope), 0.0) for slope in slopes)


# --- Propositions 1 and 2 ---------------------------------------------------------------------------------------------


def _chain_of(g: Parameters) -> Callable[[Floats], float]:
    return lambda d: float(printed.chain(g, (d[0], d[1], d[2])))


def chain_is_concave(g: Parameters) -> float:
    """Return the least curvature of (1), downwards."""
    return float(np.linalg.eigvalsh(-_curvature(_chain_of(g), 3)).min())


def hessian_is_right(g: Parameters) -> float:
    """Compare A_3 with second differences of (1), and its minors with determinants."""
    found, matrix = _curvature(_chain_of(g), 3), np.array(printed.hessian(g), dtype=float)
    minors = [float(np.linalg.det(matrix[:size, :size])) for size in (1, 2, 3)]
    return _equal([*zip(found.ravel(), matrix.ravel(), strict=True), *zip(minors, printed.minors(g), strict=True)])


def best_is_stationary(g: Parameters) -> float:
    """Try the decisions of Prop. 1 in (2) to (4), and in the slopes of (1)."""
    found = printed.best(g)
    return _vanish([*printed.chain_slopes(g, found), *_slopes(_chain_of(g), found)])


def best_is_best(g: Parameters) -> float:
    """Return by how much the chain earns less at other decisions around those of Prop. 1, at least."""
    p, e_r, e_t = printed.best(g)
    moves = [move for move in product((-0.5, 0.0, 0.5), repeat=3) if any(move)]
    others = [float(printed.chain(g, (p + one, e_r + two, e_t + three))) for one, two, three in moves]
    return float(printed.chain(g, (p, e_r, e_t))) - max(others)


def _answers(g: Parameters, decisions: printed.Decisions, w: float, x: float) -> list[float]:
    """Return the slopes of R's profit by p, T's by e_t, and M's by e_r: the followers' answers do not move with it."""
    at = [float(value) for value in decisions]
    retailer = _slopes(lambda d: float(printed.retailer(g, (d[0], d[1], d[2]), w)), at)
    enterprise = _slopes(lambda d: float(printed.enterprise(g, (d[0], d[1], d[2]), x)), at)

    def led(service: Floats) -> float:
        followed = (at[0], service[0], g.theta * printed.returns(g, service[0]))
        return float(printed.manufacturer(g, followed, w, x))

    return [retailer[0], enterprise[2], _slopes(led, at[1:2])[0]]


def apart_is_an_equilibrium(g: Parameters) -> float:
    """Try the decisions of Prop. 2 as best answers."""
    return _vanish(_answers(g, printed.apart(g), float(g.w), 0.0))


def profits_apart_are_right(g: Parameters) -> float:
    """Compare the profits of Prop. 2 with (5) to (7) at its decisions."""
    found = printed.apart(g)
    members = printed.manufacturer(g, found, g.w), printed.retailer(g, found, g.w), printed.enterprise(g, found)
    parts = [float(member) for member in members]
    return _equal(zip([*parts, sum(parts)], map(float, printed.profits_apart(g)), strict=True))


# --- Proposition 3 ----------------------------------------------------------------------------------------------------


def levels_never_meet(g: Parameters) -> float:
    """Return how far service and effort of the two models are apart at the m of the paper's proof, less a tolerance."""
    meeting = replace(g, m=printed.meeting_market(g))
    pairs = zip(printed.best(meeting)[1:], printed.apart(meeting)[1:], strict=True)
    return max(abs(float(one - other)) for one, other in pairs) - _EQUAL


def apart_does_not_coordinate(g: Parameters) -> float:
    """Return what the chain loses without a contract, at the paper's m and at that where services are equal."""
    return min(
        float(printed.chain(case, printed.best(case)) - printed.chain(case, printed.apart(case)))
        for case in (g, replace(g, m=printed.meeting_market(g)))
    )


# --- Propositions 4 and 5 ---------------------------------------------------------------------------------------------


def right_share(g: Parameters) -> float:
    """Return (11) with its sign corrected: ``x = 1 - e_r^B / e_r^A``."""
    return float(1 - printed.apart(g)[1] / printed.best(g)[1])


def price_and_service_answer(g: Parameters) -> float:
    """Try p and e_r of Prop. 4 as best answers, at some shares."""
    slopes = []
    for x in _SHARES:
        price, _, service = _answers(g, printed.under_contract(g, g.w, x), float(g.w), x)
        slopes += [price, service]
    return _vanish(slopes)


def effort_answers(g: Parameters) -> float:
    """Try e_t of Prop. 4 as a best answer, at some shares."""
    return _vanish(_answers(g, printed.under_contract(g, g.w, x), float(g.w), x)[1] for x in _SHARES)


def profits_under_contract_add_up(g: Parameters) -> float:
    """Compare the sum of (8) to (10) with the chain's profit of Prop. 4, at some shares."""
    pairs = []
    for x in _SHARES:
        d = printed.under_contract(g, g.w, x)
        members = printed.manufacturer(g, d, g.w, x) + printed.retailer(g, d, g.w) + printed.enterprise(g, d, x)
        pairs.append((float(members), float(printed.chain_under_contract(g, d))))
    return _equal(pairs)


def _gap_to_best(g: Parameters, x: float) -> float:
    """Return what is left of the tolerance when the contract's price, service and returns are compared with Prop. 1's.

    The effort is the enterprise's best one, theta Q_n; the printed one is tried by itself.
    """
    p, e_r, _ = printed.under_contract(g, 0.0, x)
    found = p, e_r, g.theta * printed.returns(g, e_r)
    return _equal(zip(map(float, found), map(float, printed.best(g)), strict=True))


def coordinates_as_printed(g: Parameters) -> float:
    """Try (11) as printed."""
    return _gap_to_best(g, float(printed.share(g)))


def coordinates(g: Parameters) -> float:
    """Try (11) with its sign corrected, and whether it is a share."""
    x = right_share(g)
    return min(_gap_to_best(g, x), x, 1 - x)


def parts_are_right(g: Parameters) -> float:
    """Compare (12) and (13) with the profits (8) to (10) at the coordinated decisions."""
    x, d = right_share(g), printed.best(g)
    whole, (A, B) = float(printed.chain(g, d)), printed.parts(g, d, 0.0, x)
    members = printed.manufacturer(g, d, 0.0, x), printed.retailer(g, d, 0.0), printed.enterprise(g, d, x)
    return _equal(zip(map(float, members), (A * whole, B * whole, (1 - A - B) * whole), strict=True))


# --- Proposition 6, (14), and the conclusions -------------------------------------------------------------------------


def least_sums(g: Parameters) -> tuple[float, float, float]:
    """Return the least K_1 and K_2 and the largest sum of (14) without its ``K >= 0``, by (12), (13) and Prop. 2."""
    d, x = printed.best(g), right_share(g)
    manufacturer, retailer, enterprise, _ = map(float, printed.profits_apart(g))
    whole, (A, B) = float(printed.chain(g, d)), printed.parts(g, d, 0.0, x)
    return manufacturer - A * whole, enterprise - (1 - A - B) * whole, B * whole - retailer


def all_gain(g: Parameters) -> float:
    """Return the least gain of any player over lump sums inside (14): near its corners, and in its middle."""
    least_1, least_2, most = least_sums(g)
    low_1, low_2 = max(least_1, 0.0), max(least_2, 0.0)
    leg = most - low_1 - low_2
    inside = [(low_1 + leg * s, low_2 + leg * t) for s, t in ((0.01, 0.01), (0.98, 0.01), (0.01, 0.98), (0.33, 0.33))]
    return min(min(k1 - least_1, k2 - least_2, most - k1 - k2) for k1, k2 in inside)


def sums_always_exist(g: Parameters) -> float:
    """Return the least leg of (14)'s triangle over wholesale and transfer prices at which the contract coordinates."""
    best_service = float(printed.best(g)[1])
    lengths = []
    for part, low in product((0.25, 0.5, 0.75), (1e-3, 0.1, 1.0)):
        own = part * best_service / g.beta  # G with which e_r^B is this part of e_r^A
        w_t = (own - g.f * (1 - g.theta)) / g.theta
        least_1, least_2, most = least_sums(replace(g, w_t=w_t, w=low * g.w))
        lengths.append(most - max(least_1, 0.0) - max(least_2, 0.0))
    return min(lengths)


def chain_gains(g: Parameters) -> float:
    """Return the leg of the triangle of lump sums of either sign: what the chain gains by the contract."""
    least_1, least_2, most = least_sums(g)
    return most - least_1 - least_2


def levels_are_higher(g: Parameters) -> float:
    """Return the least difference of services and efforts over transfer prices that leave the enterprise a margin."""
    prices = np.linspace(0.0, 0.99, 12) * float(g.m - g.c_t)
    cases = [replace(g, w_t=float(price)) for price in prices]
    return min(
        float(one - other) for c in cases for one, other in zip(printed.best(c)[1:], printed.apart(c)[1:], strict=True)
    )


def manufacturer_gains_by_effort(g: Parameters) -> float:
    """Return what one more unit of sales effort brings the manufacturer."""
    return float(_slopes(lambda d: float(printed.manufacturer(g, (d[0], d[1], d[2]), g.w)), printed.apart(g))[2])
