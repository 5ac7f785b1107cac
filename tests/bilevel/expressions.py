"""Random expressions in own variables y[1], y[2] and data x, and their numeric derivatives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyomo.environ as pyo
from hypothesis import strategies as st

NUMBERS = st.sampled_from([-2.0, -1.0, -0.5, 0.5, 1.0, 2.0, 3.0])
ENDS = st.sampled_from([-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0])


def point_model(draw: Callable[[Any], Any]) -> pyo.ConcreteModel:
    """A model with a point at which every expression here is smooth: all variables within [0.2, 2]."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0.1, 3), initialize=draw(st.floats(0.2, 2)))
    m.y = pyo.Var([1, 2], bounds=(0.1, 3))
    for i in (1, 2):
        m.y[i].set_value(draw(st.floats(0.2, 2)))
    return m


def boxed_model(draw: Callable[[Any], Any]) -> pyo.ConcreteModel:
    """A model whose variables live in random boxes, some of them on one side of zero."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var()
    m.y = pyo.Var([1, 2])
    for variable in (m.x, m.y[1], m.y[2]):
        ends = sorted((draw(ENDS), draw(ENDS)))
        variable.setlb(ends[0])
        variable.setub(ends[1] if ends[1] > ends[0] else ends[0] + 1)
        variable.set_value(variable.lb)
    return m


def expressions(m: pyo.ConcreteModel, leaves: int = 5) -> st.SearchStrategy[Any]:
    """Expressions that are smooth wherever all variables are positive."""
    smallest = st.one_of(st.sampled_from([m.y[1], m.y[2], m.x]), NUMBERS)
    return st.recursive(smallest, _grown, max_leaves=leaves)


def _grown(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    pair = st.tuples(inner, inner)
    return st.one_of(
        pair.map(lambda p: p[0] + p[1]),
        pair.map(lambda p: p[0] * p[1]),
        pair.map(lambda p: p[0] - p[1]),
        pair.map(lambda p: p[0] / (2 + p[1] ** 2)),
        inner.map(lambda e: e**2),
        inner.map(lambda e: (0.5 + e**2) ** 1.5),
        inner.map(lambda e: pyo.exp(0.3 * e)),
        inner.map(lambda e: pyo.log(1 + e**2)),
        inner.map(lambda e: pyo.sqrt(1 + e**2)),
        inner.map(lambda e: -e),
    )


def composed(m: pyo.ConcreteModel) -> st.SearchStrategy[Any]:
    """Expressions as users write convex ones, and near misses: the proofs succeed on some and must not on others."""
    affine = st.tuples(NUMBERS, NUMBERS, NUMBERS).map(lambda c: c[0] * m.y[1] + c[1] * m.y[2] + c[2])
    with_data = st.tuples(NUMBERS, NUMBERS).map(lambda c: c[0] * m.y[1] + c[1] * m.x)
    inner = st.one_of(affine, with_data, st.sampled_from([m.y[1], m.y[2]]))
    atoms = st.one_of(
        inner.map(lambda e: e**2),
        inner.map(lambda e: e**3),
        inner.map(lambda e: e**4),
        inner.map(lambda e: pyo.exp(e)),
        inner.map(lambda e: 1 / (3 + e)),
        inner.map(lambda e: pyo.log(9 + e)),
        inner.map(lambda e: pyo.sqrt(9 + e)),
        inner.map(lambda e: (9 + e) ** 1.5),
        inner.map(lambda e: pyo.sqrt(1 + e**2)),
        inner.map(lambda e: pyo.log(pyo.exp(e) + pyo.exp(m.y[2]))),
        inner.map(lambda e: m.y[1] ** 2 / (9 + e)),
        inner.map(lambda e: pyo.cosh(e)),
        inner.map(lambda e: pyo.tanh(e)),
        inner.map(lambda e: pyo.sin(e)),
        st.tuples(inner, inner).map(lambda p: p[0] * p[1]),
        st.tuples(inner, inner).map(lambda p: p[0] * (9 + p[1]) ** 0.5),
        st.just(m.x * m.y[1] ** 2),
        st.just(m.x * m.y[1] * m.y[2]),
        st.just((m.x + 2) * pyo.exp(m.y[1])),
    )
    weighted = st.tuples(st.sampled_from([-1.0, 0.5, 1.0, 4.0]), atoms).map(lambda p: p[0] * p[1])
    return st.lists(weighted, min_size=1, max_size=3).map(sum)


def numeric_gradient(value: Callable[[], float], variables: Sequence[Any], step: float = 1e-5) -> np.ndarray:
    """Central differences at the variables' values."""
    result = np.zeros(len(variables))
    for k, variable in enumerate(variables):
        middle = variable.value
        ends = []
        for sign in (1, -1):
            variable.set_value(middle + sign * step, skip_validation=True)
            ends.append(value())
        variable.set_value(middle, skip_validation=True)
        result[k] = (ends[0] - ends[1]) / (2 * step)
    return result
