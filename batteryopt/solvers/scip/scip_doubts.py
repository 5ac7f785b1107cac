"""What SCIP claims and its own tolerances cannot bear out: why it is asked a second time.

SCIP holds a row to an absolute tolerance, in the row's own units. Where a row changes little however its decisions
change (``exp(-x) <= 1e-9`` at x = 20), a point may keep it to that tolerance and be far from every point that keeps it
exactly. A direction along which an ill-conditioned program is said to have no limit may break the rows by as much as
it gains.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from pyomo.common.collections import ComponentMap
from pyomo.core.expr import identify_variables
from pyomo.core.expr.calculus.derivatives import Modes, differentiate
from pyomo.core.expr.calculus.diff_with_pyomo import DifferentiationException
from pyomo.core.expr.numvalue import value as value_of
from pyomo.repn import generate_standard_repn

from batteryopt.ground.status import PointStatus, StopReason
from batteryopt.solvers.compile.components import Parts
from batteryopt.solvers.contract.adapter import Options, Report
from batteryopt.solvers.scaling.natural_units import small_units
from batteryopt.solvers.scip.scip_model import ScipModel

SLACK = 10.0
"""How many tolerances a point may be away from a row, and by how much a direction has to gain more than it breaks."""
DEFAULT_TOLERANCE = 1e-6
"""SCIP's own, of feasibility."""
ROUNDING = 1e-12
"""Relative excess of a row that is rounding of doubles, and no work of a tolerance."""
STRICT = 1e-9
"""Tolerance that a program with a doubtful direction is asked with again: SCIP takes no smaller one for its LPs."""
STEP = 1e-6
"""Of a slope by differences, relative to the variable: far from rounding, and near enough to tell far from near."""
LARGEST_FACTOR = 2.0**40
"""A row is not restated beyond this: what is flatter has no use for its own digits."""


@dataclass(frozen=True, kw_only=True)
class Doubt:
    """Why a claim is not passed on at once.

    Attributes
    ----------
    factors
        Of rows that the point keeps to SCIP's tolerance only and is far from: powers of two that make them steep.
    is_ray
        Whether the program was said to have no limit along a direction that gains no more than it breaks.
    """

    factors: ComponentMap = field(default_factory=ComponentMap)
    is_ray: bool = False

    def __bool__(self) -> bool:
        """Whether there is any."""
        return self.is_ray or len(self.factors) > 0

    def restated(self, options: Options) -> Options:
        """Return what to ask with again."""
        if not self.is_ray:
            return options
        tight = min(STRICT, options.feasibility_tolerance or STRICT)
        return dataclasses.replace(options, feasibility_tolerance=tight, optimality_tolerance=tight)


def doubt_of(translated: ScipModel, parts: Parts, report: Report, options: Options) -> Doubt:
    """Return what there is to doubt in a claim of SCIP's, which left its point in the variables."""
    if report.stop_reason is StopReason.UNBOUNDED:
        return Doubt(is_ray=_is_empty_ray(translated, parts))
    if report.point_status is not PointStatus.OPTIMAL:
        return Doubt()
    allowed = SLACK * (options.feasibility_tolerance or DEFAULT_TOLERANCE)
    return Doubt(factors=ComponentMap(_far_rows(parts.constraints, allowed)))


def _far_rows(constraints: Iterable[Any], allowed: float) -> Iterator[tuple[Any, float]]:
    """Yield the rows that the point is farther from than `allowed`, relatively, with the factor that makes them steep.

    To first order, the least move of decisions (largest change of one) that mends an excess is the excess divided by
    the sum of the slopes' sizes: whatever the row's own units are.
    """
    for constraint in constraints:
        excess = _excess(constraint)
        if excess > 0:
            variables = list(identify_variables(constraint.body, include_fixed=False))
            steepness = _steepness(constraint.body, variables)
            reach = max([1.0, *(abs(variable.value) for variable in variables)])
            if excess > allowed * steepness * reach:
                yield constraint, _power_of_two(steepness)


