"""Smooth nonlinear programs and programs with complementarity, each solved on paper.

The answers need logarithms and roots, which are taken in fifty digits; what is violated is relative to the size of its
terms, or to 1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import pyomo.environ as pyo

from batteryopt.accuracy.digits import FIFTY, Number, exact
from batteryopt.accuracy.local_claims import LocalTrial
from batteryopt.accuracy.problem import AccuracyProblem, Evaluation, Point, Truth
from batteryopt.accuracy.problem_class import ProblemClass

QUICK = ("rosenbrock-2", "entropy-5", "either-or-1")
Vector = Sequence[Number]


@dataclass(frozen=True, kw_only=True, eq=False)
class PaperCase:
    """One program with its answer.

    Attributes
    ----------
    best
        The optimal x, in order.
    objective, excesses
        From x to its worth, and to how far each constraint is exceeded, relative to its terms.
    bounds
        Of every variable, where local claims are to be tried; None where the one optimum is all there is.
    """

    model: Any
    best: list[Number]
    objective: Callable[[Vector], Number]
    excesses: Callable[[Vector], list[Number]] = lambda _: []
    bounds: tuple[Number | None, Number | None] | None = None

    def truth(self) -> Truth:
        """Return the case as the benchmark wants it."""
        names = tuple(str(v.name) for v in self.model.component_data_objects(pyo.Var))
        trial = None
        if self.bounds is not None:
            trial = LocalTrial(leads=dict.fromkeys(names, self.bounds), answered=_as_it_is)

        def evaluate(point: Point) -> Evaluation:
            x = [point[name] for name in names]
            return Evaluation(objective=self.objective(x), violation=max([exact(0), *self.excesses(x)]))

        return Truth(
            variables=names,
            objective=self.objective(self.best),
            decisions=dict(zip(names, self.best, strict=True)),
            trial=trial,
            evaluate=evaluate,
        )


def problems(seed: int, quick: bool) -> Iterator[AccuracyProblem]:  # noqa: ARG001 (typed by hand: nothing is drawn)
    """Yield the cases, each at several sizes or degrees of hardship."""
    cases: list[tuple[str, str, int, Callable[[], PaperCase]]] = [
        *((f"rosenbrock-{n}", "curved-valley", n, partial(rosenbrock, n)) for n in (2, 10)),
        *((f"quartic-{n}", "flat-optimum", n, partial(quartic, n)) for n in (3, 30)),
        *((f"entropy-{n}", "entropy", n, partial(entropy, n)) for n in (5, 50, 500)),
        *((f"geometric-1e{k}", "spread-units", 7, partial(geometric, k)) for k in (0, 2, 4)),
        *((f"thin-exponential-1e-{k:02d}", "thin-constraint", 1, partial(thin, k)) for k in (3, 6, 9)),
        ("circle-and-logarithm", "equation", 2, circle),
        *((f"either-or-{n}", "complementarity", 2 * n, partial(either_or, n)) for n in (1, 5, 20)),
    ]
    for name, variant, size, make in (case for case in cases if not quick or case[0] in QUICK):
        yield AccuracyProblem(
            family="smooth-programs",
            name=name,
            variant=variant,
            size=size,
            kind=ProblemClass.MPEC.value if variant == "complementarity" else "",
            build=partial(_model_of, make),
            find_truth=partial(_truth_of, make),
        )


def _model_of(make: Callable[[], PaperCase]) -> Any:
    return make().model


def _truth_of(make: Callable[[], PaperCase]) -> Truth:
    return make().truth()


def _as_it_is(point: Point) -> Point:
    return point


def _over(excess: Number, *terms: Number) -> Number:
    return excess / max(1, *(abs(term) for term in terms))


def _columns(size: int, start: float, **bounds: Any) -> Any:
    m = pyo.ConcreteModel(name="smooth program")
    m.COLUMNS = pyo.RangeSet(0, size - 1)
    m.x = pyo.Var(m.COLUMNS, initialize=start, **bounds)
    return m


def rosenbrock(size: int) -> PaperCase:
    """Sum ``100 (x_{j+1} - x_j^2)^2 + (1 - x_j)^2``: 0 only where all are 1, down a curved valley from -1.2.

    With more than three columns there is another local optimum near (-1, 1, ..., 1).
    """

    def cost(x: Any) -> Any:
        return sum(100 * (x[j + 1] - x[j] ** 2) ** 2 + (1 - x[j]) ** 2 for j in range(size - 1))

    m = _columns(size, -1.2)
    m.cost = pyo.Objective(expr=cost(m.x))
    return PaperCase(model=m, best=[exact(1)] * size, objective=cost, bounds=(None, None) if size > 3 else None)


def quartic(size: int) -> PaperCase:
    """Sum ``(x_j - j)^4``: 0 at x_j = j, where the Hessian is 0; at 1e-12 a decision is still off by 1e-3."""

    def cost(x: Any) -> Any:
        return sum((x[j] - j) ** 4 for j in range(size))

    m = _columns(size, 0.5)
    m.cost = pyo.Objective(expr=cost(m.x))
    return PaperCase(model=m, best=[exact(j) for j in range(size)], objective=cost)


def entropy(size: int) -> PaperCase:
    """Sum ``x_j (log x_j - c_j)`` over shares that sum to 1, c from -10 to 10.

    The gradient ``log x_j + 1 - c_j`` is the same for all, so that the shares are in proportion to ``exp(c_j)``, and
    the objective is ``-log sum exp(c_j)``; it is strictly convex.
    """
    worth = [exact(20 * j) / (size - 1) - 10 for j in range(size)]
    doubles = [float(c) for c in worth]
    c = [exact(v) for v in doubles]

    def cost(x: Vector) -> Number:
        return FIFTY.fsum(v * (FIFTY.log(v) - d) if v > 0 else exact(0) for v, d in zip(x, c, strict=True))

    m = _columns(size, 1.0 / size, bounds=(0, 1))
    m.all = pyo.Constraint(expr=pyo.quicksum(m.x[j] for j in m.COLUMNS) == 1)
    m.cost = pyo.Objective(expr=pyo.quicksum(m.x[j] * (pyo.log(m.x[j]) - d) for j, d in enumerate(doubles)))
    total = FIFTY.fsum(FIFTY.exp(d) for d in c)
    return PaperCase(
        model=m,
        best=[FIFTY.exp(d) / total for d in c],
        objective=cost,
        excesses=lambda x: [abs(FIFTY.fsum(x) - 1), *(-v for v in x), *(v - 1 for v in x)],
    )


def geometric(power: int) -> PaperCase:
    """Least ``sum a_j x_j`` with ``sum log x_j >= 0``: means say ``n (a_1 ... a_n)^(1/n)``, where all terms are alike.

    The seven a_j go from 10^-k to 10^k.
    """
    doubles = [10.0 ** (power * (j - 3) / 3) for j in range(7)]
    a = [exact(v) for v in doubles]
    mean = FIFTY.exp(FIFTY.fsum(FIFTY.log(v) for v in a) / 7)

    def excesses(x: Vector) -> list[Number]:
        logs = [FIFTY.log(v) for v in x] if min(x) > 0 else [exact(-1)]
        return [_over(-FIFTY.fsum(logs), *logs), *(-v for v in x)]

    m = _columns(7, 1.0, bounds=(1e-9, None))
    m.product = pyo.Constraint(expr=pyo.quicksum(pyo.log(m.x[j]) for j in m.COLUMNS) >= 0)
    m.cost = pyo.Objective(expr=pyo.quicksum(v * m.x[j] for j, v in enumerate(doubles)))
    return PaperCase(
        model=m,
        best=[mean / v for v in a],
        objective=lambda x: FIFTY.fsum(v * w for v, w in zip(a, x, strict=True)),
        excesses=excesses,
    )


def thin(power: int) -> PaperCase:
    """Least x with ``exp(-x) <= 10^-k``: k log 10. A tolerance as large as the right side asks for much less."""
    side = exact(10.0**-power)
    m = _columns(1, 1.0, bounds=(0, 100))
    m.thin = pyo.Constraint(expr=pyo.exp(-m.x[0]) <= 10.0**-power)
    m.cost = pyo.Objective(expr=m.x[0])
    return PaperCase(
        model=m,
        best=[-FIFTY.log(side)],
        objective=lambda x: x[0],
        excesses=lambda x: [FIFTY.exp(-x[0]) - side, -x[0]],
    )


def circle() -> PaperCase:
    """Least ``log(1 + x^2) - y`` with ``(1 + x^2)^2 + y^2 = 4``: -sqrt 3, at (0, sqrt 3).

    With t = x^2, y is at most ``sqrt(4 - (1 + t)^2)``; both ``log(1 + t)`` and minus that root rise with t from 0 on.
    W. Hock and K. Schittkowski, "Test examples for nonlinear programming codes", 1981, problem 7.
    """
    m = _columns(2, 2.0)
    m.ring = pyo.Constraint(expr=(1 + m.x[0] ** 2) ** 2 + m.x[1] ** 2 == 4)
    m.cost = pyo.Objective(expr=pyo.log(1 + m.x[0] ** 2) - m.x[1])
    return PaperCase(
        model=m,
        best=[exact(0), FIFTY.sqrt(3)],
        objective=lambda x: FIFTY.log(1 + x[0] ** 2) - x[1],
        excesses=lambda x: [_over(abs((1 + x[0] ** 2) ** 2 + x[1] ** 2 - 4), (1 + x[0] ** 2) ** 2, x[1] ** 2)],
    )


def either_or(pairs: int) -> PaperCase:
    """Sum ``(u_j - 1)^2 + b_j (v_j - 1)^2`` over u, v >= 0 with ``u_j v_j <= 0``: one of each pair is 0.

    Each pair costs 1 at (0, 1) and b_j at (1, 0), so that the least is the sum of the smaller; all other choices are
    local optima, and (0, 0), where multipliers can be found, is none. No point satisfies the usual constraint
    qualification. b_j is 2 and 1/2 in turn.
    """
    weights = [2.0 if j % 2 == 0 else 0.5 for j in range(pairs)]

    def cost(x: Any) -> Any:
        return sum((x[2 * j] - 1) ** 2 + b * (x[2 * j + 1] - 1) ** 2 for j, b in enumerate(weights))

    m = _columns(2 * pairs, 0.7, bounds=(0, None))
    m.PAIRS = pyo.RangeSet(0, pairs - 1)
    m.one_is_zero = pyo.Constraint(m.PAIRS, rule=lambda m, j: m.x[2 * j] * m.x[2 * j + 1] <= 0)
    m.cost = pyo.Objective(expr=cost(m.x))

    def excesses(x: Vector) -> list[Number]:
        products = [_over(x[2 * j] * x[2 * j + 1], x[2 * j] * x[2 * j + 1]) for j in range(pairs)]
        return [*products, *(-v for v in x)]

    return PaperCase(
        model=m,
        best=[exact(v) for b in weights for v in ((0, 1) if b > 1 else (1, 0))],
        objective=cost,
        excesses=excesses,
        bounds=(exact(0), None),
    )
