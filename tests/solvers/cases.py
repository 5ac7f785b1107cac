"""Small models, the capabilities that each needs, and its answer derived by hand; the tests are made of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import exp, log, sqrt
from typing import Any

import pyomo.environ as pyo

from batteryopt.ground.status import StopReason
from batteryopt.solvers import Capability, Indicator

LINEAR = Capability.LINEAR
QUADRATIC = Capability.CONVEX_QUADRATIC_OBJECTIVE
INTEGER = Capability.INTEGER
NONLINEAR = Capability.NONLINEAR
SOS1 = Capability.SOS1
INDICATOR = Capability.INDICATOR


@dataclass(frozen=True, kw_only=True)
class Case:
    """A model that is built anew by each test.

    Attributes
    ----------
    needs
        What an adapter must declare; one that lacks any of it must refuse the model.
    objective, point
        The optimum, and the value of named variables there where it is unique; None where there is none.
    stop_reasons
        What an adapter may say; a local method cannot always tell infeasible from unbounded.
    refused_by
        Adapters that refuse it although they declare each of the needs alone.
    """

    build: Callable[[], Any]
    needs: Capability
    objective: float | None = None
    point: dict[str, float] = field(default_factory=dict)
    stop_reasons: tuple[StopReason, ...] = (StopReason.CONVERGED,)
    refused_by: tuple[str, ...] = ()
    indicators: Callable[[Any], list[Indicator]] = lambda _: []

    @property
    def name(self) -> str:
        return self.build.__name__


CASES: list[Case] = []


def case(**facts: Any) -> Callable[[Callable[[pyo.ConcreteModel], None]], Callable[[], Any]]:
    """Register a model; the function decorated fills an empty one."""

    def register(fill: Callable[[pyo.ConcreteModel], None]) -> Callable[[], Any]:
        def build() -> Any:
            model = pyo.ConcreteModel(name=fill.__name__)
            fill(model)
            return model

        build.__name__ = fill.__name__
        CASES.append(Case(build=build, **facts))
        return build

    return register


def _xy(m: Any, x: tuple[Any, Any] = (0, None), y: tuple[Any, Any] = (0, None)) -> None:
    m.x = pyo.Var(bounds=x)
    m.y = pyo.Var(bounds=y)


# ---------------------------------------------------------------- linear


@case(needs=LINEAR, objective=17.0, point={"x": 4.0, "y": 2.0})
def maximised(m: Any) -> None:
    """3x + 2y + 1 with x <= 4, x + y <= 6: the dearer x to its bound, the rest to y: 12 + 4 + 1."""
    _xy(m, x=(0, 4))
    m.capacity = pyo.Constraint(expr=m.x + m.y <= 6)
    m.profit = pyo.Objective(expr=3 * m.x + 2 * m.y + 1, sense=pyo.maximize)


@case(needs=LINEAR, objective=8.0, point={"x": 2.0, "y": 1.0})
def minimised_with_equality(m: Any) -> None:
    """3x + 2y with x + 2y = 4, x >= 2: along the equality the cost is 3x + 4 - x = 2x + 4, least at x = 2."""
    _xy(m, x=(2, None))
    m.balance = pyo.Constraint(expr=m.x + 2 * m.y == 4)
    m.cost = pyo.Objective(expr=3 * m.x + 2 * m.y)


@case(needs=LINEAR, objective=7.0, point={"x": 5.0, "y": 2.0})
def range_at_its_upper_end(m: Any) -> None:
    """X + y with 1 <= x + y <= 7 (y = 2 fixed by its bounds): as large as the range lets it be."""
    _xy(m, y=(2, 2))
    m.window = pyo.Constraint(expr=(1, m.x + m.y, 7))
    m.total = pyo.Objective(expr=m.x + m.y, sense=pyo.maximize)


@case(needs=LINEAR, objective=-4.0, point={"x": -4.0})
def range_at_its_lower_end(m: Any) -> None:
    """X free with -8 <= 2x <= 6: least x = -4."""
    m.x = pyo.Var()
    m.window = pyo.Constraint(expr=(-8, 2 * m.x, 6))
    m.cost = pyo.Objective(expr=m.x)


@case(needs=LINEAR, stop_reasons=(StopReason.INFEASIBLE,))
def infeasible(m: Any) -> None:
    """X + y >= 3 in the unit square, where x + y <= 2."""
    _xy(m, x=(0, 1), y=(0, 1))
    m.too_much = pyo.Constraint(expr=m.x + m.y >= 3)
    m.cost = pyo.Objective(expr=m.x)


@case(needs=LINEAR, stop_reasons=(StopReason.INFEASIBLE,))
def bounds_that_cross(m: Any) -> None:
    """2 <= x <= 1 holds nowhere."""
    m.x = pyo.Var(bounds=(2, 1))
    m.cost = pyo.Objective(expr=m.x)


@case(needs=LINEAR, stop_reasons=(StopReason.INFEASIBLE,))
def bounds_that_cross_unused(m: Any) -> None:
    """A variable nobody uses, whose bounds cross, still leaves no point."""
    _xy(m, y=(2, 1))
    m.cost = pyo.Objective(expr=m.x)


@case(needs=LINEAR, stop_reasons=(StopReason.UNBOUNDED,))
def unbounded(m: Any) -> None:
    """X may grow for ever along x = y."""
    _xy(m)
    m.balance = pyo.Constraint(expr=m.x - m.y == 0)
    m.profit = pyo.Objective(expr=m.x, sense=pyo.maximize)


@case(needs=LINEAR, objective=0.0, point={"x": 3.0})
def no_objective(m: Any) -> None:
    """Any feasible point will do, and there is one only."""
    m.x = pyo.Var()
    m.value = pyo.Constraint(expr=2 * m.x == 6)


@case(needs=LINEAR, objective=5.0)
def constant_objective(m: Any) -> None:
    """The objective is the constant 5."""
    _xy(m, x=(0, 1))
    m.row = pyo.Constraint(expr=m.x + m.y <= 1)
    m.cost = pyo.Objective(expr=5)


@case(needs=LINEAR, objective=-2.0, point={"x": 2.0})
def no_constraints(m: Any) -> None:
    """-x on [0, 2]."""
    m.x = pyo.Var(bounds=(0, 2))
    m.cost = pyo.Objective(expr=-m.x)


@case(needs=LINEAR, objective=14.0, point={"x": 2.0, "z": 4.0})
def fixed_variable(m: Any) -> None:
    """X + 3z with z fixed at 4 (outside of its bounds, which then count for nothing) and x z >= 8: x = 2; 2 + 12."""
    m.x = pyo.Var(bounds=(0, None))
    m.z = pyo.Var(bounds=(0, 1), domain=pyo.Binary)
    m.z.fix(4, skip_validation=True)
    m.product = pyo.Constraint(expr=m.x * m.z >= 8)
    m.cost = pyo.Objective(expr=m.x + 3 * m.z)


@case(needs=LINEAR, objective=9.0, point={"x": 3.0})
def everything_fixed(m: Any) -> None:
    """Nothing is left to decide: 3 squared."""
    m.x = pyo.Var()
    m.x.fix(3)
    m.row = pyo.Constraint(expr=m.x <= 4)
    m.cost = pyo.Objective(expr=m.x**2)


@case(needs=LINEAR, stop_reasons=(StopReason.INFEASIBLE,))
def everything_fixed_wrongly(m: Any) -> None:
    """3 <= 2 does not hold."""
    m.x = pyo.Var()
    m.x.fix(3)
    m.row = pyo.Constraint(expr=m.x <= 2)
    m.cost = pyo.Objective(expr=m.x)


@case(needs=LINEAR, objective=1.0, point={"x": 1.0})
def constant_constraint_that_holds(m: Any) -> None:
    """A row of fixed variables, 5 <= 6, and one whose only term has the coefficient 0."""
    m.x = pyo.Var(bounds=(1, None))
    m.z = pyo.Var()
    m.z.fix(5)
    m.row = pyo.Constraint(expr=m.z <= 6)
    m.nothing = pyo.Constraint(expr=0 * m.x <= 1)
    m.cost = pyo.Objective(expr=m.x)


@case(needs=LINEAR, stop_reasons=(StopReason.INFEASIBLE,))
def constant_constraint_that_fails(m: Any) -> None:
    """A row of fixed variables, 5 >= 6."""
    m.x = pyo.Var(bounds=(1, None))
    m.z = pyo.Var()
    m.z.fix(5)
    m.row = pyo.Constraint(expr=m.z >= 6)
    m.cost = pyo.Objective(expr=m.x)


@case(needs=LINEAR, stop_reasons=(StopReason.INFEASIBLE,))
def cancelled_constraint_that_fails(m: Any) -> None:
    """X - x + 2 <= 1, whatever x."""
    m.x = pyo.Var(bounds=(1, 3))
    m.row = pyo.Constraint(expr=m.x - m.x + 2 <= 1)
    m.cost = pyo.Objective(expr=m.x)


@case(needs=LINEAR, objective=1.0, point={"x": 1.0, "y": 2.0, "u": 0.0})
def unused_variables(m: Any) -> None:
    """Y and u are in no row: they are put into their bounds, so that the point is complete."""
    _xy(m, x=(1, None), y=(2, 3))
    m.u = pyo.Var()
    m.cost = pyo.Objective(expr=m.x)


@case(needs=LINEAR, objective=3.0)
def deactivated_parts(m: Any) -> None:
    """What is deactivated does not count: neither the row x <= 1 nor the block's row x <= 2 nor its objective."""
    m.x = pyo.Var(bounds=(0, 3))
    m.row = pyo.Constraint(expr=m.x <= 1)
    m.row.deactivate()
    m.part = pyo.Block()
    m.part.row = pyo.Constraint(expr=m.x <= 2)
    m.part.cost = pyo.Objective(expr=m.x)
    m.part.deactivate()
    m.profit = pyo.Objective(expr=m.x, sense=pyo.maximize)


