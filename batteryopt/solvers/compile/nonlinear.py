"""A smooth model as functions with exact sparse derivatives: written by Pyomo's NL writer, differentiated by CasADi."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from batteryopt.ground.errors import UnsupportedModel
from batteryopt.solvers.compile.components import Parts, numbers_required
from batteryopt.solvers.compile.nl_file import refuse_unreadable, write_plainly

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.integer]


class Evaluator:
    """A CasADi function called through fixed buffers: no conversion and no allocation but of the answer (k)."""

    def __init__(self, function: Any) -> None:
        self._arguments = [np.zeros(function.nnz_in(i)) for i in range(function.n_in())]
        self._result = np.zeros(function.nnz_out(0))
        self._buffer, self._trigger = function.buffer()
        for i, argument in enumerate(self._arguments):
            self._buffer.set_arg(i, argument.data)
        self._buffer.set_res(0, self._result.data)

    def __call__(self, *arguments: Floats) -> Floats:
        """Return the nonzeros of the function at its arguments, columns first."""
        for buffer, argument in zip(self._arguments, arguments, strict=True):
            buffer[:] = argument
        self._trigger()
        return self._result.copy()


@dataclass(frozen=True, kw_only=True)
class NonlinearProgram:
    """Minimise f(x) subject to ``row_lower <= g(x) <= row_upper`` and ``lower <= x <= upper``; n columns, m rows.

    A maximisation is held as the minimisation of -f (``sign`` is -1). Rows without a variable are left out of g and
    kept apart as ``constants``. The callbacks for an interior-point code are in `Callbacks`.

    Attributes
    ----------
    variables, constraints
        Pyomo data objects behind columns and rows.
    model
        The Pyomo model they belong to, kept alive because they refer to it weakly only.
    constants
        (value, lower, upper) of each row without variables.
    """

    sign: float
    variables: tuple[Any, ...]
    constraints: tuple[Any, ...]
    model: Any
    lower: Floats
    upper: Floats
    row_lower: Floats
    row_upper: Floats
    constants: tuple[Floats, Floats, Floats]
    callbacks: Callbacks

    def violation(self, x: Floats) -> float:
        """Return the largest violation of a row or bound at x (n), relative to the size of the value or 1."""
        rows = _outside(self.callbacks.constraints(x), self.row_lower, self.row_upper)
        return max(rows, _outside(x, self.lower, self.upper))

    def violation_of_constants(self) -> float:
        """Return the largest violation of a row without variables, relative to the size of its value or 1."""
        return _outside(*self.constants)


class Callbacks:
    """f, g and their derivatives under the names that cyipopt and its like call; x is (n), multipliers (m)."""

    def __init__(self, x: Any, f: Any, g: Any) -> None:
        import casadi

        factor, multipliers = casadi.SX.sym("factor"), casadi.SX.sym("multipliers", g.shape[0])
        jacobian = casadi.jacobian(g, x)
        hessian = casadi.tril(casadi.hessian(factor * f + casadi.dot(multipliers, g), x)[0])
        dense_gradient = casadi.densify(casadi.gradient(f, x))
        self._f = Evaluator(casadi.Function("f", [x], [casadi.densify(f)]))
        self._gradient = Evaluator(casadi.Function("gradient", [x], [dense_gradient]))
        self._g = Evaluator(casadi.Function("g", [x], [casadi.densify(g)]))
        self._jacobian = Evaluator(casadi.Function("jacobian", [x], [jacobian]))
        self._hessian = Evaluator(casadi.Function("hessian", [x, factor, multipliers], [hessian]))
        self._jacobian_structure = _structure(jacobian)
        self._hessian_structure = _structure(hessian)

    def objective(self, x: Floats) -> float:
        """Return f."""
        return float(self._f(x)[0])

    def gradient(self, x: Floats) -> Floats:
        """Return the gradient (n) of f."""
        return self._gradient(x)

    def constraints(self, x: Floats) -> Floats:
        """Return g (m)."""
        return self._g(x)

    def jacobianstructure(self) -> tuple[Indices, Indices]:
        """Return rows and columns of the nonzeros of g's Jacobian."""
        return self._jacobian_structure

    def jacobian(self, x: Floats) -> Floats:
        """Return the nonzeros of g's Jacobian."""
        return self._jacobian(x)

    def hessianstructure(self) -> tuple[Indices, Indices]:
        """Return rows and columns of the nonzeros of the lower triangle of the Lagrangian's Hessian."""
        return self._hessian_structure

    def hessian(self, x: Floats, multipliers: Floats, factor: float) -> Floats:
        """Return the nonzeros of the lower triangle of the Hessian of ``factor f + multipliers' g``."""
        return self._hessian(x, np.array([factor], dtype=float), multipliers)


