"""The leader's objective without products, where the followers' optimality conditions say what these are worth.

At every answer of the followers some products are zero: an own variable times its stationarity condition, a multiplier
times its row. They may be added to the leader's objective in any amounts without changing its value there. Summed over
a follower they are strong duality; one by one they turn a toll times a flow, a price times a plant's output, or the
length of the shortest way under interdiction into linear terms, as one does by hand for each of these (Labbe, Marcotte
and Savard 1998; Ruiz and Conejo 2009; Israeli and Wood 2002). Which amounts remove the products is a linear system.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from pyomo.repn.quadratic import QuadraticRepnVisitor
from scipy.sparse.linalg import lsqr

from batteryopt.bilevel.kkt.single_level import KktSystem
from batteryopt.bilevel.problem.normal_form import FollowerProblem
from batteryopt.solvers.compile.arrays import Columns, is_positive_semidefinite

EXACTLY = 1e-11
"""What may be left of a product's coefficient, relative to the largest: the rounding of sums, nothing else."""
DIGITS = 9
"""Amounts are ratios of the model's own numbers; rounded to so many digits they are mostly exact."""

AMOUNTS = (1.0, -1.0, 0.5, 2.0, -0.5, -2.0)
"""Multiples of strong duality that are tried on an objective that is not convex."""

Product = tuple[int, int]
IsAllowed = Callable[[Any, Any], bool]
"""Whether a product of two variables may stay in the objective."""


@dataclass(frozen=True, kw_only=True)
class QuadraticForm:
    """An expression of degree two: constant, linear coefficients by ``id`` and products by two ids, variables by id."""

    constant: float
    linear: dict[int, float]
    products: dict[Product, float]
    variables: dict[int, Any]

    @classmethod
    def of(cls, expression: Any) -> QuadraticForm | None:
        """Return the form; None where the expression is of another kind."""
        columns = Columns(())
        repn = QuadraticRepnVisitor({}, var_recorder=columns).walk_expression(expression)
        if repn.nonlinear is not None:
            return None
        products: dict[Product, float] = {}
        for (one, other), coefficient in (repn.quadratic or {}).items():
            key = (min(one, other), max(one, other))
            products[key] = products.get(key, 0.0) + coefficient
        return cls(
            constant=float(repn.constant), linear=dict(repn.linear), products=products, variables=columns.var_map
        )

    def expression(self) -> Any:
        """Return it as a Pyomo expression."""
        terms = [c * self.variables[key] for key, c in self.linear.items() if c]
        terms.extend(c * self.variables[i] * self.variables[j] for (i, j), c in self.products.items() if c)
        return self.constant + sum(terms)

    def plus(self, others: list[tuple[float, QuadraticForm]], scale: float) -> QuadraticForm:
        """Return the sum with multiples of others; products within rounding of zero, on `scale`, are gone."""
        constant, linear, products, variables = self.constant, dict(self.linear), dict(self.products), self.variables
        for amount, other in others:
            constant += amount * other.constant
            variables = variables | other.variables
            for key, coefficient in other.linear.items():
                linear[key] = linear.get(key, 0.0) + amount * coefficient
            for pair, coefficient in other.products.items():
                products[pair] = products.get(pair, 0.0) + amount * coefficient
        products = {key: c for key, c in products.items() if abs(c) > EXACTLY * scale}
        return QuadraticForm(constant=constant, linear=linear, products=products, variables=variables)

    def is_convex(self, sense: int) -> bool:
        """Whether it is convex, in all its variables together (concave, where ``sense`` is -1)."""
        position = {key: k for k, key in enumerate(dict.fromkeys(i for pair in self.products for i in pair))}
        if not position:
            return True
        rows, columns = ([position[pair[side]] for pair in self.products] for side in (0, 1))
        half = sp.coo_array((list(self.products.values()), (rows, columns)), shape=(len(position), len(position)))
        return is_positive_semidefinite(sp.csc_array(sense * (half + half.T)))


