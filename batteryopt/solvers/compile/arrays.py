"""A linear or quadratic model as arrays: minimise or maximise ``c0 + c'x + x'Qx/2`` over rows and bounds."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyomo.environ as pyo
import scipy.sparse as sp
from pyomo.common.gc_manager import PauseGC
from pyomo.repn.linear import LinearRepnVisitor
from pyomo.repn.quadratic import QuadraticRepnVisitor
from scipy.sparse.linalg import splu

from batteryopt.ground.errors import UnsupportedModel
from batteryopt.solvers.compile.components import Parts, numbers_required, parts_of

Floats = npt.NDArray[np.float64]

CONVEXITY_SHIFT = 1e-9
"""A Hessian counts as positive semidefinite if it is positive definite after adding this times its largest entry."""


@dataclass(frozen=True, kw_only=True)
class QuadraticProgram:
    """n columns and m rows; may be assembled without Pyomo, and then has no variables or constraints.

    Attributes
    ----------
    maximise
        The sense.
    c, c0, Q
        Linear costs (n), constant, and symmetric Hessian (n, n) of the objective ``c0 + c'x + x'Qx/2``.
    A, row_lower, row_upper
        Rows (m, n) and their bounds (m), infinite where there is none.
    lower, upper, is_integer
        Bounds and integrality of the columns (n).
    variables, constraints
        Pyomo data objects behind the columns and rows.
    model
        The Pyomo model they belong to, kept alive because they refer to it weakly only.
    """

    maximise: bool = False
    c: Floats
    c0: float = 0.0
    Q: sp.csc_array
    A: sp.csr_array
    row_lower: Floats
    row_upper: Floats
    lower: Floats
    upper: Floats
    is_integer: npt.NDArray[np.bool_]
    variables: Sequence[Any] = ()
    constraints: Sequence[Any] = ()
    model: Any = None

    @property
    def sign(self) -> float:
        """1 for a minimisation, -1 for a maximisation."""
        return -1.0 if self.maximise else 1.0

    @cached_property
    def is_quadratic(self) -> bool:
        """Whether the objective has a quadratic part."""
        return bool(self.Q.nnz)

    @cached_property
    def has_integers(self) -> bool:
        """Whether any column is integer."""
        return bool(self.is_integer.any())

    def objective(self, x: Floats) -> float:
        """Return the objective at a point (n)."""
        return float(self.c0 + self.c @ x + 0.5 * (x @ (self.Q @ x)))

    def violation(self, x: Floats) -> float:
        """Return the largest violation of a row or bound at a point, each relative to the size of its terms or 1."""
        activity = self.A @ x
        size = np.maximum(1.0, abs(self.A) @ abs(x))
        rows = np.maximum(self.row_lower - activity, activity - self.row_upper) / size
        bounds = np.maximum(self.lower - x, x - self.upper) / np.maximum(1.0, abs(x))
        return max(0.0, float(np.max(rows, initial=0.0)), float(np.max(bounds, initial=0.0)))

    def integrality_violation(self, x: Floats) -> float:
        """Return the largest distance of an integer column from an integer."""
        values = x[self.is_integer]
        return float(np.max(abs(values - np.round(values)), initial=0.0))

    def reduced_costs(self, x: Floats, row_duals: Floats) -> Floats:
        """Return ``c + Qx - A'y`` (n), the derivative of the objective by each column that the rows' duals leave."""
        return np.asarray(self.c + self.Q @ x - self.A.T @ row_duals, dtype=float)

    def duality_gap(self, x: Floats, row_duals: Floats) -> float:
        """Return how far the objective at a point may be from the optimum of a convex program, by weak duality.

        Each dual times the distance to the bound that its sign can bind, summed. Where there is no such bound the
        distance is taken as the size of the point there, or 1.
        """
        rows = _complementarity(self.sign * row_duals, self.A @ x, self.row_lower, self.row_upper)
        columns = _complementarity(self.sign * self.reduced_costs(x, row_duals), x, self.lower, self.upper)
        return rows + columns

    def relaxed(self) -> QuadraticProgram:
        """Return the program with no column held to integers."""
        return dataclasses.replace(self, is_integer=np.zeros(len(self.c), dtype=bool))

    def is_convex(self) -> bool:
        """Return whether the objective is convex (concave, when maximised), to `CONVEXITY_SHIFT`."""
        return not self.is_quadratic or is_positive_semidefinite(self.sign * self.Q)


def _complementarity(duals: Floats, values: Floats, lower: Floats, upper: Floats) -> float:
    bounds = np.where(duals > 0, lower, upper)
    no_bound = -np.sign(duals) * np.maximum(1.0, abs(values))
    distances = np.where(np.isfinite(bounds), values - np.where(np.isfinite(bounds), bounds, 0.0), -no_bound)
    return float(np.sum(abs(duals * distances)))


def is_positive_semidefinite(hessian: sp.csc_array) -> bool:
    """Return whether a symmetric matrix is positive semidefinite, by the signs of the pivots of its factorisation."""
    used = np.unique(hessian.nonzero()[0])
    if not len(used):
        return True
    core = sp.csc_array(hessian[used, :][:, used])
    if (core.diagonal() < 0).any():
        return False
    shift = CONVEXITY_SHIFT * float(abs(core).max())
    shifted = sp.csc_matrix(core + shift * sp.eye_array(len(used)))
    try:
        factors = splu(shifted, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True})
    except RuntimeError:  # exactly singular: some pivot is zero after the shift, so an eigenvalue is negative
        return False
    # Only for a positive definite matrix is every diagonal pivot positive, so that no rows were exchanged.
    return bool((factors.perm_r == factors.perm_c).all() and (factors.U.diagonal() > 0).all())


def compile_model(model: Any) -> QuadraticProgram:
    """Return the arrays of a Pyomo model with linear constraints and a linear or quadratic objective.

    Raises
    ------
    UnsupportedModel
        If a component is not of that form; names it.
    """
    return compile_parts(parts_of(model))


def compile_parts(parts: Parts) -> QuadraticProgram:
    """Return the arrays of a model's parts, as `compile_model` does."""
    if parts.sos:
        raise UnsupportedModel(f"a special ordered set cannot be written as arrays: '{parts.sos[0].name}'")
    columns = Columns(parts.variables)
    with PauseGC(), numbers_required(parts.name):
        A, row_lower, row_upper = linear_rows(parts.constraints, columns)
        c0, linear, quadratic = _objective(parts, columns)
    variables = columns.variables
    lower, upper = bounds_of(variables)
    return QuadraticProgram(
        maximise=parts.is_maximisation,
        c=_dense(linear, columns),
        c0=c0,
        Q=_hessian(quadratic, columns),
        A=sp.csr_array(A, shape=(len(parts.constraints), len(variables))),
        row_lower=row_lower,
        row_upper=row_upper,
        lower=lower,
        upper=upper,
        is_integer=np.fromiter((not v.is_continuous() for v in variables), bool, len(variables)),
        variables=variables,
        constraints=parts.constraints,
        model=parts.model,
    )


