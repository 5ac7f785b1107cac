"""Limits, Ctrl-C, progress and warm starts: what stopped a solve, and what it still holds."""

from __future__ import annotations

import random
import signal
import threading

import numpy as np
import pyomo.environ as pyo
import pytest
import scipy.sparse as sp

from batteryopt import solvers
from batteryopt.ground.interrupt import InterruptFlag, catching_interrupt
from batteryopt.ground.status import PointStatus, StopReason
from batteryopt.solvers import Adapter, Capability, Options
from batteryopt.solvers.compile.arrays import QuadraticProgram, compile_model
from batteryopt.solvers.highs.highs_arrays import solve_arrays
from batteryopt.solvers.highs.highs_run import Watch, run

ADAPTERS = solvers.installed()
each = pytest.mark.parametrize("adapter", ADAPTERS, ids=lambda a: a.name)
each_with_tree = pytest.mark.parametrize(
    "adapter", [a for a in ADAPTERS if Capability.INTEGER in a.capabilities], ids=lambda a: a.name
)
each_interior_point = pytest.mark.parametrize(
    "adapter",
    [a for a in ADAPTERS if {*a.capabilities} >= {*(Capability.NONLINEAR | Capability.DUALS)}],
    ids=lambda a: a.name,
)


def market_split():
    """Return a small model that branch and bound takes for ever over: split 40 customers evenly in 4 products."""
    numbers = random.Random(1)
    model = pyo.ConcreteModel()
    model.PRODUCTS, model.CUSTOMERS = pyo.RangeSet(4), pyo.RangeSet(40)
    demand = {(i, j): numbers.randrange(100) for i in model.PRODUCTS for j in model.CUSTOMERS}
    model.is_first = pyo.Var(model.CUSTOMERS, domain=pyo.Binary, initialize=0)
    model.over = pyo.Var(model.PRODUCTS, domain=pyo.NonNegativeReals)
    model.under = pyo.Var(model.PRODUCTS, domain=pyo.NonNegativeReals)

    @model.Constraint(model.PRODUCTS)
    def half_each(m, i):
        total = sum(demand[i, j] for j in m.CUSTOMERS)
        return sum(demand[i, j] * m.is_first[j] for j in m.CUSTOMERS) - m.over[i] + m.under[i] == total // 2

    model.cost = pyo.Objective(expr=sum(model.over[i] + model.under[i] for i in model.PRODUCTS))
    return model


def chain(length: int = 300):
    """Return a smooth model that takes an interior-point code some iterations."""
    model = pyo.ConcreteModel()
    model.x = pyo.Var(range(length), bounds=(0.1, 10), initialize=1.0)
    model.links = pyo.ConstraintList()
    for i in range(length - 1):
        model.links.add(model.x[i] * model.x[i + 1] + pyo.exp(-model.x[i]) >= 1.5)
    model.cost = pyo.Objective(expr=sum((model.x[i] - (i % 7) / 3) ** 2 for i in range(length)))
    return model


def long_model(adapter: Adapter):
    return market_split() if Capability.INTEGER in adapter.capabilities else chain()


def holds_what_it_says(report, model):
    if report.point_status is PointStatus.NONE:
        assert report.objective is None
        return
    assert report.objective == pytest.approx(pyo.value(model.cost), abs=1e-9)
    assert report.point_status in (PointStatus.FEASIBLE, PointStatus.INFEASIBLE)


@each
def test_a_time_limit_is_not_success(adapter):
    model = long_model(adapter)
    limit = 0.4 if Capability.INTEGER in adapter.capabilities else 1e-4
    report = adapter.solve(model, Options(time_limit=limit))
    assert report.stop_reason is StopReason.TIME_LIMIT
    assert not report.is_optimal
    holds_what_it_says(report, model)


@each
def test_an_iteration_limit_is_not_success(adapter):
    model = long_model(adapter)
    report = adapter.solve(model, Options(iteration_limit=1))
    assert report.stop_reason is StopReason.ITERATION_LIMIT
    assert report.iterations <= 2
    assert not report.is_optimal
    holds_what_it_says(report, model)


@each_with_tree
def test_a_loose_gap_stops_early_and_says_so(adapter):
    """Every point is within 10,000 of the bound 0: all demand together is below 4 * 40 * 100 / 2."""
    model = market_split()
    report = adapter.solve(model, Options(absolute_gap=1e4))
    assert report.stop_reason is StopReason.CONVERGED
    assert report.bound <= report.objective <= report.bound + 1e4


@each
def test_interrupt_keeps_the_best_point(adapter):
    """Ctrl-C, pressed once the solver has told of a point (or after its third word, if it tells of none)."""
    model = long_model(adapter)
    words, pressed = [], []

    def press(progress):
        words.append(progress)
        if not pressed and (progress.objective is not None or len(words) == 3):
            pressed.append(True)
            signal.raise_signal(signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)
    report = adapter.solve(model, Options(time_limit=60), on_progress=press)
    assert report.stop_reason is StopReason.INTERRUPTED
    assert report.seconds < 60
    assert report.has_point
    holds_what_it_says(report, model)
    assert signal.getsignal(signal.SIGINT) is before


@each
def test_progress_is_told_in_the_models_own_sense(adapter):
    """Maximise -(market split): objectives are <= their bounds."""
    model = long_model(adapter)
    model.cost.deactivate()
    model.profit = pyo.Objective(expr=-model.cost.expr, sense=pyo.maximize)
    words = []
    adapter.solve(model, Options(time_limit=1.0, iteration_limit=200), on_progress=words.append)
    assert words
    seconds = [word.seconds for word in words]
    assert seconds == sorted(seconds)
    assert all(w.objective is None or w.objective <= 1e-6 for w in words)
    assert all(w.objective <= w.bound + 1e-6 for w in words if None not in (w.objective, w.bound))


