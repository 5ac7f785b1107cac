"""A leader whose objective is the opposite of its only follower's: interdiction, worst cases, attack and defence.

Let the leader minimise ``L = c(x) - a F`` with a > 0, where F(x, y) is what the follower minimises. Any multipliers
that satisfy the follower's dual constraints at x have a dual value D of at most its optimum, so that ``c(x) - a D`` is
at least the leader's value at x, and equal to it at the optimal ones. The minimum over x and all such multipliers is
therefore the leader's optimum: neither the follower's decisions nor complementarity are needed. (Where the follower has
no answer at all the dual may have no limit: then what comes out is a bound, and the followers' answers tell.)
"""

from __future__ import annotations

from batteryopt.bilevel.kkt.identities import QuadraticForm
from batteryopt.bilevel.kkt.single_level import KktSystem
from batteryopt.bilevel.methods.envelopes import Envelopes
from batteryopt.bilevel.problem.forms import variables_in

SAME = 1e-12
"""Relative difference of coefficients that are one number."""


def opposed_value(system: KktSystem, envelopes: Envelopes) -> QuadraticForm | None:
    """Return the leader's objective in terms of the follower's dual; None where the two are not opposed.

    Linear followers only, whose decisions no constraint of the leader contains, and no multiplier in use.
    """
    problem = system.problem
    if len(problem.followers) != 1 or problem.duals:
        return None
    (follower,) = problem.followers
    own = {id(v) for v in follower.variables}
    if not follower.objective.is_affine or not follower.has_affine_rows or follower.data_rows:
        return None
    if any(id(v) in own for v in variables_in(c.body for c in problem.constraints)):
        return None
    leader, theirs = QuadraticForm.of(problem.objective.expr), QuadraticForm.of(follower.objective.expression)
    dual = QuadraticForm.of(_dual_value(system))
    if leader is None or theirs is None or dual is None:
        return None
    share = _share(leader, theirs, own)
    if share is None or problem.sense * share >= 0:
        return None
    value = leader.plus([(-share, theirs)], 1.0).plus([(share, dual)], 1.0)
    linear = {key: c for key, c in value.linear.items() if key not in own}
    value = QuadraticForm(constant=value.constant, linear=linear, products=value.products, variables=value.variables)
    is_written = all(envelopes.takes(value.variables[i], value.variables[j]) for i, j in value.products)
    return value if is_written else None


def _share(leader: QuadraticForm, theirs: QuadraticForm, own: set[int]) -> float | None:
    """Return a with ``leader - a theirs`` free of the follower's variables; None where there is none."""
    share: float | None = None
    for ours, others in ((leader.linear, theirs.linear), (leader.products, theirs.products)):
        for key in {*ours, *others}:
            members = key if isinstance(key, tuple) else (key,)
            if not any(k in own for k in members):
                continue
            one, other = ours.get(key, 0.0), others.get(key, 0.0)
            if share is None and other:
                share = one / other
            if share is None or abs(one - share * other) > SAME * max(abs(one), abs(other)):
                return None
    return share


def _dual_value(system: KktSystem) -> object:
    """Return the follower's dual objective: what its rows' constants are worth."""
    (follower,), block = system.problem.followers, system.model.kkt[0]
    inequalities = sum(block.multiplier[k] * row.form.constant for k, row in enumerate(follower.inequalities))
    equalities = sum(block.equality_multiplier[k] * row.form.constant for k, row in enumerate(follower.equalities))
    return inequalities + equalities + follower.objective.constant
