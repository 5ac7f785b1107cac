"""The network: building beside bare arrays and Pyomo, the tight form beside the usual one, the China instances.

    python -m benchmarks.network [--long]

``--long`` adds the whole of China, ten minutes. Memory is that of a process in which nothing else ran.
"""

from __future__ import annotations

import argparse
import dataclasses
import multiprocessing
import resource
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import highspy
import numpy as np
import scipy.sparse as sp

from batteryopt.network.data.geography import great_circle_km
from batteryopt.network.data.instance import (
    Candidate,
    FacilityType,
    Level,
    Mode,
    Network,
    Period,
    Product,
    Recipe,
    Return,
    Site,
)
from batteryopt.network.data.objective import Objective
from batteryopt.network.exact.closed_form import tree, tree_distances
from batteryopt.network.formulation.build import build
from batteryopt.network.formulation.formulation_arrays import to_arrays
from batteryopt.network.formulation.objective import costs_of
from batteryopt.network.formulation.pyomo_model import to_pyomo
from batteryopt.network.solve import solve
from batteryopt.network.tables import read
from batteryopt.solvers.compile.arrays import QuadraticProgram, compile_model
from batteryopt.solvers.contract.adapter import Options, relative_gap
from batteryopt.solvers.highs.highs_run import load, new_highs
from batteryopt.solvers.through_pyomo.pyomo_solver import PyomoAdapter

NETWORKS = Path(__file__).parents[1] / "data" / "networks"
SITES, ZONES = 200, 2000
"""The location model that building is measured on: 400,000 flows."""
PYOMO_SITES, PYOMO_ZONES = 40, 400
"""A twenty-fifth of it, where Pyomo takes part."""
PAIRS = 7
"""Runs of ours and of the bare arrays in turn, so that a busy machine slows both."""
SECONDS = 60.0
"""Time limit of a solve."""
CHINA_SECONDS = 600.0


def run(*, is_long: bool = False) -> dict[str, float]:
    """Return seconds, gaps and megabytes by case."""
    figures: dict[str, float] = {}
    parts: list[tuple[str, Callable[[], dict[str, float]]]] = [
        (f"location {SITES}x{ZONES}", lambda: building(SITES, ZONES)),
        (f"location {PYOMO_SITES}x{PYOMO_ZONES}", lambda: beside_pyomo(PYOMO_SITES, PYOMO_ZONES)),
        ("tree of 60 towns", against_recursion),
        ("china-province", lambda: forms("china-province")),
        ("china-capitals", lambda: forms("china-capitals")),
    ]
    if is_long:
        parts.append(("china", lambda: alone(solving, "china", CHINA_SECONDS, 0.01, True)))
    for name, measure in parts:
        figures.update({f"{name}: {key}": value for key, value in measure().items()})
    return figures


def seconds(work: Callable[[], Any]) -> float:
    """Return how long some work takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Return seconds and result of some work, the best of three."""
    best, result = np.inf, None
    for _ in range(3):
        began = time.perf_counter()
        result = work()
        best = min(best, time.perf_counter() - began)
    return float(best), result


# ---- building ------------------------------------------------------------------------------------------------------


def location(sites: int, zones: int) -> Network:
    """Return a location problem on the globe with one product and one period."""
    generator = np.random.default_rng(0)
    latitude, longitude = generator.uniform(20, 45, sites + zones), generator.uniform(80, 120, sites + zones)
    names = [f"s{i}" for i in range(sites + zones)]
    km = great_circle_km(latitude, longitude)
    km[:, sites:] = np.nan  # nothing goes to a zone
    km[:sites] = np.nan  # nothing goes from a site
    tonnes = generator.uniform(1, 100, zones)
    level = Level(name="one", capacity_t=float(tonnes.sum()), opening_cost=1e5)
    return Network(
        name="location",
        periods=(Period(name="now"),),
        products=(Product(name="pack"),),
        sites=tuple(Site(name=name) for name in names),
        returns=tuple(
            Return(site=n, product="pack", tonnes=float(t)) for n, t in zip(names[sites:], tonnes, strict=True)
        ),
        types=(
            FacilityType(
                name="point", recipes=(Recipe(name="take", inputs=(("pack", 1),), outputs=()),), levels=(level,)
            ),
        ),
        candidates=tuple(Candidate(site=name, type="point") for name in names[:sites]),
        modes=(Mode(name="road", distance="km", cost_per_t_km=1.0),),
        distances={"km": km},
    )