@each
def test_an_error_of_the_listener_is_not_swallowed(adapter):
    def complain(_):
        raise RuntimeError("the listener's own")

    with pytest.raises(RuntimeError, match="the listener's own"):
        adapter.solve(long_model(adapter), Options(time_limit=60), on_progress=complain)


def test_highs_stops_a_linear_program_when_asked():
    model = market_split()
    for variable in model.is_first.values():
        variable.domain = pyo.Reals
        variable.setlb(0)
        variable.setub(1)
    flag = InterruptFlag()
    flag.set()
    answer = run(compile_model(model), Options(extra={"presolve": "off"}), Watch(flag=flag))
    assert answer.stop_reason is StopReason.INTERRUPTED
    assert answer.x is None


@each_with_tree
def test_a_tree_search_starts_from_the_point_given(adapter):
    """With no time at all there is a point only if it is the start's, of value 0."""
    model = planted_split()
    assert not adapter.solve(model, Options(time_limit=0.0)).has_point
    plant(model)
    warm = adapter.solve(model, Options(time_limit=0.0, warm_start=True))
    assert warm.point_status.is_feasible  # 0 is the least there is: a solver may see that at once
    assert warm.objective == pytest.approx(0.0, abs=1e-9)


def planted_split():
    """Return a market split in which taking the first 20 customers is perfect."""
    model = market_split()
    model.half_each.deactivate()
    numbers = random.Random(2)
    demand = {(i, j): numbers.randrange(1000) for i in model.PRODUCTS for j in model.CUSTOMERS}

    @model.Constraint(model.PRODUCTS)
    def as_the_first_twenty(m, i):
        target = sum(demand[i, j] for j in range(1, 21))
        return sum(demand[i, j] * m.is_first[j] for j in m.CUSTOMERS) - m.over[i] + m.under[i] == target

    return model


def plant(model):
    for j in model.CUSTOMERS:
        model.is_first[j].value = int(j <= 20)
    for variable in (*model.over.values(), *model.under.values()):
        variable.value = 0.0


@each_interior_point
def test_an_interior_point_code_starts_from_point_and_multipliers(adapter):
    model = chain(50)
    cold = adapter.solve(model)
    again = adapter.solve(model, Options(warm_start=True), start_duals=cold.duals, start_bound_duals=cold.bound_duals)
    assert cold.iterations > 6
    assert again.iterations < cold.iterations / 2
    assert again.objective == pytest.approx(cold.objective, abs=1e-7)


def test_who_presses_twice_is_not_made_to_wait():
    flag = InterruptFlag()
    flag.set()
    assert flag.is_set
    with pytest.raises(KeyboardInterrupt):
        flag.set()


def test_outside_the_main_thread_nothing_is_caught():
    seen = []

    def work():
        with catching_interrupt() as flag:
            seen.append(flag.is_live)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [False]


@each
def test_solving_in_another_thread(adapter):
    """Sweeps solve in threads, where no handler may be set."""
    model = _two_products()
    reports = []
    thread = threading.Thread(target=lambda: reports.append(adapter.solve(model)))
    thread.start()
    thread.join()
    assert reports[0].objective == pytest.approx(17.0, abs=1e-6)


def test_highs_takes_arrays_without_pyomo():
    """Max 3x + 2y + 1 in x <= 4, x + y <= 6, from a start that is infeasible and so of no use: 17."""
    program = compile_model(_two_products())
    bare = type(program)(**{**vars_of(program), "variables": (), "constraints": ()})
    solution = solve_arrays(bare, start=np.array([100.0, 100.0]))
    assert solution.x == pytest.approx([4.0, 2.0])
    assert solution.row_duals == pytest.approx([2.0])
    assert solution.column_duals == pytest.approx([1.0, 0.0])
    assert solution.bound == pytest.approx(17.0)


def _two_products():
    model = pyo.ConcreteModel()
    model.x, model.y = pyo.Var(bounds=(0, 4)), pyo.Var(bounds=(0, None))
    model.capacity = pyo.Constraint(expr=model.x + model.y <= 6)
    model.profit = pyo.Objective(expr=3 * model.x + 2 * model.y + 1, sense=pyo.maximize)
    return model


def vars_of(program):
    return {name: getattr(program, name) for name in type(program).__dataclass_fields__}


def test_better_points_of_a_tree_are_handed_over():
    """Knapsacks of 20 things: each point keeps both rows and is better than the last, which is the best there is."""
    generator = np.random.default_rng(1)
    weights, worth = generator.integers(10, 60, (2, 20)).astype(float), generator.integers(10, 60, 20).astype(float)
    program = QuadraticProgram(
        c=-worth, Q=sp.csc_array((20, 20)), A=sp.csr_array(weights), row_lower=np.full(2, -np.inf),
        row_upper=weights.sum(axis=1) / 3, lower=np.zeros(20), upper=np.ones(20), is_integer=np.ones(20, dtype=bool),
    )  # fmt: skip
    points: list[np.ndarray] = []
    found = solve_arrays(program, Options(threads=1), on_point=points.append)
    values = [program.objective(x) for x in points]
    assert values == sorted(values, reverse=True)
    assert all(program.violation(x) < 1e-6 for x in points)
    assert values[-1] == pytest.approx(program.objective(found.x)) == pytest.approx(found.bound)
