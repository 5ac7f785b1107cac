"""Small linear problems of 2005 to 2009."""

from __future__ import annotations

import pyomo.environ as pyo

from batteryopt import bilevel

from .problem import Problem, tags
from .second_route import kth_best

SIGN_OF_X = [(-1, 0, 0)]


def wang_jiao_li() -> pyo.ConcreteModel:
    """Free follower's variables and an edge of equally good answers."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 1))
    m.follower = bilevel.Follower()
    m.follower.y = pyo.Var([1, 2])
    y = m.follower.y
    m.follower.gain = pyo.Objective(expr=y[1] + y[2], sense=pyo.maximize)
    m.follower.a = pyo.Constraint(expr=m.x + y[1] - y[2] <= 1)
    m.follower.b = pyo.Constraint(expr=y[1] + y[2] <= 1)
    m.gain = pyo.Objective(expr=100 * m.x + 1000 * y[1], sense=pyo.maximize)
    return m


def verify_wang_jiao_li() -> float:
    rows = [(1, 1, -1, 1), (0, 1, 1, 1)]
    box = [(1, 0, 0, 1), (-1, 0, 0, 0)]
    return -kth_best([-100, -1000, 0], [0, -1, -1], leaders=1, follower_rows=rows, leader_rows=box)


def lan_wen_shih_lee() -> pyo.ConcreteModel:
    m = pyo.ConcreteModel()
    m.x = pyo.Var(domain=pyo.NonNegativeReals)
    m.follower = bilevel.Follower()
    m.follower.y = pyo.Var(domain=pyo.NonNegativeReals)
    y = m.follower.y
    m.follower.cost = pyo.Objective(expr=m.x + 3 * y)
    m.follower.rows = pyo.ConstraintList()
    for row in (
        m.x - 2 * y <= 4,
        2 * m.x - y <= 24,
        3 * m.x + 4 * y <= 96,
        m.x + 7 * y <= 126,
        -4 * m.x + 5 * y <= 65,
        m.x + 4 * y >= 8,
    ):
        m.follower.rows.add(row)
    m.cost = pyo.Objective(expr=2 * m.x - 11 * y)
    return m


def verify_lan_wen_shih_lee() -> float:
    rows = [(1, -2, 4), (2, -1, 24), (3, 4, 96), (1, 7, 126), (-4, 5, 65), (-1, -4, -8), (0, -1, 0)]
    return kth_best([2, -11], [1, 3], leaders=1, follower_rows=rows, leader_rows=SIGN_OF_X)


def hu_huang_zhang() -> pyo.ConcreteModel:
    m = pyo.ConcreteModel()
    m.x = pyo.Var(domain=pyo.NonNegativeReals)
    m.follower = bilevel.Follower()
    m.follower.y = pyo.Var([1, 2], domain=pyo.NonNegativeReals)
    y = m.follower.y
    m.follower.gain = pyo.Objective(expr=m.x + 3 * y[1], sense=pyo.maximize)
    m.follower.a = pyo.Constraint(expr=m.x + y[1] + y[2] <= 25 / 9)
    m.follower.b = pyo.Constraint(expr=m.x + y[2] <= 2)
    m.follower.c = pyo.Constraint(expr=y[1] + y[2] <= 8 / 9)
    m.gain = pyo.Objective(expr=4 * m.x + y[1] + y[2], sense=pyo.maximize)
    return m


def verify_hu_huang_zhang() -> float:
    rows = [(1, 1, 1, 25 / 9), (1, 0, 1, 2), (0, 1, 1, 8 / 9), (0, -1, 0, 0), (0, 0, -1, 0)]
    return -kth_best([-4, -1, -1], [-1, -3, 0], leaders=1, follower_rows=rows, leader_rows=[(-1, 0, 0, 0)])


def glackin() -> pyo.ConcreteModel:
    """A leader's row on the leader's variables alone."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(["a", "b"], domain=pyo.NonNegativeReals)
    m.follower = bilevel.Follower()
    m.follower.y = pyo.Var(domain=pyo.NonNegativeReals)
    x, y = m.x, m.follower.y
    m.order = pyo.Constraint(expr=x["a"] <= x["b"] - 1)
    m.follower.gain = pyo.Objective(expr=y, sense=pyo.maximize)
    m.follower.one = pyo.Constraint(expr=x["a"] + x["b"] + y <= 4)
    m.follower.two = pyo.Constraint(expr=2 * x["a"] + 2 * x["b"] + y <= 6)
    m.cost = pyo.Objective(expr=-2 * x["a"] + 4 * x["b"] + 3 * y)
    return m


