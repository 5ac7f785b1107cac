"""Small linear problems of 1990 to 1996."""

from __future__ import annotations

import pyomo.environ as pyo

from batteryopt import bilevel

from .problem import Problem, tags
from .second_route import kth_best

SIGN_OF_X = [(-1, 0, 0)]


def ben_ayed_blair_a() -> pyo.ConcreteModel:
    """A knapsack of the leader's capacity; both levels maximise."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 1))
    m.follower = bilevel.Follower()
    m.follower.y = pyo.Var([1, 2], bounds=(0, None))
    y = m.follower.y
    m.follower.gain = pyo.Objective(expr=y[1] + 5 * y[2], sense=pyo.maximize)
    m.follower.a = pyo.Constraint(expr=m.x + 3 * y[1] + y[2] <= 5)
    m.follower.b = pyo.Constraint(expr=2 * m.x + y[1] + 3 * y[2] <= 5)
    m.gain = pyo.Objective(expr=1.5 * m.x + 6 * y[1] + y[2], sense=pyo.maximize)
    return m


def verify_ben_ayed_blair_a() -> float:
    rows = [(1, 3, 1, 5), (2, 1, 3, 5), (0, -1, 0, 0), (0, 0, -1, 0)]
    box = [(1, 0, 0, 1), (-1, 0, 0, 0)]
    return -kth_best([-1.5, -6, -1], [0, -1, -5], leaders=1, follower_rows=rows, leader_rows=box)


def ben_ayed_blair_b() -> pyo.ConcreteModel:
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, None))
    m.follower = bilevel.Follower()
    m.follower.y = pyo.Var(bounds=(0, None))
    y = m.follower.y
    m.follower.cost = pyo.Objective(expr=y)
    m.follower.a = pyo.Constraint(expr=4 * m.x + 3 * y >= 19)
    m.follower.b = pyo.Constraint(expr=m.x + 2 * y <= 11)
    m.follower.c = pyo.Constraint(expr=3 * m.x + y <= 13)
    m.gain = pyo.Objective(expr=m.x + y, sense=pyo.maximize)
    return m


def verify_ben_ayed_blair_b() -> float:
    rows = [(-4, -3, -19), (1, 2, 11), (3, 1, 13), (0, -1, 0)]
    return -kth_best([-1, -1], [0, 1], leaders=1, follower_rows=rows, leader_rows=SIGN_OF_X)


def haurie_savard_white() -> pyo.ConcreteModel:
    """No bounds at all; the follower pushes y up, which costs the leader five times as much."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var()
    m.follower = bilevel.Follower()
    m.follower.y = pyo.Var()
    y = m.follower.y
    m.follower.gain = pyo.Objective(expr=y, sense=pyo.maximize)
    m.follower.a = pyo.Constraint(expr=-3 * m.x + 2 * y <= 6)
    m.follower.b = pyo.Constraint(expr=3 * m.x + 4 * y <= 48)
    m.follower.c = pyo.Constraint(expr=2 * m.x - 5 * y <= 9)
    m.follower.d = pyo.Constraint(expr=m.x + y >= 8)
    m.cost = pyo.Objective(expr=m.x + 5 * y)
    return m


def verify_haurie_savard_white() -> float:
    rows = [(-3, 2, 6), (3, 4, 48), (2, -5, 9), (-1, -1, -8)]
    return kth_best([1, 5], [0, -1], leaders=1, follower_rows=rows)


def liu_hart() -> pyo.ConcreteModel:
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, None))
    m.follower = bilevel.Follower()
    m.follower.y = pyo.Var(bounds=(0, None))
    y = m.follower.y
    m.follower.cost = pyo.Objective(expr=y)
    m.follower.a = pyo.Constraint(expr=-m.x + y <= 3)
    m.follower.b = pyo.Constraint(expr=m.x + 2 * y <= 12)
    m.follower.c = pyo.Constraint(expr=4 * m.x - y <= 12)
    m.cost = pyo.Objective(expr=-m.x - 3 * y)
    return m


def verify_liu_hart() -> float:
    rows = [(-1, 1, 3), (1, 2, 12), (4, -1, 12), (0, -1, 0)]
    return kth_best([-1, -3], [0, 1], leaders=1, follower_rows=rows, leader_rows=SIGN_OF_X)


