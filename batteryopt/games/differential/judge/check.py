"""The judge of both routes: from an instance and a solution alone, knowing neither formulas nor models."""

from __future__ import annotations

import numpy as np

from batteryopt.games.differential.judge import deviations, responses
from batteryopt.games.differential.judge.costate import Costate, costate
from batteryopt.games.differential.judge.pieces import piece_ends
from batteryopt.games.differential.judge.simulation import credit_income, demand_of, simulate
from batteryopt.games.differential.path.quadrature import FloatArray
from batteryopt.games.differential.solution import Model, Solution
from batteryopt.ground.certificate import Certificate, Check

PATH_TOLERANCE = 1e-5
DYNAMICS_TOLERANCE = 1e-6
VALUE_TOLERANCE = 1e-6
RESPONSE_TOLERANCE = 1e-8
COSTATE_TOLERANCE = 1e-5
DEVIATION_TOLERANCE = 1e-8
CONSTRAINT_TOLERANCE = 1e-6
COUNTED = VALUE_TOLERANCE
"""Discount factor below which paths are not judged: off by its whole size there, a path changes present values by less
than what they are judged to, and no search for the largest value would notice. Where a steady state is reported, paths
are judged to their end: it is what they lead to."""
COARSE_FACTOR = 100.0
"""Where a limit stopped the refinement of the grid, an answer claims less and is held to less."""
KINK_FACTOR = 10.0
"""Where limits on prices give paths kinks, these may be off by 1e-3 (what is asked of the grid) between the nodes of an
element around one, which is 2^-8 as long as the first elements were: what follows from the path, as efficiency does, is
off by 1e-3/256 = 4e-6, and is held to ten times the tolerance of 1e-6. Present values are not: what is at its largest
is off by the square."""


def certify(solution: Solution, *, is_stopped: bool = False) -> Certificate:
    """Return every check that applies to a solution; `is_stopped` says that a limit stopped its refinement.

    * ``efficiency-follows-innovation``: m from the reported g by SciPy's ODE solver, against the reported m.
    * ``present-value-...``: of each player, by quadrature along that simulation, against the reported one.
    * ``best-response-...``: what a retailer could gain at any node.
    * ``constraints``: violation of what the instance asks for.
    * ``maximum-condition``, ``hjb``: Pontryagin's conditions along the path (where no constraint on prices binds).
    * ``leader-deviation``: what random changes of the leader's plan would gain.
    * ``contract-terms``: wholesale prices against the share of the unit cost.
    """
    of_values = COARSE_FACTOR if is_stopped else 1.0
    factor = max(of_values, KINK_FACTOR if solution.instance.constrains_prices() else 1.0)
    checks = [*_simulation_checks(solution, factor, of_values), *_response_checks(solution, factor)]
    if solution.instance.beyond_formula():
        checks.append(_constraint_check(solution))
    if not _has_binding_prices(solution):
        checks += _costate_checks(solution, costate(solution), factor)
    checks.append(_deviation_check(solution, factor))
    if solution.model is Model.CONTRACT:
        checks.append(_terms_check(solution))
    return Certificate(tuple(checks))


