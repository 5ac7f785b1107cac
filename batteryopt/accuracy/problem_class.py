"""What class a model is of, as solvers are named for: LP, MILP, QP, MIQP, NLP, MINLP, and bilevel."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Any

import pyomo.environ as pyo

from batteryopt.accuracy.problem import AccuracyProblem
from batteryopt.bilevel import Follower


class ProblemClass(enum.StrEnum):
    """By the highest power and whether anything is whole; games with followers are a class of their own."""

    LP = "LP"
    MILP = "MILP"
    QP = "QP"
    MIQP = "MIQP"
    NLP = "NLP"
    MINLP = "MINLP"
    MPEC = "MPEC"
    """With complementarity as products, which only who made the model can tell from others."""
    BILEVEL = "bilevel"


@dataclass(frozen=True)
class ProblemShape:
    """What a model is, before anybody solves it."""

    kind: ProblemClass
    rows: int
    columns: int


def class_of_problem(problem: AccuracyProblem) -> ProblemClass:
    """Return the class that a problem says it is of, or that its model is."""
    return ProblemClass(problem.kind) if problem.kind else class_of(problem.build(), problem.levels)


def shape_of(model: Any, levels: int = 1, kind: str = "") -> ProblemShape:
    """Return class, number of constraints and number of variables of a model, its followers' included."""
    inside = (pyo.Block, Follower)
    rows = sum(1 for _ in model.component_data_objects(pyo.Constraint, active=True, descend_into=inside))
    columns = sum(1 for _ in model.component_data_objects(pyo.Var, active=True, descend_into=inside))
    return ProblemShape(ProblemClass(kind) if kind else class_of(model, levels), rows, columns)


def class_of(model: Any, levels: int = 1) -> ProblemClass:
    """Return the class of a model; a product in a constraint makes it quadratic, as one in the objective does."""
    if levels > 1:
        return ProblemClass.BILEVEL
    parts = (*model.component_data_objects(pyo.Objective, active=True),)
    rows = (*model.component_data_objects(pyo.Constraint, active=True),)
    degrees = [part.expr.polynomial_degree() for part in parts] + [row.body.polynomial_degree() for row in rows]
    is_whole = any(not v.fixed and not v.is_continuous() for v in model.component_data_objects(pyo.Var, active=True))
    if any(degree is None or degree > 2 for degree in degrees):
        return ProblemClass.MINLP if is_whole else ProblemClass.NLP
    if any(degree == 2 for degree in degrees):
        return ProblemClass.MIQP if is_whole else ProblemClass.QP
    return ProblemClass.MILP if is_whole else ProblemClass.LP