class Columns:
    """The columns in order: declared variables first, then those that expressions bring from outside the model.

    It is the variable recorder that Pyomo's visitors ask for: ``var_map``, ``var_order`` and ``add`` are its interface.
    """

    def __init__(self, variables: Iterable[Any]) -> None:
        self.var_map: dict[int, Any] = {id(v): v for v in variables}
        self.var_order: dict[int, int] = {key: i for i, key in enumerate(self.var_map)}

    def add(self, variable: Any) -> None:
        """Append a variable that was met for the first time."""
        self.var_map[id(variable)] = variable
        self.var_order[id(variable)] = len(self.var_order)

    @property
    def variables(self) -> tuple[Any, ...]:
        """The variables, a column each."""
        return tuple(self.var_map.values())


def bounds_of(variables: Sequence[Any]) -> tuple[Floats, Floats]:
    """Return lower and upper bounds, each of the variables' length, infinite where there is none."""
    pairs = [v.bounds for v in variables]
    lower = np.array([-np.inf if low is None else low for low, _ in pairs], dtype=float)
    upper = np.array([np.inf if high is None else high for _, high in pairs], dtype=float)
    return lower, upper


def linear_rows(constraints: Iterable[Any], columns: Columns) -> tuple[Any, Floats, Floats]:
    """Return ((data, indices, indptr), lower, upper) of constraints; constants of bodies move into the bounds.

    Raises
    ------
    UnsupportedModel
        If a constraint is not linear; names it.
    """
    visitor = LinearRepnVisitor({}, var_recorder=columns)
    index = columns.var_order
    data: list[float] = []
    indices: list[int] = []
    starts = [0]
    lower, upper = [], []
    for constraint in constraints:
        low, body, high = constraint.to_bounded_expression(evaluate_bounds=True)
        repn = visitor.walk_expression(body)
        if repn.nonlinear is not None:
            raise UnsupportedModel(f"constraint '{constraint.name}' is not linear")
        data.extend(repn.linear.values())
        indices.extend([index[key] for key in repn.linear])
        starts.append(len(data))
        constant = float(repn.constant)
        lower.append(-np.inf if low is None else low - constant)
        upper.append(np.inf if high is None else high - constant)
    rows = (np.array(data, dtype=float), np.array(indices, dtype=np.int32), np.array(starts, dtype=np.int32))
    return rows, np.array(lower, dtype=float), np.array(upper, dtype=float)


def _objective(parts: Parts, columns: Columns) -> tuple[float, dict[int, float], dict[tuple[int, int], float]]:
    if parts.objective is None:
        return 0.0, {}, {}
    repn = QuadraticRepnVisitor({}, var_recorder=columns).walk_expression(parts.objective.expr)
    if repn.nonlinear is not None:
        raise UnsupportedModel(f"objective '{parts.objective.name}' is neither linear nor quadratic")
    return float(repn.constant), repn.linear, repn.quadratic or {}


def _dense(linear: dict[int, float], columns: Columns) -> Floats:
    costs = np.zeros(len(columns.var_order))
    for key, coefficient in linear.items():
        costs[columns.var_order[key]] = coefficient
    return costs


def _hessian(quadratic: dict[tuple[int, int], float], columns: Columns) -> sp.csc_array:
    """Return the symmetric Hessian: a term ``q x_i x_j`` gives q to both (i, j) and (j, i), ``q x_i^2`` gives 2q."""
    size = len(columns.var_order)
    order = columns.var_order
    pairs = np.array([[order[i], order[j]] for i, j in quadratic], dtype=np.int32).reshape(-1, 2)
    values = np.fromiter(quadratic.values(), float, len(quadratic))
    half = sp.coo_array((values, (pairs[:, 0], pairs[:, 1])), shape=(size, size))
    hessian = sp.csc_array(half + half.T)
    hessian.eliminate_zeros()
    return hessian


def expression_value(objective: Any | None) -> float:
    """Return the objective's value where the model's variables stand; 0 without an objective."""
    return 0.0 if objective is None else float(pyo.value(objective.expr))
