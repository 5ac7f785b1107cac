"""The numerical route: discretise, solve, look where the paths bend, cut the grid there, and again.

It starts from the instance's own parameters (see `mesh.first_grid`) and from its own last round; no formula for the
solution is used anywhere, neither as a starting point nor to choose the grid.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field, replace

import numpy as np

from batteryopt.games.differential.data.instance import Instance
from batteryopt.games.differential.model.build import Bargain, build
from batteryopt.games.differential.model.convergence_checks import grid_checks, switch_checks
from batteryopt.games.differential.model.discrete import Discrete, OptimizerOptions, solve_discrete
from batteryopt.games.differential.model.mesh import MeshError
from batteryopt.games.differential.model.players import LEAST_SHARE
from batteryopt.games.differential.model.refinement import (
    estimated,
    mesh_tolerance_of,
    seconds_left,
    solve_refined,
    stopped,
    within_caps,
)
from batteryopt.games.differential.model.shadow_prices import is_at_rest
from batteryopt.games.differential.path.trajectory import Trajectory
from batteryopt.games.differential.solution import Model, NoContract, PresentValue, Solution
from batteryopt.ground.certificate import Certificate, Check
from batteryopt.ground.status import PointStatus, StopReason
from batteryopt.solvers.contract.provenance import Route, Run


@dataclass(frozen=True, kw_only=True, eq=False)
class FoundPaths:
    """What the numerical route found.

    Attributes
    ----------
    solution
        None where there is no point; ``reason`` says why.
    certificate
        The engine's claims, the worst of each kind, and the grid's own error estimates.
    """

    model: Model
    run: Run
    solution: Solution | None = None
    certificate: Certificate = field(default_factory=Certificate)
    reason: str | None = None


def solve(
    instance: Instance,
    model: Model,
    options: OptimizerOptions | None = None,
    *,
    share: float | None = None,
    decentralized: Solution | None = None,
) -> FoundPaths:
    """Solve one model numerically.

    Parameters
    ----------
    share
        The contract's share as a parameter; without it, the instance's; without that, a decision: the share that
        gives both players the same gain over the decentralised game.
    decentralized
        That game's numerical solution, where it is at hand; a contract solves it otherwise.

    Raises
    ------
    UnsupportedModel
        If a contract is asked for with several retailers.
    """
    options = options or OptimizerOptions()
    begin = time.perf_counter()
    if model is not Model.CONTRACT:
        last, error = solve_refined(instance, model, options)
        return _found(instance, model, last, error, begin)
    if not instance.matrices().has_one_retailer:
        raise NoContract
    if decentralized is None:
        apart = solve(instance, Model.DECENTRALIZED, options)
        if apart.solution is None:
            return replace(apart, model=Model.CONTRACT, reason=f"the game without contract: {apart.reason}")
        decentralized = apart.solution
    share = instance.share if share is None else share
    return _solve_contract(instance, options, share, decentralized.present_value, begin)


FIRST_SHARE = 0.5
"""Share under which a contract is solved before its share becomes a decision: any share gives the same grid."""


def _solve_contract(
    instance: Instance, options: OptimizerOptions, share: float | None, reserves: PresentValue, begin: float
) -> FoundPaths:
    """Solve the contract at a given share, then let the share be decided, each time with another winner."""
    first = FIRST_SHARE if share is None else share
    # Where the share is still to be decided, this is a grid and a start, and nobody needs the engine's word on it.
    start, error = solve_refined(
        instance, Model.CONTRACT, _remaining(options, begin), is_draft=share is None, share=first
    )
    if start.trajectory is None:
        return _found(instance, Model.CONTRACT, start, error, begin)
    last = start
    if share is None:
        fair = _solve_bargain(instance, start, reserves, (1.0, 1.0), _remaining(options, begin))
        error = None if fair.trajectory is None else estimated(instance, fair)
        last = stopped(fair, start.stop_reason)  # on its grid, refined to the end or not
    if last.trajectory is None:
        return _found(instance, Model.CONTRACT, _explained(instance, start, reserves, last), error, begin)
    accepted, ended_by = _accepted_shares(instance, start, reserves, options, begin)
    found = _found(instance, Model.CONTRACT, stopped(last, ended_by), error, begin, share_range=accepted)
    return _with_range_held(found, reserves)


def _with_range_held(found: FoundPaths, reserves: PresentValue) -> FoundPaths:
    """Hold the range of shares against what it says: at each end one player has just what it has without contract.

    The searches for the ends are drafts, which the engine has not judged; nor is it needed for that.
    """
    if found.solution is None or found.solution.share_range is None:
        return found
    low, high = found.solution.share_range
    whole = found.solution.present_value.supply_chain
    off = max(abs(low * whole - reserves.retailer), abs((1.0 - high) * whole - reserves.manufacturer))
    check = Check(
        is_of_convergence=True,
        name="share-range",
        residual=off / max(abs(whole), 1e-300),
        tolerance=mesh_tolerance_of(found.solution.instance, is_stopped=found.run.stop_reason.is_limit),
        detail="what a player gains or loses at its own end of the range of shares, relative to the chain's value",
    )
    return replace(found, certificate=found.certificate + Certificate((check,)))


def _explained(instance: Instance, start: Discrete, reserves: PresentValue, last: Discrete) -> Discrete:
    """Return a search without a point with what it means, where the contract's own value decides it.

    A local search that finds nothing proves nothing. But under the contract both players maximise a share of one value
    J, whatever the share, so that equal gains ``share J - R = (1 - share) J - M`` ask for ``1/2 - (M - R) / (2 J)``.
    """
    assert start.trajectory is not None
    if last.stop_reason.is_limit:
        return last
    contract = Solution(instance=instance, model=Model.CONTRACT, trajectory=start.trajectory, share=start.share)
    whole = contract.present_value.supply_chain
    fair = 0.5 - (reserves.manufacturer - reserves.retailer) / (2.0 * whole) if whole > 0 else -math.inf
    if LEAST_SHARE <= fair <= 1.0 - LEAST_SHARE and last.stop_reason is not StopReason.INFEASIBLE:
        return last
    return replace(last, stop_reason=StopReason.INFEASIBLE, note=_no_share(whole, reserves))


def _no_share(whole: float, reserves: PresentValue) -> str:
    """Return in words that there is no share: what the players have without the contract, and what they share."""
    return (
        f"no share from {LEAST_SHARE:g} to {1.0 - LEAST_SHARE:g} was found that gives both players the same gain over "
        f"what they have without contract, {reserves.manufacturer:.8g} (manufacturer) and {reserves.retailer:.8g} "
        f"(retailer): under the contract they share {whole:.8g}; contract.share sets one all the same"
    )


def _accepted_shares(
    instance: Instance, start: Discrete, reserves: PresentValue, options: OptimizerOptions, begin: float
) -> tuple[tuple[float, float] | None, StopReason]:
    """Return the least and the largest share that both accept, and what ended the search.

    None where there is none, or a limit or Ctrl-C comes first: the contract is an answer without its range, too.
    """
    ends: list[float | None] = []
    for weights in ((1.0, 0.0), (0.0, 1.0)):
        if options.time_limit is not None and time.perf_counter() > begin + options.time_limit:
            return None, StopReason.TIME_LIMIT
        try:
            found = _solve_bargain(instance, start, reserves, weights, _remaining(options, begin), is_draft=True)
        except KeyboardInterrupt:
            return None, StopReason.INTERRUPTED
        if found.stop_reason.is_limit:
            return None, found.stop_reason
        ends.append(found.share)
    low, high = ends
    return (None if low is None or high is None else (low, high)), StopReason.CONVERGED


def _solve_bargain(
    instance: Instance,
    start: Discrete,
    reserves: PresentValue,
    weights: tuple[float, float],
    options: OptimizerOptions,
    *,
    is_draft: bool = False,
) -> Discrete:
    """Let the share be decided, on the grid of a contract solved before: see `Bargain`."""
    assert start.trajectory is not None
    bargain = Bargain(
        manufacturer_reserve=reserves.manufacturer,
        retailer_reserve=reserves.retailer,
        retailer_weight=weights[0],
        manufacturer_weight=weights[1],
    )
    m = build(instance, Model.CONTRACT, start.trajectory.grid, bargain=bargain, limits=start.limits)
    found = solve_discrete(m, Model.CONTRACT, options, start=start, time_limit=options.time_limit, is_draft=is_draft)
    return within_caps(instance, found)


def _remaining(options: OptimizerOptions, begin: float) -> OptimizerOptions:
    """Return options with what is left of the time limit since `begin`."""
    limit = options.time_limit
    return options if limit is None else replace(options, time_limit=seconds_left(begin + limit))


def _found(
    instance: Instance,
    model: Model,
    last: Discrete,
    error: MeshError | None,
    begin: float,
    share_range: tuple[float, float] | None = None,
) -> FoundPaths:
    run = Run(
        route=Route.OPTIMIZER,
        solver=last.solver,
        stop_reason=last.stop_reason,
        point_status=last.point_status if last.trajectory is not None else PointStatus.NONE,
        seconds=time.perf_counter() - begin,
    )
    if last.trajectory is None or error is None:
        return FoundPaths(model=model, run=run, reason=last.note or last.stop_reason.value)
    tolerance = mesh_tolerance_of(instance, is_stopped=last.stop_reason.is_limit)
    is_known = instance.is_finite or (
        float(error.by_element[-1]) <= tolerance and is_at_rest(instance, model, last.trajectory, tolerance)
    )
    solution = Solution(
        instance=instance,
        model=model,
        trajectory=last.trajectory,
        share=last.share,
        share_range=share_range,
        decay_rate=fitted_decay_rate(last.trajectory) if is_known else None,
        is_steady_state_known=is_known,
    )
    checks = grid_checks(error, instance, is_stopped=last.stop_reason.is_limit)
    checks += switch_checks(instance, model, last.trajectory)
    return FoundPaths(model=model, run=run, solution=solution, certificate=last.certificate + checks)


def fitted_decay_rate(trajectory: Trajectory) -> tuple[float, ...] | None:
    """Return Q fitted to ``m' = -Q (m - m_inf)``; None with several levels or a path of another law.

    The rate is the least-squares slope over all nodes whose distance from the end is a thousandth of the largest.
    """
    if trajectory.efficiency.shape[-1] != 1 or not np.isinf(trajectory.grid.breaks[-1]):
        return None
    moments, end = trajectory.at_nodes(), float(trajectory.end.efficiency[0, 0])
    times, distance = moments.times, moments.efficiency[:, 0] - end
    start = float(trajectory.initial_efficiency[0]) - end
    is_far = np.abs(distance) > 1e-3 * abs(start)
    if abs(start) < 1e-6 * (1.0 + abs(end)) or is_far.sum() < 3:
        return None
    is_same_side = distance[is_far] / start > 0.0
    if not is_same_side.all():
        return None
    logs = np.log(distance[is_far] / start)
    rate = -float(logs @ times[is_far] / (times[is_far] @ times[is_far]))
    misfit = float(np.abs(logs + rate * times[is_far]).max())
    return (rate,) if misfit < 1e-3 else None