def _outside(values: Floats, lower: Floats, upper: Floats) -> float:
    violations = np.maximum(lower - values, values - upper) / np.maximum(1.0, abs(values))
    return float(np.max(violations, initial=0.0))


def _structure(matrix: Any) -> tuple[Indices, Indices]:
    rows, columns = matrix.sparsity().get_triplet()
    return np.array(rows, dtype=np.int32), np.array(columns, dtype=np.int32)


def compile_nonlinear(parts: Parts) -> NonlinearProgram:
    """Return the model that has these parts as a `NonlinearProgram`.

    Raises
    ------
    UnsupportedModel
        If a function of the model has no derivatives or is not one that CasADi reads.
    """
    import casadi

    builder, variables, constraints = _read_by_casadi(parts)
    x = casadi.SX.sym("x", len(variables))
    f, g = _as_scalars(casadi, builder)(x)
    g_lower, g_upper = np.array(builder.g_lb, dtype=float), np.array(builder.g_ub, dtype=float)
    has_variables = np.zeros(len(constraints), dtype=bool)
    has_variables[_structure(casadi.jacobian(g, x))[0]] = True
    kept, constant = np.flatnonzero(has_variables), np.flatnonzero(~has_variables)
    return NonlinearProgram(
        sign=-1.0 if parts.is_maximisation else 1.0,
        variables=tuple(variables),
        constraints=tuple(constraints[int(i)] for i in kept),
        model=parts.model,
        lower=np.array(builder.x_lb, dtype=float),
        upper=np.array(builder.x_ub, dtype=float),
        row_lower=g_lower[kept],
        row_upper=g_upper[kept],
        constants=(_values(casadi, g, constant), g_lower[constant], g_upper[constant]),
        callbacks=Callbacks(x, f, g[kept.tolist()] if len(kept) else casadi.SX(0, 1)),
    )


def _read_by_casadi(parts: Parts) -> tuple[Any, Sequence[Any], Sequence[Any]]:
    """Return CasADi's builder with the variables and constraints in its order; nothing scaled, nothing presolved."""
    import casadi

    builder = casadi.NlpBuilder()
    with tempfile.TemporaryDirectory(prefix="batteryopt-") as folder:
        path = Path(folder) / "model.nl"
        with path.open("w", newline="\n") as stream, numbers_required(parts.name):
            info = write_plainly(parts.model, stream)
        refuse_unreadable(path.read_text(), parts)
        try:
            builder.import_nl(str(path), {"verbose": False})
        except RuntimeError as error:
            raise UnsupportedModel(f"CasADi cannot read model '{parts.name}': {error}") from error
    return builder, info.variables, info.constraints


def _as_scalars(casadi: Any, builder: Any) -> Any:
    """Return x -> (f, g) with scalar operations, which differentiate and run much faster than matrix ones."""
    rows = casadi.vertcat(*builder.g) if builder.g else casadi.MX(0, 1)
    objective = casadi.MX(0.0) if builder.f.is_empty() else builder.f
    return casadi.Function("model", [casadi.vertcat(*builder.x)], [objective, rows]).expand()


def _values(casadi: Any, g: Any, rows: Indices) -> Floats:
    return np.array([float(casadi.evalf(g[int(i)])) for i in rows])