def tuy_1994() -> pyo.ConcreteModel:
    m = pyo.ConcreteModel()
    m.x = pyo.Var([1, 2], domain=pyo.NonNegativeReals)
    m.follower = bilevel.Follower()
    m.follower.y = pyo.Var([1, 2], domain=pyo.NonNegativeReals)
    x, y = m.x, m.follower.y
    m.total = pyo.Constraint(expr=pyo.summation(x) + pyo.summation(y) <= 4)
    m.follower.demand = pyo.Constraint(expr=3 * x[1] + 5 * x[2] + 6 * y[1] + 2 * y[2] >= 15)
    m.follower.cost = pyo.Objective(expr=4 * y[1] + y[2])
    m.cost = pyo.Objective(expr=3 * x[1] + 2 * x[2] + y[1] + y[2])
    return m


def verify_tuy_1994() -> float:
    rows = [(-3, -5, -6, -2, -15), (0, 0, -1, 0, 0), (0, 0, 0, -1, 0)]
    leader = [(1, 1, 1, 1, 4), (-1, 0, 0, 0, 0), (0, -1, 0, 0, 0)]
    return kth_best([3, 2, 1, 1], [0, 0, 4, 1], leaders=2, follower_rows=rows, leader_rows=leader)


MOSHIRVAZIRI_LEADER = [
    (-9, 3, -8, 3, 3, 0, -1),
    (4, -10, 3, 5, 8, 8, 25),
    (4, -2, -2, 10, -5, 8, 21),
    (9, -9, 4, -3, -1, -9, -1),
    (-2, -2, 8, -5, 5, 8, 20),
    (7, 2, -5, 4, -5, 0, 11),
]


def moshirvaziri() -> pyo.ConcreteModel:
    """Six leader's rows that all hold the follower's variables, in matrix form."""
    m = pyo.ConcreteModel()
    m.X, m.Y = pyo.RangeSet(4), pyo.RangeSet(2)
    m.x = pyo.Var(m.X, domain=pyo.NonNegativeReals)
    m.follower = bilevel.Follower()
    f = m.follower
    f.y = pyo.Var(m.Y, domain=pyo.NonNegativeReals)
    x, y = m.x, f.y

    def leader_row(model, r):
        *on_x, on_y1, on_y2, right = MOSHIRVAZIRI_LEADER[r]
        return sum(a * model.x[j] for j, a in zip(model.X, on_x, strict=True)) + on_y1 * y[1] + on_y2 * y[2] <= right

    m.rows = pyo.Constraint(range(6), rule=leader_row)
    f.a = pyo.Constraint(expr=-6 * x[1] + x[2] + x[3] - 3 * x[4] - 9 * y[1] - 7 * y[2] <= -15)
    f.leader_alone = pyo.Constraint(expr=4 * x[2] + 5 * x[3] + 10 * x[4] <= 26)
    f.b = pyo.Constraint(expr=-9 * x[1] + 9 * x[2] - 9 * x[3] + 5 * x[4] - 5 * y[1] - 4 * y[2] <= -5)
    f.c = pyo.Constraint(expr=5 * x[1] + 3 * x[2] + x[3] + 9 * x[4] + y[1] + 5 * y[2] <= 32)
    f.cost = pyo.Objective(expr=-9 * y[1] + 9 * y[2])
    m.cost = pyo.Objective(expr=-4 * x[1] + 8 * x[2] + x[3] - x[4] + 9 * y[1] - 9 * y[2])
    return m


def verify_moshirvaziri() -> float:
    rows = [
        (-6, 1, 1, -3, -9, -7, -15),
        (0, 4, 5, 10, 0, 0, 26),
        (-9, 9, -9, 5, -5, -4, -5),
        (5, 3, 1, 9, 1, 5, 32),
        (0, 0, 0, 0, -1, 0, 0),
        (0, 0, 0, 0, 0, -1, 0),
    ]
    leader = [
        (-9, 3, -8, 3, 3, 0, -1),
        (4, -10, 3, 5, 8, 8, 25),
        (4, -2, -2, 10, -5, 8, 21),
        (9, -9, 4, -3, -1, -9, -1),
        (-2, -2, 8, -5, 5, 8, 20),
        (7, 2, -5, 4, -5, 0, 11),
        *[(*(-1 if i == j else 0 for j in range(6)), 0) for i in range(4)],
    ]
    return kth_best([-4, 8, 1, -1, 9, -9], [0, 0, 0, 0, -9, 9], leaders=4, follower_rows=rows, leader_rows=leader)


