"""The collocated differential game: time against mesh beside the same typed in CasADi, and the order of convergence.

Both sides solve the same transcription, node for node, with Ipopt and MUMPS: the integrated game, and the decentralised
one with the retailer's optimality conditions at every node. Ours builds a Pyomo model, derives the conditions, and
certifies every follower; CasADi is given the conditions by hand. Times are wall seconds in this run, on this machine.
"""

from __future__ import annotations

import time
from typing import Any

import casadi
import numpy as np

from batteryopt.games.differential.formula import closed_form
from batteryopt.games.differential.model.build import build
from batteryopt.games.differential.model.discrete import OptimizerOptions, read, solve_discrete
from batteryopt.games.differential.model.mesh import first_grid, halved
from batteryopt.games.differential.paper.published import BASE_CASE
from batteryopt.games.differential.path.quadrature import Rule, nodes
from batteryopt.games.differential.path.time_grid import InfiniteGrid
from batteryopt.games.differential.solution import Model, Solution

DEGREE = 5
HALVINGS = 2
REPEATS = 3
"""Both sides run in turn this often; of each the least time counts, which other work on the machine blurs least."""
TABLE_DEGREES = (2, 3, 4)
TABLE_HALVINGS = 4
MODELS = (Model.INTEGRATED, Model.DECENTRALIZED)


def run() -> dict[str, float]:
    """Return seconds by model and mesh for both sides, their agreement, and the convergence table."""
    figures: dict[str, float] = {}
    for model in MODELS:
        grid = first_grid(BASE_CASE, DEGREE)
        for _ in range(HALVINGS + 1):
            figures |= side_by_side(model, grid)
            grid = halved(grid)
    return figures | convergence_table()


def side_by_side(model: Model, grid: InfiniteGrid) -> dict[str, float]:
    """Return the times of both sides on one grid, and how far their objectives lie apart."""
    label = f"{model.value}, {grid.elements} elements"
    built, solved, casadi_seconds, differences = [], [], [], []
    for _ in range(REPEATS):
        begin = time.perf_counter()
        m = build(BASE_CASE, model, grid)
        built.append(time.perf_counter() - begin)
        discrete = solve_discrete(m, model, OptimizerOptions())
        solved.append(time.perf_counter() - begin - built[-1])
        objective = Solution(instance=BASE_CASE, model=model, trajectory=discrete.trajectory).objective
        theirs, seconds = in_casadi(model, grid)
        casadi_seconds.append(seconds)
        differences.append(abs(objective / theirs - 1))
    return {
        f"{label}: Pyomo, build": min(built),
        f"{label}: Pyomo, solve and certify": min(solved),
        f"{label}: CasADi, build and solve": min(casadi_seconds),
        f"{label}: Pyomo over CasADi": (min(built) + min(solved)) / min(casadi_seconds),
        f"{label}: relative difference of the objectives": max(differences),
    }


def in_casadi(model: Model, grid: InfiniteGrid) -> tuple[float, float]:
    """Return objective and seconds of the same transcription, typed in CasADi's symbols."""
    begin = time.perf_counter()
    p = BASE_CASE.scalars()
    count, is_led = grid.elements * grid.degree, model is Model.DECENTRALIZED
    m, g = casadi.SX.sym("m", count), casadi.SX.sym("g", count)
    price, wholesale = casadi.SX.sym("p", count, 2), casadi.SX.sym("w", count, 2)
    rows = dynamics(m, g, grid, p)
    alpha, cost = np.array(p["market_size"]), np.array(p["unit_cost"])
    income = p["credit_price"] * p["credits_per_vehicle"]
    own, cross = p["price_sensitivity"], p["cross_price_sensitivity"]
    flow: Any = -p["innovation_cost"] * g**2
    for i in (0, 1):
        rival = 1 - i
        demand = [
            alpha[v] + p["efficiency_effect"] * m - own * price[:, v] + cross * price[:, 1 - v] for v in (i, rival)
        ]
        earned = wholesale[:, i] if is_led else price[:, i]
        flow += (earned - cost[i] - p["efficiency_unit_cost"] * m + income) * demand[0]
        if is_led:  # d/dp_i of sum_v (p_v - w_v) D_v
            rows.append(
                demand[0] - own * (price[:, i] - wholesale[:, i]) + cross * (price[:, rival] - wholesale[:, rival])
            )
    value = casadi.dot(casadi.DM(grid.discounted_weights.ravel()), flow)
    unknown = [m, g, casadi.vec(price), *([casadi.vec(wholesale)] if is_led else [])]
    problem = {"x": casadi.vertcat(*unknown), "f": -value, "g": casadi.vertcat(*rows)}
    quiet = {"ipopt.print_level": 0, "print_time": False, "ipopt.sb": "yes", "ipopt.tol": 1e-11}
    solver = casadi.nlpsol("game", "ipopt", problem, quiet)
    found = solver(x0=0.0, lbg=0.0, ubg=0.0)
    return -float(found["f"]), time.perf_counter() - begin


