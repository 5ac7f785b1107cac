"""The references that are proven in rational numbers, each against a second route that knows nothing of the first."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pyomo.environ as pyo
import pytest

from batteryopt.accuracy.accuracy_run import judge_run
from batteryopt.accuracy.digits import NoReference, exact
from batteryopt.accuracy.families import (
    box_programs,
    degenerate_lp,
    integer_systems,
    lot_sizing,
    network_flow,
    newsvendor,
    smooth_programs,
    whole_numbers,
)
from batteryopt.accuracy.families import (
    narrow_margins as margins,
)
from batteryopt.accuracy.problem import ProblemKind
from batteryopt.accuracy.rational_proofs import (
    RationalProgram,
    truth_of_infeasible,
    truth_of_plan,
    truth_of_proof,
    truth_of_unbounded,
)
from batteryopt.ground.status import PointStatus, StopReason
from tests.accuracy.liars import Teller


def best_vertex(model: pyo.ConcreteModel) -> Fraction:
    """Return the best vertex of a program ``Ax <= b, x >= 0``, by trying every choice of n sides that may be met."""
    program = RationalProgram(model)
    size = len(program.names)
    rows = [[int(i == j) for j in range(size)] for i in range(size)]
    sides = [Fraction(0)] * size
    for row, (_, high) in zip(program.program.A.toarray().tolist(), program.row_sides(), strict=True):
        rows.append([Fraction(v) for v in row])
        sides.append(Fraction(high))
    values = []
    for chosen in itertools.combinations(range(len(rows)), size):
        try:
            x = integer_systems.solved([rows[i] for i in chosen], [sides[i] for i in chosen])
        except ZeroDivisionError:
            continue
        if all(v >= 0 for v in x) and all(
            sum(a * v for a, v in zip(row, x, strict=True)) <= side
            for row, side in zip(rows[size:], sides[size:], strict=True)
        ):
            values.append(program.objective(x))
    return max(values) if program.program.maximise else min(values)


@pytest.mark.parametrize(
    ("model", "truth"),
    [
        (degenerate_lp.klee_minty(3), degenerate_lp._cube_truth(3)),
        (degenerate_lp.klee_minty(4), degenerate_lp._cube_truth(4)),
        (degenerate_lp.beale(0), degenerate_lp._beale_truth(0)),
        (degenerate_lp.beale(1), degenerate_lp._beale_truth(1)),
    ],
)
def test_the_best_of_all_vertices(model, truth):
    assert best_vertex(model) == Fraction(int(truth.objective * 4), 4)


def cheapest_flow(network: network_flow.Echelons) -> int:
    """Return the least cost by cheapest augmenting paths (Bellman and Ford), unit by unit along each."""
    capacity: dict[tuple[int, int], float] = {}
    cost: dict[tuple[int, int], int] = {}
    source, sink = -1, -2
    for (i, j), c in network.costs.items():
        capacity[i, j], capacity[j, i] = math.inf, 0
        cost[i, j], cost[j, i] = c, -c
    for place, supply in network.supplies.items():
        ends = (source, place) if supply > 0 else (place, sink)
        capacity[ends], capacity[ends[::-1]] = abs(supply), 0
        cost[ends] = cost[ends[::-1]] = 0
    total = 0
    while True:
        dear: dict[int, float] = {source: 0}
        before: dict[int, int] = {}
        for _ in range(len(network.supplies) + 2):
            for (i, j), room in capacity.items():
                if room > 0 and i in dear and dear[i] + cost[i, j] < dear.get(j, math.inf):
                    dear[j], before[j] = dear[i] + cost[i, j], i
        if sink not in dear:
            return total
        path, place = [], sink
        while place != source:
            path.append((before[place], place))
            place = before[place]
        amount = min(capacity[arc] for arc in path)
        for i, j in path:
            capacity[i, j] -= amount
            capacity[j, i] += amount
            total += int(amount) * cost[i, j]


@pytest.mark.parametrize("layers", network_flow.QUICK)
@pytest.mark.parametrize("seed", [0, 5])
def test_flows_by_cheapest_paths(layers, seed):
    network = network_flow.random_echelons(layers, seed)
    assert cheapest_flow(network) == network_flow._truth(layers, seed).objective


@pytest.mark.parametrize("seed", range(4))
def test_the_quantile_by_trying_every_amount(seed):
    """Between two demands the profit is linear, so that some demand is best."""
    futures = newsvendor.random_futures(30, seed)
    total = sum(futures.weights)
    profits = [
        sum(futures.price * w * min(x, d) for d, w in zip(futures.demands, futures.weights, strict=True))
        - futures.cost * total * x
        for x in (0, *futures.demands)
    ]
    model, truth = newsvendor.build(30, seed), newsvendor._truth(30, seed)
    assert truth.objective == max(profits)
    assert truth.decisions["bought"] == futures.quantile
    assert model.profit.sense == pyo.maximize


def test_hilbert_s_solution_by_the_formula_of_its_inverse():
    """The entry of the inverse: (-1)^(i+j) (i+j+1) C(n+i, n-j-1) C(n+j, n-i-1) C(i+j, i)^2, all whole."""
    n = 7
    multiple = math.lcm(*range(1, 2 * n))
    rows, chosen = integer_systems.matrix("hilbert", n), integer_systems.solution(n)
    right = [sum(a * v for a, v in zip(row, chosen, strict=True)) for row in rows]
    for i in range(n):
        entries = [
            (-1) ** (i + j)
            * (i + j + 1)
            * math.comb(n + i, n - j - 1)
            * math.comb(n + j, n - i - 1)
            * math.comb(i + j, i) ** 2
            for j in range(n)
        ]
        assert sum(Fraction(e * b, multiple) for e, b in zip(entries, right, strict=True)) == chosen[i]


def test_vandermonde_s_determinant_is_the_product_of_differences():
    """So it is regular: with nodes 1, 2, 3 it is (2-1)(3-1)(3-2) = 2, and the elimination finds what was chosen."""
    assert integer_systems.matrix("vandermonde", 3) == [[1, 1, 1], [1, 2, 4], [1, 3, 9]]
    rows, chosen = integer_systems.matrix("vandermonde", 9), integer_systems.solution(9)
    right = [sum(a * v for a, v in zip(row, chosen, strict=True)) for row in rows]
    assert integer_systems.solved(rows, right) == chosen
    assert all(abs(number) < 2**53 for row in (*rows, right) for number in np.ravel(row).tolist())


@pytest.mark.parametrize("kind", ["zero-one", "strongly-correlated"])
@pytest.mark.parametrize("seed", range(4))
def test_knapsacks_by_trying_every_set(kind, seed):
    weights, values, room = whole_numbers.random_items(kind, 10, seed)
    best = max(
        sum(itertools.compress(values, chosen))
        for chosen in itertools.product((0, 1), repeat=10)
        if sum(itertools.compress(weights, chosen)) <= room
    )
    found, packed = whole_numbers.best_packing(weights, values, room)
    assert found == best == sum(values[item] for item in packed)
    assert sum(weights[item] for item in packed) <= room


def test_parity_by_trying_everything():
    sums = {2 * sum(x) for x in itertools.product((0, 1), repeat=7)}
    assert 7 not in sums
    assert whole_numbers._parity_truth(7, False).kind is ProblemKind.INFEASIBLE
    assert min(odd for odd in (0, 1) for total in sums if total + odd == 7) == 1
    assert whole_numbers._parity_truth(7, True).objective == 1


def cheapest_setups(lots: lot_sizing.Lots) -> int:
    """Return the least cost over all sets of setups, every demand made in whichever of them is cheapest for it."""
    periods = range(len(lots.demand))
    costs = []
    for is_set_up in itertools.product((False, True), repeat=len(periods)):
        unit = [
            min((lots.making[s] + sum(lots.keeping[s:t]) for s in range(t + 1) if is_set_up[s]), default=math.inf)
            for t in periods
        ]
        setups = sum(itertools.compress(lots.setup, is_set_up))
        costs.append(setups + sum(d * u for d, u in zip(lots.demand, unit, strict=True)))
    return int(min(costs))


@pytest.mark.parametrize("seed", range(6))
def test_lots_by_trying_every_set_of_setups(seed):
    lots = lot_sizing.random_lots(8, seed)
    cost, setups, _ = lot_sizing.best_lots(lots)
    assert cost == cheapest_setups(lots)
    assert sum(lots.demand) < min(lot_sizing.BIG_M)
    assert lot_sizing.plan_of(lots, setups)["kept[7]"] == 0


@pytest.mark.parametrize("seed", range(3))
def test_boxes_against_a_grid(seed):
    """No point of a grid is below the best face; some point is as near as half a mesh times the steepest slope."""
    hessian, costs = box_programs.random_numbers(4, seed)
    least, point, _ = box_programs.best_of_faces(hessian, costs)
    parts = 8
    grid = itertools.product([Fraction(k, parts) for k in range(parts + 1)], repeat=4)
    found = min(box_programs.value(hessian, costs, x) for x in grid)
    steepest = sum(abs(c) + sum(map(abs, row)) for c, row in zip(costs, hessian, strict=True))
    assert least <= found <= least + Fraction(steepest, 2 * parts)
    assert box_programs.value(hessian, costs, point) == least


def test_a_stationary_point_inside_a_face_is_found():
    """min x^2 - x - y^2 over the unit box: x = 1/2 and y = 1, worth 1/4 - 1/2 - 1."""
    least, point, is_unique = box_programs.best_of_faces([[2, 0], [0, -2]], [-1, 0])
    assert (least, point, is_unique) == (Fraction(-5, 4), (Fraction(1, 2), Fraction(1)), True)


def pair(side: float = 1.0) -> pyo.ConcreteModel:
    """min x + y with x + y >= 1 and x - y <= side, 0 <= x, y <= 3."""
    m = pyo.ConcreteModel()
    m.x, m.y = pyo.Var(bounds=(0, 3)), pyo.Var(bounds=(0, 3))
    m.least = pyo.Constraint(expr=m.x + m.y >= 1)
    m.apart = pyo.Constraint(expr=m.x - m.y <= side)
    m.cost = pyo.Objective(expr=m.x + m.y)
    return m


def test_a_proof_holds_or_is_refused():
    truth = truth_of_proof(pair(), {"x": Fraction(1, 3), "y": Fraction(2, 3)}, {"least": 1})
    assert truth.objective == 1
    assert truth.multipliers == {"least": 1, "apart": 0}
    assert truth.reduced_costs == {"x": 0, "y": 0}
    third = Fraction(1, 3)
    for x, y, words in (
        ({"x": third, "y": third}, {"least": 1}, "not feasible"),
        ({"x": 1, "y": 1}, {"least": 1}, "no side that is met"),  # the row is not met
        ({"x": third, "y": 2 * third}, {"apart": 1}, "no side that is met"),  # of a sign that no side allows
        ({"x": third, "y": 2 * third}, {}, "no side that is met"),  # reduced costs of 1 away from the bounds
        ({"z": 1}, {}, "does not have"),
    ):
        with pytest.raises(NoReference, match=words):
            truth_of_proof(pair(), x, y)
    with pytest.raises(NoReference, match="worth"):
        truth_of_plan(pair(), {"x": 1, "y": 0}, 2)


def test_a_farkas_vector_holds_or_is_refused():
    """x - y <= -4 cannot be with both in [0, 3]: the row alone, times -1, asks for y - x >= 4, at most 3."""
    assert truth_of_infeasible(pair(-4.0), {"apart": -1}).kind is ProblemKind.INFEASIBLE
    for model, vector in ((pair(-4.0), {"apart": 1}), (pair(-3.0), {"apart": -1}), (pair(-4.0), {})):
        with pytest.raises(NoReference, match="Farkas"):
            truth_of_infeasible(model, vector)


def test_a_ray_holds_or_is_refused():
    m = pair()
    m.x.setub(None)
    m.y.setub(None)
    m.cost.sense = pyo.maximize
    assert truth_of_unbounded(m, {"x": 1}, {"x": 1, "y": 1}, margin=1.0).kind is ProblemKind.UNBOUNDED
    for ray in ({"x": 1}, {"x": -1, "y": -1}, {}):
        with pytest.raises(NoReference, match="ray"):
            truth_of_unbounded(m, {"x": 1}, ray, margin=1.0)


@pytest.mark.parametrize("power", margins.POWERS)
def test_the_margin_survives_in_doubles(power):
    """The denial asks for more than the combination of the rows allows, by the margin up to rounding of its side."""
    rows, sides, combination = margins._drawn(3)
    model = margins.build_infeasible(power, 3)
    allowed = sum(y * b for y, b in zip(combination, sides, strict=True))
    excess = Fraction(float(pyo.value(model.denial.lower))) - allowed
    assert excess > 0
    assert float(excess) == pytest.approx(10.0**-power, rel=0.05)
    assert margins._infeasible_truth(power, 3).certificate["denial"] == 1
    ray = margins._ray(3)
    slope = sum(Fraction(c) * r for c, r in zip(margins._costs(power, ray), ray, strict=True))
    assert -4.4 * 10.0**-power < float(slope) < -3.6 * 10.0**-power  # the ray's first entry is 4
    assert len(rows) == margins.ROWS


def products(row: Sequence[int], x: Sequence[int]) -> int:
    return sum(a * v for a, v in zip(row, x, strict=True))


def test_what_is_infeasible_is_feasible_without_the_denial():
    rows, sides, _ = margins._drawn(0)
    for x in itertools.product((0, 1), repeat=margins.COLUMNS):
        assert all(products(row, x) <= side for row, side in zip(rows, sides, strict=True))


SMOOTH = [case for case in smooth_programs.problems(0, False) if case.size <= 50]
WITH_EQUATIONS = ("entropy", "equation")


@pytest.mark.parametrize(
    "case", [case for case in SMOOTH if case.variant not in WITH_EQUATIONS], ids=lambda case: case.name
)
def test_no_feasible_step_from_a_smooth_optimum_gains(case):
    """In Pyomo's own doubles: the model is worth there what the truth says, and a step in any direction costs more."""
    truth, model = case.find_truth(), case.build()
    rng = np.random.default_rng(1)

    def worth(shift: float, directions: np.ndarray) -> tuple[float, float]:
        for name, direction in zip(truth.variables, directions, strict=True):
            value = float(truth.decisions[name])
            model.find_component(name).set_value(value + shift * direction * max(1.0, abs(value)), skip_validation=True)
        found = truth.evaluate({n: exact(model.find_component(n).value) for n in truth.variables})
        assert float(found.objective) == pytest.approx(pyo.value(model.cost), rel=1e-9, abs=1e-9)
        return float(found.objective), float(found.violation)

    best, violation = worth(0.0, np.zeros(case.size))
    assert violation < 1e-15
    assert best == pytest.approx(float(truth.objective), rel=1e-14, abs=1e-25)
    feasible = 0
    for shift in (1e-6, 1e-4, 1e-2):
        for _ in range(100):
            directions = rng.normal(size=case.size)
            gained, exceeded = worth(shift, np.where(directions > 0, directions, 0) if case.kind else directions)
            feasible += exceeded <= 0
            assert gained >= best - 1e-12 or exceeded > 0
    assert feasible > 20 or case.kind