def verify_glackin() -> float:
    rows = [(1, 1, 1, 4), (2, 2, 1, 6), (0, 0, -1, 0)]
    leader = [(1, -1, 0, -1), (-1, 0, 0, 0), (0, -1, 0, 0)]
    return kth_best([-2, 4, 3], [0, 0, -1], leaders=2, follower_rows=rows, leader_rows=leader)


def mersha_dempe_one() -> pyo.ConcreteModel:
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, None))
    m.follower = bilevel.Follower()
    m.follower.y = pyo.Var(bounds=(0, None))
    y = m.follower.y
    m.follower.cost = pyo.Objective(expr=y)
    m.follower.a = pyo.Constraint(expr=5 * m.x - 2 * y <= 33)
    m.follower.b = pyo.Constraint(expr=m.x + 2 * y >= 9)
    m.follower.c = pyo.Constraint(expr=-7 * m.x + 3 * y <= 5)
    m.follower.d = pyo.Constraint(expr=m.x + y <= 15)
    m.cost = pyo.Objective(expr=m.x - 8 * y)
    return m


def verify_mersha_dempe_one() -> float:
    rows = [(5, -2, 33), (-1, -2, -9), (-7, 3, 5), (1, 1, 15), (0, -1, 0)]
    return kth_best([1, -8], [0, 1], leaders=1, follower_rows=rows, leader_rows=SIGN_OF_X)


def _mersha_dempe_two(*, coupling_is_the_leaders: bool) -> pyo.ConcreteModel:
    m = pyo.ConcreteModel()
    m.x = pyo.Var()
    m.follower = bilevel.Follower()
    m.follower.y = pyo.Var()
    y = m.follower.y
    owner = m if coupling_is_the_leaders else m.follower
    owner.roof = pyo.Constraint(expr=2 * m.x - 3 * y >= -12)
    owner.total = pyo.Constraint(expr=m.x + y <= 14)
    m.follower.gain = pyo.Objective(expr=y, sense=pyo.maximize)
    m.follower.left = pyo.Constraint(expr=y <= 3 * m.x - 3)
    m.follower.right = pyo.Constraint(expr=y <= 30 - 3 * m.x)
    m.gain = pyo.Objective(expr=m.x + 2 * y, sense=pyo.maximize)
    return m


def mersha_dempe_two() -> pyo.ConcreteModel:
    return _mersha_dempe_two(coupling_is_the_leaders=True)


def mersha_dempe_two_moved() -> pyo.ConcreteModel:
    return _mersha_dempe_two(coupling_is_the_leaders=False)


COUPLING = [(-2, 3, 12), (1, 1, 14)]
OWN_ROWS = [(-3, 1, -3), (3, 1, 30)]


def verify_mersha_dempe_two() -> float:
    return -kth_best([-1, -2], [0, -1], leaders=1, follower_rows=OWN_ROWS, leader_rows=COUPLING)


def verify_mersha_dempe_two_moved() -> float:
    return -kth_best([-1, -2], [0, -1], leaders=1, follower_rows=OWN_ROWS + COUPLING)