def agreement(one: Solution, other: Solution, *, is_stopped: bool = False) -> Certificate:
    """Return how far two solutions of one model lie apart: present values, steady state and paths, shares.

    Parameters
    ----------
    is_stopped
        Whether a limit stopped the refinement of one of them.

    Raises
    ------
    ValueError
        If they answer different questions.
    """
    if one.model is not other.model or one.instance != other.instance:
        raise ValueError(f"cannot compare {one.model} of '{one.instance.name}' with {other.model} of another question")
    times = one.report_times()
    left, right = one.trajectory.at(times), other.trajectory.at(times)
    pairs = {
        "present-value": (_values(one), _values(other), VALUE_TOLERANCE),
        "efficiency": (left.efficiency, right.efficiency, PATH_TOLERANCE),
        "innovation": (left.innovation, right.innovation, PATH_TOLERANCE),
        "prices": (left.prices, right.prices, PATH_TOLERANCE),
    }
    if left.wholesale_prices is not None and right.wholesale_prices is not None:
        pairs["wholesale-prices"] = left.wholesale_prices, right.wholesale_prices, PATH_TOLERANCE
    if one.steady_state is not None and other.steady_state is not None:
        pairs["steady-state"] = one.steady_state.efficiency, other.steady_state.efficiency, PATH_TOLERANCE
    if one.share_range is not None and other.share_range is not None:
        pairs["share-range"] = np.array(one.share_range), np.array(other.share_range), VALUE_TOLERANCE
    if one.share is not None and other.share is not None:
        pairs["share"] = np.array([one.share]), np.array([other.share]), VALUE_TOLERANCE
    return Certificate(
        tuple(
            Check(
                is_of_convergence=True,
                name=f"agreement-{name}",
                residual=_largest(ours - theirs, theirs),
                tolerance=tolerance * (COARSE_FACTOR if is_stopped else 1.0),
                detail="largest difference of the two routes, relative to the largest value",
            )
            for name, (ours, theirs, tolerance) in pairs.items()
        )
    )


def _values(solution: Solution) -> FloatArray:
    value = solution.present_value
    return np.array([value.manufacturer, *value.retailers, value.supply_chain])


def _simulation_checks(solution: Solution, factor: float, of_values: float) -> list[Check]:
    found = simulate(solution)
    reported = solution.trajectory.at(found.times).efficiency
    is_all = solution.instance.is_finite or solution.is_steady_state_known
    counts = is_all | (np.exp(-solution.game.discount_rate * found.times) >= COUNTED)
    value = solution.present_value
    checks = [
        Check(
            name="efficiency-follows-innovation",
            residual=_largest((found.efficiency - reported)[counts], reported[counts]),
            tolerance=factor * DYNAMICS_TOLERANCE,
            detail="efficiency simulated from the reported innovation, relative to its size",
        )
    ]
    stated = [value.manufacturer, *value.retailers]
    names = ["supply-chain"] if solution.model is Model.INTEGRATED else ["manufacturer", *_retailer_names(solution)]
    for name, ours, theirs in zip(names, found.values, stated, strict=False):
        checks.append(
            Check(
                name=f"present-value-{name}",
                residual=abs(float(ours) - theirs) / max(1.0, abs(theirs)),
                tolerance=of_values * VALUE_TOLERANCE,
                detail=f"{ours:.12g} simulated, {theirs:.12g} reported",
            )
        )
    return checks


def _retailer_names(solution: Solution) -> list[str]:
    count = len(solution.game.retailers)
    return ["retailer"] if count == 1 else [f"retailer-{number}" for number in range(1, count + 1)]


def _response_checks(solution: Solution, factor: float) -> list[Check]:
    if solution.model is Model.INTEGRATED:
        return []
    return [
        Check(
            is_of_convergence=True,
            name=f"best-response-{name}",
            residual=max(0.0, responses.largest_gain(solution, retailer)),
            tolerance=factor * RESPONSE_TOLERANCE,
            detail="most it could gain at a node by other prices, relative to its largest turnover",
        )
        for retailer, name in enumerate(_retailer_names(solution))
    ]


def _constraint_check(solution: Solution) -> Check:
    """Return the worst violation at any node, relative to the size of what is constrained."""
    worst = max((float((-slack).max()) for slack, _ in _slacks(solution)), default=0.0)
    instance, moments = solution.instance, solution.trajectory.at_nodes()
    if instance.innovation_caps is not None:
        caps = np.array(instance.innovation_caps)
        worst = max(worst, _largest(np.maximum(moments.innovation - caps, 0.0), caps))
        worst = max(worst, _largest(np.minimum(moments.innovation, 0.0), caps))
    if instance.innovation_budget is not None:
        cost = np.einsum("ki,ij,kj->k", moments.innovation, solution.game.innovation_cost, moments.innovation)
        worst = max(worst, solution.trajectory.integral(cost) / instance.innovation_budget - 1.0)
    return Check(
        name="constraints",
        residual=max(0.0, float(worst)),
        tolerance=CONSTRAINT_TOLERANCE,
        detail="largest violation of what the instance asks for, relative to its size",
    )