PROBLEMS = (
    Problem(
        name="ben-ayed-blair-1990-knapsack",
        source="Ben-Ayed and Blair (1990), Computational difficulties of bilevel linear programming, Operations "
        "Research "
        "38(3), first example; BOLIB BenAyedBlair1990a",
        statement="max 1.5x + 6y1 + y2, 0 <= x <= 1; y maximises y1 + 5y2 with x + 3y1 + y2 <= 5, 2x + y1 + 3y2 <= 5, "
        "y >= 0",
        build=ben_ayed_blair_a,
        optimal_value=2.5,
        sense=pyo.maximize,
        verify=verify_ben_ayed_blair_a,
        tags=tags("lp-lp", "maximise"),
    ),
    Problem(
        name="ben-ayed-blair-1990-plane",
        source="Ben-Ayed and Blair (1990), Operations Research 38(3), second example; BOLIB BenAyedBlair1990b",
        statement="max x + y, x >= 0; y minimises itself with 4x + 3y >= 19, x + 2y <= 11, 3x + y <= 13, y >= 0",
        build=ben_ayed_blair_b,
        optimal_value=6.0,
        sense=pyo.maximize,
        verify=verify_ben_ayed_blair_b,
        tags=tags("lp-lp", "maximise"),
    ),
    Problem(
        name="haurie-savard-white-1990",
        source="Haurie, Savard and White (1990), A note on: An efficient point algorithm for a linear two-stage "
        "optimization problem, Operations Research 38(3); BOLIB HaurieSavardWhite1990",
        statement="min x + 5y; y maximises itself with -3x + 2y <= 6, 3x + 4y <= 48, 2x - 5y <= 9, x + y >= 8",
        build=haurie_savard_white,
        optimal_value=27.0,
        verify=verify_haurie_savard_white,
        tags=tags("lp-lp", "free-variables", "unbounded-leader-variable", "maximise"),
    ),
    Problem(
        name="liu-hart-1994",
        source="Liu and Hart (1994), Characterizing an optimal solution to the linear bilevel programming problem, "
        "European Journal of Operational Research 73; Handbook of Test Problems 9.2.3",
        statement="min -x - 3y, x >= 0; y minimises itself with y - x <= 3, x + 2y <= 12, 4x - y <= 12, y >= 0",
        build=liu_hart,
        optimal_value=-16.0,
        verify=verify_liu_hart,
        tags=tags("lp-lp"),
    ),
    Problem(
        name="tuy-1994",
        source="Tuy, Migdalas and Varbrand (1994), A quasiconcave minimization method for solving linear two-level "
        "programs, Journal of Global Optimization 4; BOLIB TuyEtal1994",
        statement="min 3x1 + 2x2 + y1 + y2 with x1 + x2 + y1 + y2 <= 4, x >= 0; y minimises 4y1 + y2 with "
        "3x1 + 5x2 + 6y1 + 2y2 >= 15, y >= 0",
        build=tuy_1994,
        optimal_value=6.0,
        verify=verify_tuy_1994,
        tags=tags("lp-lp", "leader-constraints"),
    ),
    Problem(
        name="moshirvaziri-1996",
        source="Moshirvaziri, Amouzegar and Jacobsen (1996), Test problem construction for linear bilevel programming "
        "problems, Journal of Global Optimization 8, the example with printed data",
        statement="min -4x1 + 8x2 + x3 - x4 + 9y1 - 9y2 under six rows on (x, y), x >= 0; y minimises 9y2 - 9y1 under "
        "four "
        "rows, y >= 0",
        build=moshirvaziri,
        optimal_value=15.40007,
        verify=verify_moshirvaziri,
        tags=tags("lp-lp", "leader-constraints", "indexed-constraints"),
        note="The printed point x = (1.57504, 0.83668, 0.188807, 2.17092), y = (1.88765, 0) costs 15.40002.",
    ),
)