PROBLEMS = (
    Problem(
        name="wang-jiao-li-2005",
        source="Wang, Jiao and Li (2005), An evolutionary algorithm for solving nonlinear bilevel programming based on "
        "a new "
        "constraint-handling scheme, IEEE Transactions on Systems, Man and Cybernetics C 35(2); BOLIB WangJiaoLi2005",
        statement="max 100x + 1000y1, 0 <= x <= 1; y maximises y1 + y2 with x + y1 - y2 <= 1, y1 + y2 <= 1",
        build=wang_jiao_li,
        optimal_value=1000.0,
        sense=pyo.maximize,
        verify=verify_wang_jiao_li,
        tags=tags("lp-lp", "free-variables", "degenerate-follower", "maximise"),
        note="By hand: y1 + y2 = 1 and y1 - y2 <= 1 - x give y1 <= 1 - x/2, so the leader earns 1000 - 400x. The worst "
        "answer for the leader is unbounded, as y1 has no lower bound.",
    ),
    Problem(
        name="lan-wen-shih-lee-2007",
        source="Lan, Wen, Shih and Lee (2007), A hybrid neural network approach to bilevel programming problems, "
        "Applied "
        "Mathematics Letters 20; BOLIB LanWenShihLee2007",
        statement="min 2x - 11y, x >= 0; y minimises x + 3y with x - 2y <= 4, 2x - y <= 24, 3x + 4y <= 96, x + 7y <= "
        "126, "
        "-4x + 5y <= 65, x + 4y >= 8, y >= 0",
        build=lan_wen_shih_lee,
        optimal_value=-936 / 11,
        verify=verify_lan_wen_shih_lee,
        tags=tags("lp-lp"),
        note="-85.0909 = -936/11 at (192/11, 120/11), where 2x - y = 24 meets 3x + 4y = 96; printed -85.0855, rounded.",
    ),
    Problem(
        name="hu-huang-zhang-2009",
        source="Hu, Huang and Zhang (2009), A neural network based particle swarm optimization for the linear bilevel "
        "problem; BOLIB HuHuangZhang2009",
        statement="max 4x + y1 + y2, x >= 0; y maximises x + 3y1 with x + y1 + y2 <= 25/9, x + y2 <= 2, y1 + y2 <= "
        "8/9, "
        "y >= 0",
        build=hu_huang_zhang,
        optimal_value=79 / 9,
        sense=pyo.maximize,
        verify=verify_hu_huang_zhang,
        tags=tags("lp-lp", "maximise"),
        note="BOLIB prints 76/9, at x = 17/9, y1 = 8/9. At x = 2 the follower is left with y1 = 7/9, y2 = 0, and the "
        "leader "
        "has 8 + 7/9 = 79/9.",
    ),
    Problem(
        name="glackin-2009",
        source="Glackin, Ecker and Kupferschmid (2009), Solving bilevel linear programs using multiple objective "
        "linear "
        "programming, Journal of Optimization Theory and Applications 140; BOLIB GlackinEtal2009",
        statement="min -2x1 + 4x2 + 3y with x1 <= x2 - 1, x >= 0; y maximises itself with x1 + x2 + y <= 4, "
        "2x1 + 2x2 + y <= 6, y >= 0",
        build=glackin,
        optimal_value=6.0,
        verify=verify_glackin,
        tags=tags("lp-lp", "leader-constraints", "maximise"),
    ),
    Problem(
        name="mersha-dempe-2006-one",
        source="Mersha and Dempe (2006), Linear bilevel programming with upper level constraints depending on the "
        "lower level "
        "solution, Applied Mathematics and Computation 180, example 1, with all rows the follower's as in BOLIB",
        statement="min x - 8y, x >= 0; y minimises itself with 5x - 2y <= 33, x + 2y >= 9, -7x + 3y <= 5, x + y <= 15, "
        "y >= 0",
        build=mersha_dempe_one,
        optimal_value=-39.0,
        verify=verify_mersha_dempe_one,
        tags=tags("lp-lp"),
        note="BOLIB lists no value; (9, 6) is optimal: y = (5x - 33)/2 there, and -39 = 9 - 48.",
    ),
    Problem(
        name="mersha-dempe-2006-two",
        source="Mersha and Dempe (2006), Applied Mathematics and Computation 180, example 2",
        statement="max x + 2y with 2x - 3y >= -12, x + y <= 14 as the leader's rows; y maximises itself with y <= 3x - "
        "3, "
        "y <= 30 - 3x",
        build=mersha_dempe_two,
        optimal_value=20.0,
        sense=pyo.maximize,
        verify=verify_mersha_dempe_two,
        tags=tags("lp-lp", "leader-constraints", "disconnected", "free-variables", "maximise"),
    ),
    Problem(
        name="mersha-dempe-2006-two-moved",
        source="Mersha and Dempe (2006), Applied Mathematics and Computation 180, example 2 with the leader's rows "
        "moved to "
        "the follower",
        statement="the same with 2x - 3y >= -12 and x + y <= 14 as the follower's rows: another problem, another "
        "answer",
        build=mersha_dempe_two_moved,
        optimal_value=22.0,
        sense=pyo.maximize,
        verify=verify_mersha_dempe_two_moved,
        tags=tags("lp-lp", "free-variables", "maximise"),
    ),
)