@case(needs=LINEAR, objective=11.0, point={"part[2].x": 7.0})
def nested_blocks(m: Any) -> None:
    """Rows and variables on indexed blocks: x1 + x2 with x1 <= 4, x1 + x2 <= 11 as the sum of both rows' ends."""
    m.part = pyo.Block([1, 2])
    for i, part in m.part.items():
        part.x = pyo.Var(bounds=(0, None))
        part.inner = pyo.Block()
        part.inner.row = pyo.Constraint(expr=part.x <= 1 + 3 * i)
    m.profit = pyo.Objective(expr=m.part[1].x + m.part[2].x, sense=pyo.maximize)


@case(needs=LINEAR, objective=6.0)
def expressions_and_parameters(m: Any) -> None:
    """Named expressions and mutable parameters: p (x + y) with p = 2 and x + y >= 3."""
    _xy(m)
    m.p = pyo.Param(initialize=2, mutable=True)
    m.total = pyo.Expression(expr=m.x + m.y)
    m.enough = pyo.Constraint(expr=m.total >= m.p + 1)
    m.cost = pyo.Objective(expr=m.p * m.total)


@case(needs=LINEAR, objective=4.0)
def exported_suffixes(m: Any) -> None:
    """Suffixes that Pyomo would write into a file for a solver change nothing: 4 <= x, scaled by 100 or not."""
    m.x = pyo.Var(bounds=(0, None))
    m.row = pyo.Constraint(expr=m.x >= 4)
    m.cost = pyo.Objective(expr=m.x)
    m.dual = pyo.Suffix(direction=pyo.Suffix.IMPORT_EXPORT)
    m.dual[m.row] = 7.0
    m.scaling_factor = pyo.Suffix(direction=pyo.Suffix.EXPORT)
    m.scaling_factor[m.x] = 100.0
    m.scaling_factor[m.cost] = -3.0