def dynamics(m: Any, g: Any, grid: InfiniteGrid, p: dict[str, Any]) -> list[Any]:
    """Return the collocation equations ``speed dm/dx - mu g + eta m`` of every element."""
    rows, start, degree = [], casadi.SX(p["initial_efficiency"]), grid.degree
    for e in range(grid.elements):
        rule = grid.last_rule if e == grid.elements - 1 else Rule.RADAU
        inside = slice(e * degree, (e + 1) * degree)
        slopes = casadi.mtimes(casadi.DM(differentiation(rule, degree)), casadi.vertcat(start, m[inside]))
        built = p["innovation_effectiveness"] * g[inside] - p["efficiency_decay"] * m[inside]
        rows.append(casadi.DM(grid.speeds[e]) * slopes - built)
        start = m[inside][degree - 1]
    return rows


def differentiation(rule: Rule, degree: int) -> np.ndarray:
    """Return the matrix from values at the start and the nodes to slopes at the nodes."""
    inside = nodes(rule, degree)
    points = np.append(0.0, inside)
    powers = np.arange(degree + 1)
    slopes = powers * inside[:, None] ** np.maximum(powers - 1, 0)
    return slopes @ np.linalg.inv(points[:, None] ** powers)


def convergence_table() -> dict[str, float]:
    """Return errors of present value, efficiency at the elements' ends and everywhere, by degree and elements.

    Between two lines of a degree every element is halved: an error that falls by 2^q has the order q. Radau's rule
    with n nodes promises 2 n - 1 at the ends.
    """
    exact = closed_form.solve(BASE_CASE, Model.INTEGRATED)
    figures: dict[str, float] = {}
    for degree in TABLE_DEGREES:
        grid = first_grid(BASE_CASE, degree)
        before: tuple[float, ...] | None = None
        for _ in range(TABLE_HALVINGS):
            errors = errors_on(grid, exact)
            names = ("present value", "efficiency at ends", "efficiency at nodes")
            for k, name in enumerate(names):
                label = f"integrated, degree {degree}, {grid.elements} elements: error of {name}"
                figures[label] = errors[k]
                if before is not None and errors[k] > 1e-12:
                    figures[f"{label}, order"] = float(np.log2(before[k] / errors[k]))
            before, grid = errors, halved(grid)
    return figures


def errors_on(grid: InfiniteGrid, exact: Solution) -> tuple[float, float, float]:
    """Return relative errors of the integrated game on one grid against the formula."""
    m = build(BASE_CASE, Model.INTEGRATED, grid)
    solve_discrete(m, Model.INTEGRATED, OptimizerOptions())
    trajectory = read(m)
    value = Solution(instance=BASE_CASE, model=Model.INTEGRATED, trajectory=trajectory).objective
    paths = []
    for times in (grid.breaks[1:-1], grid.times.ravel()):
        theirs = exact.trajectory.at(times).efficiency
        paths.append(float(np.abs(trajectory.at(times).efficiency - theirs).max() / np.abs(theirs).max()))
    return abs(value / exact.objective - 1), paths[0], paths[1]


if __name__ == "__main__":
    for name, figure in run().items():
        print(f"{name:<80}{figure:12.4g}")
