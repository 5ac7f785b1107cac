"""A leader who decides on integers, rows with coefficients in the tens: `milp` against the enumeration of decisions.

HiGHS once cut off the optimum of Moore and Bard's problem, whose multiplier is exactly as large as its limit.
"""

from __future__ import annotations

import numpy as np
import pyomo.environ as pyo
import pytest
from scipy.optimize import linprog

from batteryopt import bilevel

TOP, SIZE, ROWS = 8, 2, 4


class Drawn:
    """Leader min c x + d y, x integer in [0, TOP]; follower min e y over A y + a x <= b, 0 <= y."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.c, self.d = int(rng.integers(-5, 6)), rng.integers(-10, 11, SIZE)
        self.e = rng.integers(-5, 6, SIZE)
        self.A, self.a = rng.integers(-10, 26, (ROWS, SIZE)), rng.integers(-25, 11, ROWS)
        self.A[0], self.a[0] = rng.integers(1, 3, SIZE), 1  # so that y is limited
        inside = rng.integers(0, 3, SIZE)
        self.b = self.A @ inside + np.maximum(self.a, 0) * TOP + rng.integers(0, 10, ROWS)

    def model(self) -> pyo.ConcreteModel:
        m = pyo.ConcreteModel()
        m.x = pyo.Var(domain=pyo.Integers, bounds=(0, TOP))
        m.f = bilevel.Follower()
        m.f.y = pyo.Var(range(SIZE), bounds=(0, None))
        m.f.row = pyo.Constraint(
            range(ROWS),
            rule=lambda f, k: (
                sum(int(self.A[k, i]) * f.y[i] for i in range(SIZE)) + int(self.a[k]) * m.x <= int(self.b[k])
            ),
        )
        m.f.cost = pyo.Objective(expr=sum(int(self.e[i]) * m.f.y[i] for i in range(SIZE)))
        m.cost = pyo.Objective(expr=self.c * m.x + sum(int(self.d[i]) * m.f.y[i] for i in range(SIZE)))
        return m

    def optimum(self) -> float:
        """Return the best over all decisions of the follower's answers that the leader likes best."""
        values = []
        for x in range(TOP + 1):
            right = self.b - self.a * x
            best = linprog(self.e, A_ub=self.A, b_ub=right)
            if best.status == 0:
                rows, limits = np.vstack([self.A, self.e]), np.append(right, best.fun + 1e-9)
                values.append(self.c * x + linprog(self.d, A_ub=rows, b_ub=limits).fun)
        return float(min(values))


@pytest.mark.parametrize("seed", range(40))
def test_milp_equals_enumeration(seed: int) -> None:
    drawn = Drawn(seed)
    answer = bilevel.solve(drawn.model(), method="milp")
    assert answer.is_optimal
    assert answer.objective == pytest.approx(drawn.optimum(), rel=1e-6, abs=1e-5)