# ---------------------------------------------------------------- integer


@case(needs=LINEAR | INTEGER, objective=22.0, point={"take[1]": 0.0, "take[2]": 1.0, "take[3]": 1.0})
def knapsack(m: Any) -> None:
    """Values 6, 10, 12, weights 1, 2, 3, capacity 5: the last two fit exactly and are worth 22, others 16 and 18."""
    m.take = pyo.Var([1, 2, 3], domain=pyo.Binary)
    values, weights = {1: 6, 2: 10, 3: 12}, {1: 1, 2: 2, 3: 3}
    m.capacity = pyo.Constraint(expr=sum(weights[i] * m.take[i] for i in weights) <= 5)
    m.value = pyo.Objective(expr=sum(values[i] * m.take[i] for i in values), sense=pyo.maximize)


@case(needs=LINEAR | INTEGER, objective=3.5, point={"x": 3.0, "y": 0.5})
def integer_and_continuous(m: Any) -> None:
    """X integer, x + y >= 3.5, y <= 0.9: 3 + 0.5 (a continuous x would cost the same, x = 4 more)."""
    m.x = pyo.Var(bounds=(-5, 10), domain=pyo.Integers)
    m.y = pyo.Var(bounds=(0, 0.9))
    m.row = pyo.Constraint(expr=m.x + m.y >= 3.5)
    m.half = pyo.Constraint(expr=m.y <= 0.5)
    m.cost = pyo.Objective(expr=m.x + m.y)


