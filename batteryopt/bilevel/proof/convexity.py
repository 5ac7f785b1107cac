"""The convexity gate: a follower passes only where its convexity in its own variables is proven over the whole box.

Four proofs are tried on each function, the cheapest first: a constant Hessian without negative eigenvalue; the
composition rules of `bilevel.proof.curvature`; the corners of the box, where the Hessian is affine in the data;
the interval Hessian, with the box split where it is too wide.
Where none succeeds the follower is refused, with a point of negative curvature where one is found.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyomo.common.collections import ComponentMap, ComponentSet

from batteryopt.bilevel.problem.forms import OwnForm, own_form, variables_in
from batteryopt.bilevel.problem.normal_form import BilevelProblem, FollowerProblem
from batteryopt.bilevel.problem.refusals import UnsupportedFollower
from batteryopt.bilevel.problem.sizes import value_of
from batteryopt.bilevel.proof.curvature import curvature
from batteryopt.bilevel.proof.definiteness import is_positive
from batteryopt.bilevel.proof.known_of_functions import interval
from batteryopt.bilevel.proof.smoothness import refuse_nonsmooth

EVALUATION = 1e-8
"""Relative error of a second derivative that is evaluated at a point."""
SPLIT_BUDGET = 4096
"""Boxes the interval Hessian may be evaluated on for one function."""
SAMPLES = 200
"""Points at which a refused function is searched for negative curvature."""

MOST_CORNER_VARIABLES = 12
"""Data variables whose 2**n corners may be enumerated."""


@dataclass(frozen=True, kw_only=True)
class Conviction:
    """How a follower's convexity is known.

    Attributes
    ----------
    by
        One word a function: "affine", "constant-hessian", "composition", "vertex-hessians",
        "interval-hessian" or "assumed".
    """

    follower: str
    by: dict[str, str]


def prove(problem: BilevelProblem, *, assume_convex: bool = False) -> tuple[Conviction, ...]:
    """Prove every follower convex, or refuse.

    Parameters
    ----------
    assume_convex
        The user's word in place of a proof; recorded as "assumed" where no proof was found.

    Raises
    ------
    UnsupportedFollower
        If a function of a follower is not differentiable, or not proven convex (equalities: not affine).
    """
    return tuple(_prove_follower(follower, assume_convex) for follower in problem.followers)


def _prove_follower(follower: FollowerProblem, assume_convex: bool) -> Conviction:
    own = ComponentSet(follower.variables)
    by = {"objective": _prove_function("the objective", follower, follower.objective, own, assume_convex)}
    for row in (*follower.inequalities, *follower.equalities):
        if row.is_equality and not row.form.is_affine:
            if not assume_convex:
                raise UnsupportedFollower(
                    row.name,
                    f"follower '{follower.name}' has an equality that is not affine in its own variables, "
                    "so that its feasible set is not known to be convex",
                )
            by[row.name] = "assumed"
        else:
            by[row.name] = _prove_function(row.name, follower, row.form, own, assume_convex)
    return Conviction(follower=follower.name, by=by)


def _prove_function(name: str, follower: FollowerProblem, form: OwnForm, own: ComponentSet, assume_convex: bool) -> str:
    """Return how the function is known to be convex, or refuse the follower."""
    if form.is_affine:
        return "affine"
    refuse_nonsmooth(name, follower.name, form, own, is_objective=form is follower.objective)
    if form.has_constant_hessian:
        hessian = _matrix_of(form.hessian(), form)
        if is_positive(hessian):
            return "constant-hessian"
        if curvature(form.expression, own).is_convex:  # a sum of squares, which rounding has made indefinite
            return "composition"
        if not assume_convex:
            smallest = min(float(np.linalg.eigvalsh(hessian)[0]), float(np.diag(hessian).min()))
            raise UnsupportedFollower(
                follower.name,
                f"{name} is not convex in the follower's variables: its Hessian has the eigenvalue {smallest:.4g}",
            )
        return "assumed"
    if curvature(form.expression, own).is_convex:
        return "composition"
    if _affine_hessian_is_positive(form):
        return "vertex-hessians"
    if assume_convex:
        return "assumed"
    if _interval_hessian_is_positive(form):
        return "interval-hessian"
    raise UnsupportedFollower(follower.name, _reason_without_proof(name, form))


def _affine_hessian_is_positive(form: OwnForm) -> bool:
    """Whether a Hessian that is affine in bounded or half-bounded data is positive at every corner of the box.

    The positive semidefinite matrices are a convex cone, so that the corners, and the directions of unbounded sides,
    decide for the whole box: for such a Hessian the test is exact.
    """
    entries = {key: own_form(entry, variables_in([entry])) for key, entry in form.hessian().items()}
    data = list(variables_in(form.hessian().values()))
    if len(data) > MOST_CORNER_VARIABLES or not all(entry.is_affine for entry in entries.values()):
        return False
    constant = _matrix_of({key: entry.constant for key, entry in entries.items()}, form)
    slopes = [_matrix_of({key: entry.linear.get(v, 0.0) for key, entry in entries.items()}, form) for v in data]
    corners = []
    for variable, slope in zip(data, slopes, strict=True):
        if variable.lb is None and not is_positive(-slope):
            return False
        if variable.ub is None and not is_positive(slope):
            return False
        ends = {end for end in variable.bounds if end is not None} or {0.0}
        corners.append([end * slope for end in ends])
    return all(
        is_positive(constant + sum(corner), np.abs(constant) + sum(np.abs(part) for part in corner))
        for corner in itertools.product(*corners)
    )


def _matrix_of(entries: dict[tuple[int, int], float], form: OwnForm) -> NDArray[np.float64]:
    matrix = np.zeros((len(form.variables), len(form.variables)))
    for (i, j), value in entries.items():
        matrix[i, j] = matrix[j, i] = value
    return matrix


def _interval_hessian_is_positive(form: OwnForm) -> bool:
    """Whether every Hessian in the interval Hessian, on a cover of the box by smaller boxes, has no negative value."""
    entries = form.hessian()
    variables = list(variables_in(entries.values()))
    boxes = [tuple((-math.inf if v.lb is None else v.lb, math.inf if v.ub is None else v.ub) for v in variables)]
    has_end = all(math.isfinite(lo) and math.isfinite(up) for lo, up in boxes[0])
    budget = SPLIT_BUDGET if has_end else 1  # an unbounded side cannot be split to an end
    while boxes:
        if budget <= 0:
            return False
        budget -= 1
        box = boxes.pop()
        within = ComponentMap(zip(variables, box, strict=True))
        if not _is_positive(_interval_matrix(entries, len(form.variables), within)):
            if not variables or max(up - lo for lo, up in box) < 1e-6 or budget <= 0:
                return False
            boxes.extend(_split(box))
    return True


def _split(box: tuple[tuple[float, float], ...]) -> Iterator[tuple[tuple[float, float], ...]]:
    """Halve the widest side."""
    widest = max(range(len(box)), key=lambda k: box[k][1] - box[k][0])
    lower, upper = box[widest]
    middle = 0.5 * (lower + upper)
    for half in ((lower, middle), (middle, upper)):
        yield (*box[:widest], half, *box[widest + 1 :])


def _interval_matrix(entries: dict[tuple[int, int], Any], size: int, box: ComponentMap) -> NDArray[np.float64]:
    """Return the interval Hessian as an array of shape (2, size, size): lower and upper ends."""
    matrix = np.zeros((2, size, size))
    for (i, j), entry in entries.items():
        matrix[:, i, j] = matrix[:, j, i] = interval(entry, box)
    return matrix


def _is_positive(matrix: NDArray[np.float64]) -> bool:
    """Whether every symmetric matrix within the ends is positive semidefinite.

    Sufficient: diagonal dominance at the worst ends. Exact for small sizes: the sign vertices of Rohn's theorem
    (SIAM J. Matrix Anal. Appl. 15, 1994, 175-184), 2**(n-1) matrices.
    """
    lower, upper = matrix
    diagonal = np.diag(lower)
    magnitude = np.maximum(np.abs(lower), np.abs(upper))
    off_diagonal = np.where(np.eye(len(lower), dtype=bool), 0.0, magnitude).sum(axis=1)
    if np.all(diagonal >= off_diagonal):
        return True
    if not (np.isfinite(lower[~np.eye(len(lower), dtype=bool)]).all() and np.isfinite(diagonal).all()):
        return False
    size = len(diagonal)
    if size > 10 or not np.isfinite(upper[~np.eye(size, dtype=bool)]).all():
        return False
    centre, radius = 0.5 * (lower + upper), 0.5 * (upper - lower)
    np.fill_diagonal(centre, diagonal)
    np.fill_diagonal(radius, 0.0)
    for signs in itertools.product((1.0, -1.0), repeat=size - 1):
        s = np.array((1.0, *signs))
        if not is_positive(centre - radius * np.outer(s, s), magnitude):
            return False
    return True


def _reason_without_proof(name: str, form: OwnForm) -> str:
    """Say why the function is refused, with a point of negative curvature where sampling finds one."""
    found = _negative_curvature(form)
    if found is None:
        return (
            f"{name} could not be proven convex in the follower's variables over the box of all variables; "
            "tighten the bounds, or pass assume_convex=True if you know that it is"
        )
    value, point = found
    return f"{name} is not convex in the follower's variables: its Hessian has the eigenvalue {value:.4g} at {point}"


def _negative_curvature(form: OwnForm) -> tuple[float, str] | None:
    entries = form.hessian()
    variables = list(variables_in(entries.values()))
    before = [(v.value, v.stale) for v in variables]
    generator = np.random.default_rng(0)
    try:
        for k in range(SAMPLES):
            for variable in variables:  # corners and inner points in turn
                variable.set_value(_sample(variable, generator, at_end=k % 2 == 0), skip_validation=True)
            hessian = np.zeros((len(form.variables), len(form.variables)))
            for (i, j), entry in entries.items():
                hessian[i, j] = hessian[j, i] = value_of(entry)
            if not np.isfinite(hessian).all():
                continue
            if not is_positive(hessian, tolerance=EVALUATION):
                smallest = min(float(np.linalg.eigvalsh(hessian)[0]), float(np.diag(hessian).min()))
                return smallest, ", ".join(f"{v.name} = {v.value:.4g}" for v in variables)
        return None
    finally:
        for variable, (value, _) in zip(variables, before, strict=True):
            variable.set_value(value, skip_validation=True)


def _sample(variable: Any, generator: np.random.Generator, *, at_end: bool) -> float:
    lower = -10.0 if variable.lb is None else variable.lb
    upper = max(lower, 10.0 if variable.ub is None else variable.ub)
    if variable.lb is None and variable.ub is not None:
        lower = upper - 20.0
    elif variable.ub is None and variable.lb is not None:
        upper = lower + 20.0
    return float(generator.choice((lower, upper)) if at_end else generator.uniform(lower, upper))