def ours(network: Network) -> QuadraticProgram:
    """Return the network's arrays by our route."""
    m = build(network)
    costs = costs_of(m, Objective.COST)
    return to_arrays(m, costs.vector, constant=costs.constant)


def bare(km: np.ndarray[Any, Any], tonnes: np.ndarray[Any, Any], cost: float) -> QuadraticProgram:
    """Return the same location problem from arrays typed in by hand: y (sites), then x by zone and site."""
    zones, sites = km.shape
    x = sites + np.arange(zones * sites)
    zone, site = np.divmod(np.arange(zones * sites), sites)
    rows = np.concatenate([zone, zones + np.arange(zones * sites), zones + np.arange(zones * sites)])
    columns = np.concatenate([x, x, site])
    values = np.concatenate([np.ones(2 * zones * sites), -tonnes[zone]])
    size, count = sites + zones * sites, zones + zones * sites
    return QuadraticProgram(
        c=np.concatenate([np.full(sites, cost), km.ravel()]),
        Q=sp.csc_array((size, size)),
        A=sp.csr_array((values, (rows, columns)), shape=(count, size)),
        row_lower=np.concatenate([tonnes, np.full(zones * sites, -np.inf)]),
        row_upper=np.concatenate([tonnes, np.zeros(zones * sites)]),
        lower=np.zeros(size),
        upper=np.concatenate([np.ones(sites), np.full(zones * sites, np.inf)]),
        is_integer=np.arange(size) < sites,
    )


def into_highs(program: QuadraticProgram) -> highspy.Highs:
    """Return HiGHS with a program loaded."""
    highs = new_highs()
    highs.setOptionValue("output_flag", False)
    load(highs, program)
    return highs


def building(sites: int, zones: int) -> dict[str, float]:
    """Compare building and loading with the bare-array route."""
    network = location(sites, zones)
    km = network.distances["km"][sites:, :sites]
    tonnes = np.array([row.tonnes for row in network.returns], dtype=float)
    pairs = [
        (seconds(lambda: into_highs(bare(km, tonnes, 1e5))), seconds(lambda: into_highs(ours(network))))
        for _ in range(PAIRS)
    ]
    return {
        "variables": float(into_highs(ours(network)).getNumCol()),
        "bare arrays, build and load, s": float(np.median([by_hand for by_hand, _ in pairs])),
        "ours, build and load, s": float(np.median([by_us for _, by_us in pairs])),
        "ours, times the bare arrays (median of pairs)": float(np.median([us / hand for hand, us in pairs])),
    }


def beside_pyomo(sites: int, zones: int) -> dict[str, float]:
    """Compare our arrays with the Pyomo model of the same formulation, compiled by Pyomo."""
    network = location(sites, zones)
    m = build(network)
    costs = costs_of(m, Objective.COST)
    arrays, program = timed(lambda: ours(network))
    pyomo, theirs = timed(lambda: compile_model(to_pyomo(build(network), costs.vector, constant=costs.constant)))
    return {
        "variables": float(m.size),
        "arrays, s": arrays,
        "Pyomo, built and compiled, s": pyomo,
        "Pyomo, times the arrays": pyomo / arrays,
        "largest difference of the two matrices": float(abs(program.A - theirs.A).max()),
    }


# ---- solving -------------------------------------------------------------------------------------------------------