@case(needs=LINEAR | INTEGER, stop_reasons=(StopReason.INFEASIBLE,))
def integer_infeasible(m: Any) -> None:
    """2x = 3 has no whole x, though the relaxation has 1.5."""
    m.x = pyo.Var(bounds=(0, 5), domain=pyo.Integers)
    m.row = pyo.Constraint(expr=2 * m.x == 3)
    m.cost = pyo.Objective(expr=m.x)


@case(needs=LINEAR | INTEGER, stop_reasons=(StopReason.UNBOUNDED,))
def integer_unbounded(m: Any) -> None:
    """A whole x that may be as large as it likes."""
    m.x = pyo.Var(domain=pyo.NonNegativeIntegers)
    m.y = pyo.Var(bounds=(0, 1))
    m.row = pyo.Constraint(expr=m.x - m.y >= 0)
    m.profit = pyo.Objective(expr=m.x, sense=pyo.maximize)


# ---------------------------------------------------------------- quadratic


@case(needs=LINEAR | QUADRATIC, objective=1.0, point={"x": 3.0, "y": 0.0})
def convex_quadratic(m: Any) -> None:
    """(x-3)^2 + (y-1)^2 + xy with y >= 0: at (3, 0) d/dx = 0 and d/dy = -2 + 3 > 0; value 0 + 1 + 0."""
    _xy(m)
    m.cost = pyo.Objective(expr=(m.x - 3) ** 2 + (m.y - 1) ** 2 + m.x * m.y)


@case(needs=LINEAR | QUADRATIC, objective=-5.0, point={"x": 2.0, "y": 1.0})
def concave_maximised(m: Any) -> None:
    """-x^2 - y^2 on 2x + y = 5: the nearest point to the origin is 5/5 (2, 1); value -5."""
    m.x, m.y = pyo.Var(), pyo.Var()
    m.line = pyo.Constraint(expr=2 * m.x + m.y == 5)
    m.profit = pyo.Objective(expr=-(m.x**2) - m.y**2, sense=pyo.maximize)


@case(needs=LINEAR | QUADRATIC, objective=0.0, point={"x": 1.0})
def flat_quadratic(m: Any) -> None:
    """(x + y - 3)^2 + (x - 1)^2 is flat along no direction but its Hessian has a row for z only through a row."""
    m.x, m.y, m.z = pyo.Var(), pyo.Var(), pyo.Var(bounds=(0, None))
    m.link = pyo.Constraint(expr=m.z <= m.y)
    m.cost = pyo.Objective(expr=(m.x + m.y - 3) ** 2 + (m.x - 1) ** 2)