@pytest.mark.parametrize("size", [5, 50])
def test_entropy_is_least_where_it_is_said_to_be(size):
    """Shares moved by some per cent and made to sum to 1 again are worth more, by some 1e-4 of their squares."""
    truth = smooth_programs.entropy(size).truth()
    rng = np.random.default_rng(2)
    best = [truth.decisions[name] for name in truth.variables]
    for _ in range(50):
        moved = [v * (1 + exact(h) / 50) for v, h in zip(best, rng.normal(size=size).tolist(), strict=True)]
        total = sum(moved)
        found = truth.evaluate({n: v / total for n, v in zip(truth.variables, moved, strict=True)})
        assert found.violation < 1e-40
        assert found.objective > truth.objective


def test_the_ring_is_followed_all_around():
    """At every x the larger root of y is the better one: -sqrt 3 at x = 0, and more elsewhere."""
    truth = smooth_programs.circle().truth()
    assert float(truth.objective) == pytest.approx(-math.sqrt(3), rel=1e-15)
    for x in np.linspace(-1, 1, 41).tolist():
        y = math.sqrt(4 - (1 + x**2) ** 2)
        assert math.log(1 + x**2) - y >= float(truth.objective) - 1e-15


def test_every_choice_of_a_pair_is_tried():
    """Five pairs: 2 ^ 5 ways to leave one of each at 0, the other at 1; the least sum has the smaller weights."""
    truth = next(case for case in SMOOTH if case.name == "either-or-5").find_truth()
    worths = []
    for way in itertools.product((0, 1), repeat=5):
        x = [v for side in way for v in ((0, 1) if side == 0 else (1, 0))]
        worths.append(truth.evaluate(dict(zip(truth.variables, map(exact, x), strict=True))).objective)
    assert min(worths) == truth.objective == 3 * 1 + 2 * 0.5


@pytest.mark.parametrize(
    ("point", "verdict"),
    [((0, 1), "right"), ((1, 0), "right"), ((0, 0), "said-solved-and-was-not"), ((0, 0.5), "said-solved-and-was-not")],
)
def test_a_local_claim_at_a_corner_of_complementarity_is_tried(point, verdict):
    case = next(case for case in SMOOTH if case.name == "either-or-1")
    claim = Teller(StopReason.CONVERGED, PointStatus.LOCALLY_OPTIMAL, **{f"x[{j}]": v for j, v in enumerate(point)})
    row = judge_run(case, case.find_truth(), claim, 1e-6)
    assert (row["verdict"], row["class"]) == (verdict, "MPEC")