def against_recursion() -> dict[str, float]:
    """Solve a plant location problem on a tree, whose optimum a recursion knows."""
    generator = np.random.default_rng(7)
    n = 60
    parents = [-1, *(int(generator.integers(0, v)) for v in range(1, n))]
    lengths, weights = np.concatenate([[0.0], generator.uniform(1, 30, n - 1)]), generator.uniform(1, 10, n)
    opening = generator.uniform(50, 400, n)
    base = location(n, 0)
    level = Level(name="one", capacity_t=float(weights.sum()), opening_cost=1.0)
    network = dataclasses.replace(
        base,
        returns=tuple(
            Return(site=site.name, product="pack", tonnes=float(t)) for site, t in zip(base.sites, weights, strict=True)
        ),
        types=(dataclasses.replace(base.types[0], levels=(level,)),),
        candidates=tuple(
            dataclasses.replace(c, opening_cost_factor=float(f)) for c, f in zip(base.candidates, opening, strict=True)
        ),
        distances={"km": tree_distances(parents, lengths)},
    )
    answer = solve(network, gap=0.0)
    exact = tree(parents, lengths, weights, opening)
    assert answer.objective is not None
    return {
        "seconds": answer.run.seconds,
        "relative difference from the recursion": abs(answer.objective - exact) / exact,
        "root gap": answer.root_gap or 0.0,
    }


def forms(name: str) -> dict[str, float]:
    """Solve a case in the tight form, in the usual one, and as Pyomo hands the usual one to HiGHS."""
    built, _ = timed(lambda: ours(read(NETWORKS / name)))
    return {
        "read and build, s": built,
        **labelled("tight", alone(solving, name, SECONDS, 0.001, True)),
        **labelled("usual", alone(solving, name, SECONDS, 0.001, False)),
        **labelled("plain Pyomo", alone(plain_pyomo, name, SECONDS)),
    }


def labelled(form: str, figures: dict[str, float]) -> dict[str, float]:
    """Return figures under names that say of which form they are."""
    return {f"{form}, {key}": value for key, value in figures.items()}


def alone(work: Callable[..., dict[str, float]], *arguments: Any) -> dict[str, float]:
    """Return what some work measures in a process of its own, and the largest memory of that.

    It is forked from a small server: one that is spawned counts this process's memory as its own.
    """
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("forkserver")) as pool:
        figures = pool.submit(work, *arguments).result()
        return figures | {"memory, MB": pool.submit(largest_memory_mb).result()}


def largest_memory_mb() -> float:
    """Return the largest memory that this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def solving(name: str, limit: float, gap: float, is_tight: bool) -> dict[str, float]:
    """Solve one of the China cases within a time limit."""
    first: list[float] = []

    def told(progress: Any) -> None:
        if progress.objective is not None and not first:
            first.append(progress.seconds)

    answer = solve(read(NETWORKS / name), gap=gap, time_limit=limit, is_tight=is_tight, on_progress=told)
    return {
        "seconds": answer.run.seconds,
        "first plan, s": first[0] if first else float("nan"),
        "gap": float("nan") if answer.gap is None else answer.gap,
        "root gap": float("nan") if answer.root_gap is None else answer.root_gap,
        "certificate passed": float(answer.certificate.passed),
    }


def plain_pyomo(name: str, limit: float) -> dict[str, float]:
    """Build the usual form with Pyomo and let Pyomo's own interface hand it to HiGHS: what one would type."""
    began = time.perf_counter()
    m = build(read(NETWORKS / name), is_tight=False)
    costs = costs_of(m, Objective.COST)
    model = to_pyomo(m, costs.vector, constant=costs.constant)
    built = time.perf_counter() - began
    report = PyomoAdapter("appsi_highs").solve(model, Options(time_limit=limit, relative_gap=0.001))
    gap = relative_gap(report.objective, report.bound)
    return {
        "build, s": built,
        "seconds": time.perf_counter() - began,
        "gap": float("nan") if gap is None else gap,
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--long", action="store_true", help="the whole of China, ten minutes")
    for label, value in run(is_long=parser.parse_args().long).items():
        print(f"{label:<66} {value:.4g}")
