"""The linear problems of Candler and Townsley (1982), Bard and Falk (1982), Tuy (1993) and Savard (1989)."""

from __future__ import annotations

import pyomo.environ as pyo

from batteryopt import bilevel

from .problem import Problem, tags
from .second_route import kth_best


def _five_variables(sign_of_y3: int) -> pyo.ConcreteModel:
    """Return the region of Candler and Townsley with the leader's objective 4 y1 - 40 y2 + sign * 4 y3 - 8 x1 - 4 "
    "x2."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var([1, 2], bounds=(0, None))
    m.follower = bilevel.Follower()
    m.follower.y = pyo.Var([1, 2, 3], bounds=(0, None))
    x, y = m.x, m.follower.y
    m.follower.rows = pyo.Constraint(
        [1, 2, 3],
        rule=lambda b, i: {
            1: -y[1] + y[2] + y[3] <= 1,
            2: 2 * x[1] - y[1] + 2 * y[2] - y[3] / 2 <= 1,
            3: 2 * x[2] + 2 * y[1] - y[2] - y[3] / 2 <= 1,
        }[i],
    )
    m.follower.cost = pyo.Objective(expr=x[1] + 2 * x[2] + y[1] + y[2] + 2 * y[3])
    m.cost = pyo.Objective(expr=4 * y[1] - 40 * y[2] + sign_of_y3 * 4 * y[3] - 8 * x[1] - 4 * x[2])
    return m


FIVE_ROWS = [
    (0, 0, -1, 1, 1, 1),
    (2, 0, -1, 2, -0.5, 1),
    (0, 2, 2, -1, -0.5, 1),
    (0, 0, -1, 0, 0, 0),
    (0, 0, 0, -1, 0, 0),
    (0, 0, 0, 0, -1, 0),
]
FIVE_SIGNS = [(-1, 0, 0, 0, 0, 0), (0, -1, 0, 0, 0, 0)]


def candler_townsley() -> pyo.ConcreteModel:
    return _five_variables(-1)


def bard_falk_one() -> pyo.ConcreteModel:
    return _five_variables(+1)


def verify_candler_townsley() -> float:
    cost = [-8, -4, 4, -40, -4]
    return kth_best(cost, [1, 2, 1, 1, 2], leaders=2, follower_rows=FIVE_ROWS, leader_rows=FIVE_SIGNS)


def verify_bard_falk_one() -> float:
    cost = [-8, -4, 4, -40, 4]
    return kth_best(cost, [1, 2, 1, 1, 2], leaders=2, follower_rows=FIVE_ROWS, leader_rows=FIVE_SIGNS)


def slacks() -> pyo.ConcreteModel:
    """Candler and Townsley with the rows as equalities in matrix form and the slacks among the follower's variables."""
    m = pyo.ConcreteModel()
    m.I = pyo.RangeSet(3)
    m.x = pyo.Var([1, 2], domain=pyo.NonNegativeReals)
    m.follower = bilevel.Follower()
    f = m.follower
    f.y = pyo.Var(range(1, 7), domain=pyo.NonNegativeReals)
    on_y = {1: (-1, 1, 1, 1, 0, 0), 2: (-1, 2, -0.5, 0, 1, 0), 3: (2, -1, -0.5, 0, 0, 1)}
    on_x = {1: (0, 0), 2: (2, 0), 3: (0, 2)}
    f.balance = pyo.Constraint(
        m.I,
        rule=lambda b, i: (
            sum(on_y[i][j - 1] * b.y[j] for j in range(1, 7)) + sum(on_x[i][j - 1] * m.x[j] for j in (1, 2)) == 1
        ),
    )
    f.cost = pyo.Objective(expr=m.x[1] + 2 * m.x[2] + f.y[1] + f.y[2] + 2 * f.y[3])
    m.cost = pyo.Objective(expr=4 * f.y[1] - 40 * f.y[2] - 4 * f.y[3] - 8 * m.x[1] - 4 * m.x[2])
    return m