@case(needs=LINEAR | QUADRATIC, stop_reasons=(StopReason.UNBOUNDED,))
def quadratic_unbounded(m: Any) -> None:
    """(x - 1)^2 - y: convex, and y is free to grow."""
    m.x, m.y = pyo.Var(bounds=(-9, 9)), pyo.Var(bounds=(0, None))
    m.cost = pyo.Objective(expr=(m.x - 1) ** 2 - m.y)


@case(needs=LINEAR | QUADRATIC, stop_reasons=(StopReason.INFEASIBLE,))
def quadratic_infeasible(m: Any) -> None:
    """The rows x + y <= 1 and x + y >= 2 exclude each other."""
    _xy(m)
    m.low = pyo.Constraint(expr=m.x + m.y <= 1)
    m.high = pyo.Constraint(expr=m.x + m.y >= 2)
    m.cost = pyo.Objective(expr=m.x**2 + m.y)


@case(needs=LINEAR | QUADRATIC | INTEGER, objective=0.29, point={"x": 2.0}, refused_by=("highs",))
def integer_quadratic(m: Any) -> None:
    """(x - 2.5)^2 + 0.04 + y/5 with x whole and y >= x - 2: at 2 it is 0.25 + 0.04, at 3 it is 0.25 + 0.04 + 0.2."""
    m.x = pyo.Var(bounds=(0, 9), domain=pyo.Integers)
    m.y = pyo.Var(bounds=(0, 9))
    m.row = pyo.Constraint(expr=m.y >= m.x - 2)
    m.cost = pyo.Objective(expr=(m.x - 2.5) ** 2 + 0.04 + m.y / 5)


@case(needs=NONLINEAR, objective=-4.0, point={"x": 2.0})
def concave_minimised(m: Any) -> None:
    """-x^2 on [1, 2]: least at the far end. Nonconvex, but with one local optimum only."""
    m.x = pyo.Var(bounds=(1, 2))
    m.cost = pyo.Objective(expr=-(m.x**2))


# ---------------------------------------------------------------- nonlinear


@case(needs=NONLINEAR, objective=2 - 2 * log(2), point={"x": log(2)})
def exponential(m: Any) -> None:
    """exp(x) - 2x: exp(x) = 2."""
    m.x = pyo.Var(bounds=(-5, 5))
    m.cost = pyo.Objective(expr=pyo.exp(m.x) - 2 * m.x)


@case(needs=NONLINEAR, objective=sqrt(2), point={"x": sqrt(0.5), "y": sqrt(0.5)})
def disc(m: Any) -> None:
    """X + y on the unit disc: both 1/sqrt(2)."""
    _xy(m, x=(-2, 2), y=(-2, 2))
    m.disc = pyo.Constraint(expr=m.x**2 + m.y**2 <= 1)
    m.profit = pyo.Objective(expr=m.x + m.y, sense=pyo.maximize)


@case(needs=NONLINEAR, objective=4.0, point={"x": 2.0, "y": 2.0})
def hyperbola(m: Any) -> None:
    """X + y with x y >= 4: by the arithmetic and geometric mean x + y >= 2 sqrt(4)."""
    _xy(m, x=(0.1, 50), y=(0.1, 50))
    m.x.value = m.y.value = 1.0
    m.product = pyo.Constraint(expr=m.x * m.y >= 4)
    m.cost = pyo.Objective(expr=m.x + m.y)


@case(needs=NONLINEAR, objective=-exp(-1), point={"x": exp(-1)})
def infinite_slope_at_its_bound(m: Any) -> None:
    """X log x for x >= 0: 1 + log x = 0. A scaling by the slope at the bound 0 misleads Ipopt to x = 0.26."""
    m.x = pyo.Var(bounds=(0, 3))
    m.cost = pyo.Objective(expr=m.x * pyo.log(m.x))


@case(needs=NONLINEAR, stop_reasons=(StopReason.INFEASIBLE,))
def nonlinear_infeasible(m: Any) -> None:
    """X^2 + y^2 <= -1 holds nowhere."""
    _xy(m, x=(-2, 2), y=(-2, 2))
    m.disc = pyo.Constraint(expr=m.x**2 + m.y**2 <= -1)
    m.cost = pyo.Objective(expr=m.x)


