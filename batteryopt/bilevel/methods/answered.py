"""A bilevel feasible point at a given decision of the leader, and better ones near it.

With the leader's decision fixed, the followers' conditions with strong duality are a linear program for linear
followers, whose optimum is the answer that the leader likes best. With the rows that bind there fixed, the leader may
move again: that is a linear program too, and its optimum the leader's best on this piece. One after the other they end
at a point that neither improves.
"""

from __future__ import annotations

import contextlib
import time

import pyomo.environ as pyo

from batteryopt.bilevel.judge import claims
from batteryopt.bilevel.judge.responses import answer_in_turn, fixed
from batteryopt.bilevel.kkt import single_level as kkt
from batteryopt.bilevel.kkt.active_set import all_variables, polish, set_slacks
from batteryopt.bilevel.kkt.single_level import KktSystem
from batteryopt.bilevel.methods.base import MethodSettings
from batteryopt.bilevel.methods.strong_duality import StrongDuality
from batteryopt.bilevel.problem.normal_form import BilevelProblem
from batteryopt.ground.errors import UnsupportedModel
from batteryopt.solvers import Options, get
from batteryopt.solvers.contract.points import violation_in_model

MOST_ROUNDS = 20
GAINS = 1e-7
"""Relative gain from which on another round is worth its two linear programs."""
SECONDS_EACH = 10.0
HOLDS = 1e-6
"""Violation up to which multipliers that the leader uses are the follower's."""


def answer_there(system: KktSystem, settings: MethodSettings) -> bool:
    """Let the followers answer the leader's decision that the variables hold, as the leader likes best.

    Returns
    -------
    bool
        Whether there is an answer; the user's variables and the system's multipliers and slacks hold it.
    """
    problem = system.problem
    for variable in problem.leader_variables:
        if not variable.is_continuous():
            variable.set_value(round(variable.value))
    is_linear = all(f.objective.is_affine and f.has_affine_rows for f in problem.followers)
    if is_linear and _by_strong_duality(system, settings):
        return True
    if _uses_multipliers(system) or not answer_in_turn(problem):  # an answer alone has none
        return False
    for pair in system.all_pairs:
        pair.multiplier.set_value(0.0)  # so that a polish takes what binds as binding
    set_slacks(system)
    return True


def _by_strong_duality(system: KktSystem, settings: MethodSettings) -> bool:
    problem = system.problem
    with kkt.duals_restored(problem):
        other = StrongDuality().apply(problem, settings)
        with fixed(problem.leader_variables), contextlib.suppress(UnsupportedModel):
            options = Options(time_limit=SECONDS_EACH, feasibility_tolerance=settings.tolerance)
            if not get("highs").solve(other.system.model, options).point_status.is_feasible:
                return False
            for ours, theirs in zip(system.model.kkt.values(), other.system.model.kkt.values(), strict=True):
                for name in ("multiplier", "slack", "equality_multiplier"):
                    for k, variable in getattr(ours, name).items():
                        variable.set_value(getattr(theirs, name)[k].value, skip_validation=True)
            return True
    return False


def improved(system: KktSystem, settings: MethodSettings, until: float) -> float | None:
    """Answer, move, and answer again until nothing is gained; returns the leader's objective, None without a point.

    Parameters
    ----------
    until
        Value of ``time.perf_counter`` at which to end.
    """
    problem = system.problem
    best: tuple[float, list[float | None]] | None = None
    variables = all_variables(system)
    for _ in range(MOST_ROUNDS):
        if not answer_there(system, settings):
            break
        _keep(system)
        value = _value_if_feasible(system)
        if value is None or (best is not None and not _gains(problem, value, best[0])):
            break
        best = (value, [v.value for v in variables])
        if time.perf_counter() > until:
            break
    if best is None:
        return None
    for variable, kept in zip(variables, best[1], strict=True):
        variable.set_value(kept, skip_validation=True)
    return best[0]


def _keep(system: KktSystem) -> None:
    """Let the leader move on the piece on which it stands."""
    polish(system, objective=float(system.problem.objective()), time_limit=SECONDS_EACH)


def _value_if_feasible(system: KktSystem) -> float | None:
    """Return the leader's objective where everything holds, the multipliers that the leader may use included."""
    problem = system.problem
    if _uses_multipliers(system) and not _are_multipliers(system):
        return None
    if not (claims.leader_feasibility(problem).passed and claims.are_at_their_best(problem)):
        return None
    return float(problem.objective())


def _uses_multipliers(system: KktSystem) -> bool:
    """Whether something of the leader's, or one price of a shared constraint, says which multipliers there are."""
    return bool(system.problem.duals) or len(system.model.EQUAL) > 0


def _are_multipliers(system: KktSystem) -> bool:
    """Whether the system's multipliers satisfy the followers' conditions where everything stands."""
    conditions = [c for block in system.model.kkt.values() for c in block.component_data_objects(pyo.Constraint)]
    conditions.extend(system.model.one_price.values())
    apart = max((min(p.multiplier.value, p.slack.value) for p in system.all_pairs), default=0.0)
    return violation_in_model(conditions, all_variables(system)) <= HOLDS and apart <= HOLDS


def _gains(problem: BilevelProblem, value: float, best: float) -> bool:
    return problem.sense * (best - value) > GAINS * max(1.0, abs(best))