def savard() -> pyo.ConcreteModel:
    """A leader's constraint that holds the follower's variable."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var([1, 2], domain=pyo.NonNegativeReals)
    m.follower = bilevel.Follower()
    m.follower.y = pyo.Var([1, 2, 3], domain=pyo.NonNegativeReals)
    x, y = m.x, m.follower.y
    m.budget = pyo.Constraint(expr=x[1] + 2 * x[2] - y[3] <= 1.3)
    m.follower.a = pyo.Constraint(expr=-y[1] + y[2] + y[3] <= 1)
    m.follower.b = pyo.Constraint(expr=4 * x[1] - 2 * y[1] + 4 * y[2] - y[3] <= 2)
    m.follower.c = pyo.Constraint(expr=4 * x[2] + 4 * y[1] - 2 * y[2] - y[3] <= 2)
    m.follower.cost = pyo.Objective(expr=2 * y[1] + y[2] + 2 * y[3])
    m.cost = pyo.Objective(expr=-8 * x[1] - 4 * x[2] + 4 * y[1] - 40 * y[2] + 4 * y[3])
    return m


def verify_savard() -> float:
    rows = [
        (0, 0, -1, 1, 1, 1),
        (4, 0, -2, 4, -1, 2),
        (0, 4, 4, -2, -1, 2),
        (0, 0, -1, 0, 0, 0),
        (0, 0, 0, -1, 0, 0),
        (0, 0, 0, 0, -1, 0),
    ]
    budget = (1, 2, 0, 0, -1, 1.3)
    return kth_best(
        [-8, -4, 4, -40, 4], [0, 0, 2, 1, 2], leaders=2, follower_rows=rows, leader_rows=[budget, *FIVE_SIGNS]
    )


def _four_variables(*, leader_has_the_sum: bool) -> pyo.ConcreteModel:
    """Return Bard and Falk's second example; Tuy gives the row x1 + x2 <= 2 to the leader."""
    m = pyo.ConcreteModel()
    m.x1 = pyo.Var(bounds=(0, None))
    m.x2 = pyo.Var(bounds=(0, None))
    m.follower = bilevel.Follower()
    f = m.follower
    f.y1 = pyo.Var(bounds=(0, None))
    f.y2 = pyo.Var(bounds=(0, None))
    f.first = pyo.Constraint(expr=-2 * m.x1 + f.y1 - f.y2 <= -2.5)
    f.second = pyo.Constraint(expr=m.x1 - 3 * m.x2 + f.y2 <= 2)
    owner = m if leader_has_the_sum else f
    owner.third = pyo.Constraint(expr=m.x1 + m.x2 <= 2)
    f.gain = pyo.Objective(expr=4 * f.y1 - f.y2, sense=pyo.maximize)
    m.cost = pyo.Objective(expr=-2 * m.x1 + m.x2 + f.y1 / 2)
    return m


def bard_falk_two() -> pyo.ConcreteModel:
    return _four_variables(leader_has_the_sum=False)


def tuy_1993() -> pyo.ConcreteModel:
    return _four_variables(leader_has_the_sum=True)


FOUR_ROWS = [(-2, 0, 1, -1, -2.5), (1, -3, 0, 1, 2), (0, 0, -1, 0, 0), (0, 0, 0, -1, 0)]
FOUR_SIGNS = [(-1, 0, 0, 0, 0), (0, -1, 0, 0, 0)]


def verify_bard_falk_two() -> float:
    rows = [*FOUR_ROWS, (1, 1, 0, 0, 2)]
    return kth_best([-2, 1, 0.5, 0], [1, 1, -4, 1], leaders=2, follower_rows=rows, leader_rows=FOUR_SIGNS)