@case(needs=NONLINEAR | INTEGER, objective=exp(1) + 1, point={"x": 1.0})
def integer_nonlinear(m: Any) -> None:
    """exp(x) + x with x whole and x >= 0.5: x = 1."""
    m.x = pyo.Var(bounds=(0, 5), domain=pyo.Integers)
    m.row = pyo.Constraint(expr=m.x >= 0.5)
    m.cost = pyo.Objective(expr=pyo.exp(m.x) + m.x)


# ---------------------------------------------------------------- sets and indicators


@case(needs=LINEAR | SOS1, objective=13.0)
def special_ordered_set(m: Any) -> None:
    """3x + 2y + 1 with x <= 4, y <= 6 and at most one of them: 13 both ways, not 25."""
    _xy(m, x=(0, 4), y=(0, 6))
    m.one = pyo.SOSConstraint(rule=lambda m: ([m.x, m.y], [1, 2]), sos=1)
    m.profit = pyo.Objective(expr=3 * m.x + 2 * m.y + 1, sense=pyo.maximize)


@case(needs=LINEAR | SOS1, objective=5.0, point={"x": 0.0, "z": 1.0})
def special_ordered_set_with_fixed_member(m: Any) -> None:
    """Z = 1 is fixed and of the set, so x must be 0: 5z + 3x."""
    m.x, m.z = pyo.Var(bounds=(0, 4)), pyo.Var()
    m.z.fix(1)
    m.one = pyo.SOSConstraint(rule=lambda m: ([m.x, m.z], [1, 2]), sos=1)
    m.profit = pyo.Objective(expr=5 * m.z + 3 * m.x, sense=pyo.maximize)


def _is_switched(active_value: int) -> Callable[[Any], list[Indicator]]:
    return lambda m: [Indicator(binary=m.on, active_value=active_value, body=m.x - 2)]


@case(needs=LINEAR | INTEGER | INDICATOR, objective=9.0, point={"x": 9.0, "on": 0.0}, indicators=_is_switched(1))
def indicator_of_one(m: Any) -> None:
    """X + 4 on, x <= 9; on = 1 would hold x to 2 and give 6."""
    m.x = pyo.Var(bounds=(0, 9))
    m.on = pyo.Var(domain=pyo.Binary)
    m.profit = pyo.Objective(expr=m.x + 4 * m.on, sense=pyo.maximize)


@case(needs=LINEAR | INTEGER | INDICATOR, objective=5.0, point={"x": 9.0, "on": 1.0}, indicators=_is_switched(0))
def indicator_of_zero(m: Any) -> None:
    """X - 4 on, x <= 9; on = 0 would hold x to 2 and give 2."""
    m.x = pyo.Var(bounds=(0, 9))
    m.on = pyo.Var(domain=pyo.Binary)
    m.profit = pyo.Objective(expr=m.x - 4 * m.on, sense=pyo.maximize)


@case(
    needs=NONLINEAR | INTEGER | INDICATOR,
    objective=6.0,
    point={"x": 2.0, "on": 1.0},
    indicators=lambda m: [Indicator(binary=m.on, active_value=1, body=m.x**2 - 4)],
)
def indicator_of_nonlinear_body(m: Any) -> None:
    """X + 4 on, x <= 5; on = 1 holds x^2 to 4: 2 + 4 against 5."""
    m.x = pyo.Var(bounds=(0, 5))
    m.on = pyo.Var(domain=pyo.Binary)
    m.profit = pyo.Objective(expr=m.x + 4 * m.on, sense=pyo.maximize)


@case(needs=LINEAR | INTEGER | INDICATOR, objective=2.0, point={"x": 2.0}, indicators=_is_switched(1))
def indicator_of_fixed_binary(m: Any) -> None:
    """The binary is fixed at 1, so x <= 2."""
    m.x = pyo.Var(bounds=(0, 9))
    m.on = pyo.Var(domain=pyo.Binary)
    m.on.fix(1)
    m.profit = pyo.Objective(expr=m.x, sense=pyo.maximize)