def _slacks(solution: Solution) -> list[tuple[FloatArray, str]]:
    """Return how far demands, margins and prices are from their limits at every node, relative to their size."""
    instance, game, at = solution.instance, solution.game, solution.trajectory.at_nodes()
    net_cost = game.unit_cost + at.efficiency @ game.efficiency_unit_cost.T - credit_income(instance, game, at.times)
    led = at.wholesale_prices if solution.model is Model.DECENTRALIZED else None
    found: list[tuple[FloatArray, str]] = []
    if instance.nonnegative_demands:
        demand = demand_of(game, at)
        found.append((demand / max(1.0, float(np.abs(demand).max())), "demand"))
    size = max(1.0, float(np.abs(at.prices).max()))
    if instance.nonnegative_margins or (instance.retailers_keep_margins and solution.model is Model.CONTRACT):
        found.append((((at.prices if led is None else led) - net_cost) / size, "margin"))
    if instance.retailers_keep_margins and led is not None:
        found.append(((at.prices - led) / size, "retail margin"))
    if instance.price_caps is not None:
        found.append(((np.array(instance.price_caps) - at.prices) / size, "price cap"))
    return found


def _has_binding_prices(solution: Solution) -> bool:
    """Whether a constraint on prices or demands binds at some node: the envelope behind the costate is then another."""
    return any(bool((slack < CONSTRAINT_TOLERANCE).any()) for slack, _ in _slacks(solution))


def _costate_checks(solution: Solution, found: Costate, factor: float) -> list[Check]:
    # Innovation, unlike efficiency, follows from nothing but its worth: it is judged while it has some, by the rule of
    # `COUNTED`, and present values are judged to the factor times their tolerance.
    counts = np.exp(-solution.game.discount_rate * piece_ends(solution)) >= factor * COUNTED
    kind = "hjb" if not solution.instance.is_finite else "hamiltonian"
    dearer = f"; the budget makes innovation {found.budget_price:.4g} dearer" if found.budget_price > 0 else ""
    return [
        Check(
            is_of_convergence=True,
            name="maximum-condition",
            residual=_largest((found.innovation - found.best_innovation)[counts], found.innovation[counts]),
            tolerance=factor * COSTATE_TOLERANCE,
            detail=f"innovation against what maximises the Hamiltonian at the costate, relative to its size{dearer}",
        ),
        Check(
            is_of_convergence=True,
            name=kind,
            residual=_largest((found.hamiltonian - found.expected)[counts], found.expected),
            tolerance=factor * COSTATE_TOLERANCE,
            detail="rho V of the reported flow against the Hamiltonian at the costate, along the path",
        ),
    ]


def _deviation_check(solution: Solution, factor: float) -> Check:
    return Check(
        is_of_convergence=True,
        name="leader-deviation",
        residual=max(0.0, deviations.largest_gain(solution)),
        tolerance=factor * DEVIATION_TOLERANCE,
        detail="most that random changes of the leader's plan would gain, relative to its value",
    )


def _terms_check(solution: Solution) -> Check:
    at, game = solution.trajectory.at_nodes(), solution.game
    assert at.wholesale_prices is not None
    terms = (solution.share or 0.0) * (game.unit_cost + at.efficiency @ game.efficiency_unit_cost.T)
    return Check(
        name="contract-terms",
        residual=_largest(at.wholesale_prices - terms, terms),
        tolerance=VALUE_TOLERANCE,
        detail="wholesale prices against the share of the unit cost",
    )


def _largest(difference: FloatArray, path: FloatArray) -> float:
    """Return the largest difference relative to the size of the path that it belongs to."""
    return float(np.abs(difference).max(initial=0.0) / max(1e-12, float(np.abs(path).max(initial=0.0))))