def verify_tuy_1993() -> float:
    signs = [*FOUR_SIGNS, (1, 1, 0, 0, 2)]
    return kth_best([-2, 1, 0.5, 0], [0, 0, -4, 1], leaders=2, follower_rows=FOUR_ROWS, leader_rows=signs)


PROBLEMS = (
    Problem(
        name="candler-townsley-1982",
        source="Candler and Townsley (1982), A linear two-level programming problem, Computers & Operations Research "
        "9(1); "
        "Handbook of Test Problems 9.2.4",
        statement="min 4y1 - 40y2 - 4y3 - 8x1 - 4x2, x >= 0; y minimises y1 + y2 + 2y3 with -y1 + y2 + y3 <= 1, "
        "2x1 - y1 + 2y2 - y3/2 <= 1, 2x2 + 2y1 - y2 - y3/2 <= 1, y >= 0",
        build=candler_townsley,
        optimal_value=-29.2,
        verify=verify_candler_townsley,
        tags=tags("lp-lp", "indexed-variables", "indexed-constraints"),
    ),
    Problem(
        name="candler-townsley-1982-slacks",
        source="Candler and Townsley (1982), with slack variables, as in the Handbook of Test Problems 9.2.4",
        statement="the same with three equalities and the slacks y4, y5, y6 >= 0 among the follower's variables",
        build=slacks,
        optimal_value=-29.2,
        verify=verify_candler_townsley,
        tags=tags("lp-lp", "equalities", "indexed-constraints"),
    ),
    Problem(
        name="bard-falk-1982-one",
        source="Bard and Falk (1982), An explicit solution to the multi-level programming problem, Computers & "
        "Operations "
        "Research 9(1), example 1; Handbook of Test Problems 9.2.8",
        statement="the problem of Candler and Townsley with + 4y3 in the leader's objective",
        build=bard_falk_one,
        optimal_value=-26.0,
        verify=verify_bard_falk_one,
        tags=tags("lp-lp", "indexed-variables", "indexed-constraints"),
    ),
    Problem(
        name="bard-falk-1982-two",
        source="Bard and Falk (1982), Computers & Operations Research 9(1), example 2; Handbook of Test Problems 9.2.9",
        statement="min -2x1 + x2 + y1/2, x >= 0; y maximises 4y1 - y2 with -2x1 + y1 - y2 <= -2.5, x1 - 3x2 + y2 <= 2, "
        "x1 + x2 <= 2, y >= 0",
        build=bard_falk_two,
        optimal_value=-3.25,
        verify=verify_bard_falk_two,
        tags=tags("lp-lp", "maximise"),
        note="The Handbook prints another point; -3.25 at x = (2, 0), y = (1.5, 0) is right: -4 + 0.75.",
    ),
    Problem(
        name="tuy-1993",
        source="Tuy, Migdalas and Varbrand (1993), A global optimization approach for the linear two-level program, "
        "Journal of Global Optimization 3; BOLIB TuyEtal1993",
        statement="Bard and Falk's second example with x1 + x2 <= 2 as the leader's",
        build=tuy_1993,
        optimal_value=-3.25,
        verify=verify_tuy_1993,
        tags=tags("lp-lp", "leader-constraints", "maximise"),
    ),
    Problem(
        name="savard-1989",
        source="Savard (1989), Contribution a la programmation mathematique a deux niveaux, thesis; BASBLib s_1989_01",
        statement="min -8x1 - 4x2 + 4y1 - 40y2 + 4y3 with x1 + 2x2 - y3 <= 1.3, x >= 0; y minimises 2y1 + y2 + 2y3 "
        "with "
        "-y1 + y2 + y3 <= 1, 4x1 - 2y1 + 4y2 - y3 <= 2, 4x2 + 4y1 - 2y2 - y3 <= 2, y >= 0",
        build=savard,
        optimal_value=-14.6,
        verify=verify_savard,
        tags=tags("lp-lp", "leader-constraints"),
    ),
)