def _steepness(body: Any, variables: Sequence[Any]) -> float:
    """Return the sum of the slopes' sizes; infinite, so that no row is far, where one has none."""
    try:
        slopes = differentiate(body, wrt_list=variables, mode=Modes.reverse_numeric)
    except (ArithmeticError, ValueError):  # infinite, as a root's at 0
        return math.inf
    except DifferentiationException:  # a function that Pyomo has no rule for, or a kink
        slopes = [_difference(body, variable) for variable in variables]
    return math.fsum(abs(slope) for slope in slopes)


def _difference(body: Any, variable: Any) -> float:
    """Return the slope by one variable, from values a little to both sides."""
    at = float(variable.value)
    step = STEP * max(1.0, abs(at))
    values = []
    for moved in (at - step, at + step):
        variable.set_value(moved, skip_validation=True)
        values.append(value_of(body, exception=False))
    variable.set_value(at, skip_validation=True)
    low, high = values
    return math.inf if low is None or high is None else float(high - low) / (2 * step)


def _excess(constraint: Any) -> float:
    """Return by how much a row is exceeded, 0 within rounding."""
    body = float(value_of(constraint.body))
    lower, upper = constraint.lb, constraint.ub
    excess = max(-math.inf if lower is None else lower - body, -math.inf if upper is None else body - upper)
    size = max(abs(v) for v in (body, lower, upper, 1.0) if v is not None)
    return excess if excess > ROUNDING * size else 0.0


def _power_of_two(steepness: float) -> float:
    """Return the factor nearest to ``1 / steepness`` that changes no digit of a coefficient, 1 or more."""
    if steepness * LARGEST_FACTOR <= 1.0:
        return LARGEST_FACTOR
    return float(2.0 ** max(0, round(-math.log2(steepness))))


def _is_empty_ray(translated: ScipModel, parts: Parts) -> bool:
    """Whether SCIP's direction of a linear program gains no more than `SLACK` times what it breaks of rows and bounds.

    With multipliers of ordinary size such a direction says nothing: they would turn what is broken into all that is
    gained. False where there is nothing to judge: no direction, or a model that is not linear.
    """
    ray = translated.ray()
    if ray is None or parts.objective is None:
        return False
    aim = _change(parts.objective.expr, ray)
    if aim is None:
        return False
    broken = [max(_broken(ray[v], v.lb, v.ub) for v in translated.variables)]
    for constraint in parts.constraints:
        change = _change(constraint.body, ray)
        if change is None:
            return False
        broken.append(_broken(change, constraint.lb, constraint.ub))
    gain = aim if parts.is_maximisation else -aim
    return gain <= SLACK * max(broken)


def _change(expression: Any, ray: ComponentMap) -> float | None:
    """Return the slope of a linear expression along a direction; None where it is not linear."""
    found = generate_standard_repn(expression, compute_values=True)
    if not found.is_linear():
        return None
    return math.fsum(c * ray.get(v, 0.0) for c, v in zip(found.linear_coefs, found.linear_vars, strict=True))


def _broken(change: float, lower: float | None, upper: float | None) -> float:
    return max(0.0, 0.0 if upper is None else change, 0.0 if lower is None else -change)


def second_word(first: Report, second: Report, parts: Parts, options: Options) -> Report:
    """Return what is passed on of a second claim that is in doubt as the first was.

    It counts where both objectives are the same: nothing hangs on the rows in question. Any other is withdrawn.
    """
    if first.objective is not None and second.objective is not None:
        small = small_units(parts, second.objective)
        size = max(1.0 if small is None else small[1], abs(second.objective))
        allowed = SLACK * max(options.feasibility_tolerance or DEFAULT_TOLERANCE, options.relative_gap)
        if abs(first.objective - second.objective) <= allowed * size:
            return second
    held = PointStatus.FEASIBLE if second.has_point else PointStatus.NONE
    return dataclasses.replace(second, stop_reason=StopReason.NUMERICAL_TROUBLE, point_status=held, bound=None)