def convexified(system: KktSystem) -> QuadraticForm | None:
    """Return a convex form that equals the leader's objective at every answer; None where none is found.

    What is added is a multiple of all followers' strong duality, primal less dual value, which is zero there. For a
    leader ahead of Cournot firms it makes ``(a - x - sum y) x`` concave, which a global search then need not branch on.
    """
    objective, sense = QuadraticForm.of(system.model.objective.expr), system.problem.sense
    if objective is None or objective.is_convex(sense):
        return objective
    gaps = []
    for i, follower in enumerate(system.problem.followers):
        gap = QuadraticForm.of(duality_gap(system.model.kkt[i], follower)) if follower.objective.is_quadratic else None
        if gap is None or not follower.has_affine_rows:
            return None
        gaps.append(gap)
    scale = max(abs(c) for c in objective.products.values())
    tried = (objective.plus([(sense * amount, gap) for gap in gaps], scale) for amount in AMOUNTS)
    return next((form for form in tried if form.is_convex(sense)), None)


def duality_gap(block: Any, follower: FollowerProblem) -> Any:
    """Return primal minus dual value of a follower with affine rows, as an expression."""
    primal = sum(derivative * variable for variable, derivative in follower.objective.gradient().items())
    dual = sum(block.multiplier[k] * row.form.constant for k, row in enumerate(follower.inequalities)) + sum(
        block.equality_multiplier[j] * row.form.constant for j, row in enumerate(follower.equalities)
    )
    return primal - dual


def vanishing_products(system: KktSystem) -> Iterator[Any]:
    """Yield expressions that are zero wherever the followers' optimality conditions hold."""
    for i, follower in enumerate(system.problem.followers):
        block = system.model.kkt[i]
        for k, variable in enumerate(follower.variables):
            if k in block.stationarity:
                yield variable * block.stationarity[k].body
        for k, row in enumerate(follower.inequalities):
            yield block.multiplier[k] * row.form.expression
        for k, row in enumerate(follower.equalities):
            if not block.equality_multiplier[k].fixed:
                yield block.equality_multiplier[k] * row.form.expression


def without_products(system: KktSystem, is_allowed: IsAllowed = lambda _, __: False) -> QuadraticForm | None:
    """Return a form that equals the leader's objective at every answer and has no products but those allowed.

    None where there is no such form, or none was found. Fritz John conditions are not for it: their multipliers are
    relative to a weight.
    """
    objective = QuadraticForm.of(system.model.objective.expr)
    if objective is None:
        return None
    known = dict(objective.variables)
    if all(is_allowed(known[i], known[j]) for i, j in objective.products):
        return objective
    found = [form for form in map(QuadraticForm.of, vanishing_products(system)) if form is not None and form.products]
    for form in found:
        known.update(form.variables)
    amounts = _amounts(objective, found, lambda key: not is_allowed(known[key[0]], known[key[1]]))
    scale = max(abs(c) for c in objective.products.values())
    used = [(float(amount), form) for amount, form in zip(amounts, found, strict=True) if amount]
    result = objective.plus(used, scale)
    left = [key for key in result.products if not is_allowed(result.variables[key[0]], result.variables[key[1]])]
    return None if left else result


def _amounts(
    objective: QuadraticForm, found: list[QuadraticForm], is_unwanted: Callable[[Product], bool]
) -> np.ndarray:
    """Return how much of each vanishing form to add, so that unwanted products cancel as far as they can."""
    rows: dict[Product, int] = {}
    entries: list[tuple[int, int, float]] = []
    for column, form in enumerate(found):
        for key, coefficient in form.products.items():
            if is_unwanted(key):
                entries.append((rows.setdefault(key, len(rows)), column, coefficient))
    target = {rows.setdefault(key, len(rows)): -c for key, c in objective.products.items() if is_unwanted(key)}
    if not entries:
        return np.zeros(len(found))
    r, c, values = (np.array(part) for part in zip(*entries, strict=True))
    matrix = sp.csr_array(sp.coo_array((values, (r, c)), shape=(len(rows), len(found))))
    right = np.zeros(len(rows))
    right[list(target)] = list(target.values())
    amounts = lsqr(matrix, right, atol=1e-15, btol=1e-15, conlim=0, iter_lim=20 * max(matrix.shape))[0]
    rounded = np.round(amounts, DIGITS)
    is_better = np.abs(matrix @ rounded - right).max() <= np.abs(matrix @ amounts - right).max()
    return np.asarray(rounded if is_better else np.where(np.abs(amounts) < EXACTLY, 0.0, amounts))
