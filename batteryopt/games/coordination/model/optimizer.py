"""The numerical route: every part of the game (see `parts`) in Pyomo, solved by itself; and the parts put together."""

from __future__ import annotations

import dataclasses
import math
import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyomo.environ as pyo

from batteryopt import bilevel, solvers
from batteryopt.games.coordination.data.instance import Instance, as_network
from batteryopt.games.coordination.data.parts_of_the_game import GameMarket, Part, parts_of
from batteryopt.games.coordination.data.region_faults import FloatArray
from batteryopt.games.coordination.model.build import build
from batteryopt.games.coordination.model.rays import unbounded_transfer_price
from batteryopt.games.coordination.solution import Model, Solution, evaluate
from batteryopt.ground.status import PointStatus, StopReason
from batteryopt.solvers import Options
from batteryopt.solvers.contract.provenance import Route, Run
from batteryopt.solvers.scaling.natural_units import solve_in_natural_units

LARGE = 600
"""Regions and enterprises above this number go to the interior-point solver: an active-set one visits too many."""
NEAR_ZERO = 1e-3
"""A service below this, relative to what a service of the part's money would be, is asked whether it should be zero."""
_VEHICLE_NAMES = ("retail_price", "wholesale_price")
_BATTERY_NAMES = ("recycling_service", "sales_effort", "transfer_price", "cost_share")
_WORST_FIRST = (
    StopReason.INFEASIBLE,
    StopReason.INTERRUPTED,
    StopReason.TIME_LIMIT,
    StopReason.ITERATION_LIMIT,
    StopReason.MEMORY_LIMIT,
    StopReason.NUMERICAL_TROUBLE,
    StopReason.INFEASIBLE_OR_UNBOUNDED,
    StopReason.UNBOUNDED,  # said only where nothing else is missing
    StopReason.CONVERGED,
)
_LEAST_CLAIM_FIRST = (
    PointStatus.NONE,
    PointStatus.UNKNOWN,
    PointStatus.INFEASIBLE,
    PointStatus.FEASIBLE,
    PointStatus.LOCALLY_OPTIMAL,
    PointStatus.OPTIMAL,
)


@dataclass(frozen=True, kw_only=True, eq=False)
class PartFound:
    """What the optimiser found for one part.

    Attributes
    ----------
    values
        Decisions by name; empty without a point.
    objective
        What the part adds to what the model maximises.
    gross
        Sum of the sizes of the part's money, of which profits are the balance.
    note
        Why there is no point.
    """

    part: Part
    solver: str
    stop_reason: StopReason
    point_status: PointStatus
    bound: float | None = None
    values: dict[str, FloatArray] = field(default_factory=dict)
    objective: float = math.nan
    gross: float = 0.0
    note: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class Optimum:
    """All parts together.

    Attributes
    ----------
    solution
        None where some part has no point.
    reason
        Why there is none.
    """

    run: Run
    solution: Solution | None
    parts: tuple[PartFound, ...]
    reason: str = ""


def optimize(instance: Instance, model: Model, solver: str | None, options: Options) -> Optimum:
    """Solve one model of an instance part by part; the time limit of the options is for all parts together."""
    begin = time.perf_counter()
    found: list[PartFound] = []
    parts = parts_of(as_network(instance))
    for position, part in enumerate(parts):
        gone = time.perf_counter() - begin
        if options.time_limit is not None and gone >= options.time_limit:
            found.append(_not_begun(part, options.time_limit))
            break
        left = options.after(gone)
        if left.time_limit is not None:  # an equal share each, so that every part has a point and a bound to show
            left = dataclasses.replace(left, time_limit=left.time_limit / (len(parts) - position))
        found.append(_solved(part, model, solver, left))
        if found[-1].stop_reason in (StopReason.INFEASIBLE, StopReason.INTERRUPTED):
            break
    run = _run(found, time.perf_counter() - begin)
    if run.point_status is PointStatus.NONE:
        notes = (f.note for f in found if f.point_status is PointStatus.NONE)
        return Optimum(run=run, solution=None, parts=tuple(found), reason="; ".join(filter(None, notes)))
    return _with_manufacturer_s_part(
        Optimum(run=run, solution=_put_together(instance, model, found), parts=tuple(found))
    )


# --- one part --------------------------------------------------------------------------------------------------------


def _not_begun(part: Part, limit: float) -> PartFound:
    words = "batteries" if part.market is GameMarket.BATTERIES else "vehicles"
    return PartFound(
        part=part,
        solver="none",
        stop_reason=StopReason.TIME_LIMIT,
        point_status=PointStatus.NONE,
        note=f"the {limit:.3g} s left were over before the {words} were begun",
    )


def _solved(part: Part, model: Model, solver: str | None, options: Options) -> PartFound:
    ray = unbounded_transfer_price(part.network) if part.market is GameMarket.BATTERIES else None
    if ray is not None and model is Model.DECENTRALIZED_TRANSFER:
        return PartFound(
            part=part, solver="ray", stop_reason=StopReason.UNBOUNDED, point_status=PointStatus.NONE, note=ray
        )
    begin = time.perf_counter()
    m = build(part.network, model, part.market)
    found = _read(m, part, _run_solver(m, part, model, solver, options))
    idle = _idle_services(found, model)
    if model is Model.CONTRACT:
        return _without_services(found, [r for r in idle if part.network.service_response[r] == 0.0])
    if not idle:
        return found
    for r in idle:
        m.recycling_service[r].fix(0.0)
    settled = _read(m, part, _run_solver(m, part, model, solver, options.after(time.perf_counter() - begin)))
    if settled.point_status is not found.point_status:
        return found
    return dataclasses.replace(settled, bound=found.bound)  # the bound without those services fixed


def _run_solver(m: Any, part: Part, model: Model, solver: str | None, options: Options) -> PartFound:
    if model is Model.CENTRALIZED:
        # Concave: a local optimum of an NLP solver is the optimum.
        size = len(m.REGIONS) + len(m.ENTERPRISES)
        adapter = solvers.get(solver or ("ipopt" if size > LARGE else "highs"))
        report = solve_in_natural_units(adapter, m, options)
        return PartFound(
            part=part,
            solver=f"{report.solver} {report.version}",
            stop_reason=report.stop_reason,
            point_status=report.point_status if report.has_point else PointStatus.NONE,
            bound=report.bound,
            note=report.stop_reason.value,
        )
    answer = bilevel.solve(
        m, solver=solver, time_limit=options.time_limit, gap=options.relative_gap, threads=options.threads
    )
    return PartFound(
        part=part,
        solver=f"{answer.solver} ({answer.method})",
        stop_reason=answer.stop_reason,
        point_status=answer.point_status if answer.has_point else PointStatus.NONE,
        bound=answer.bound,
        note="; ".join(answer.notes),
    )


def _read(m: Any, part: Part, found: PartFound) -> PartFound:
    """Return what was found with the decisions that the model's variables hold."""
    if found.point_status is PointStatus.NONE:
        return found
    names = _VEHICLE_NAMES if part.market is GameMarket.VEHICLES else _BATTERY_NAMES
    values = {name: np.array([float(v.value) for v in m.component(name).values()]) for name in names}
    return dataclasses.replace(
        found, values=values, objective=float(pyo.value(m.objective)), gross=_gross(part, values)
    )


def _gross(part: Part, values: dict[str, FloatArray]) -> float:
    """Return the sizes of all money that a part's chain takes in and spends."""
    network = part.network
    if part.market is GameMarket.VEHICLES:
        price = values["retail_price"]
        demand = np.asarray(network.market_size) - price + network.cross_prices @ price
        return float((np.abs(price) + network.production_cost) @ np.abs(demand))
    service, effort = values["recycling_service"], values["sales_effort"]
    returned = float(np.sum(network.own_returns + np.asarray(network.service_response) * service))
    usable = network.usable_share * returned
    sold = network.shares * usable + network.effort_rivalry * (effort - effort.mean())
    price = network.echelon_market_size - usable + effort
    spent = float(service @ service + network.effort_costs @ effort**2) / 2
    scrap = abs(network.scrap_value) * (1 - network.usable_share) * returned
    return float((np.abs(price) + np.asarray(network.testing_cost)) @ np.abs(sold)) + spent + scrap


def _idle_services(found: PartFound, model: Model) -> list[int]:
    """Return the regions whose service is close to zero and earns no more than zero would.

    Where a service brings nothing at the margin, its cost e^2/2 is all there is to see of it: an interior point comes
    to rest at the root of its tolerance. Profits recomputed from the decisions tell it from none at all.
    """
    if not found.values or "recycling_service" not in found.values:
        return []
    service = found.values["recycling_service"]
    size = max(float(service.max()), math.sqrt(2 * found.gross))
    here = _battery_profit(found, model, service)
    idle = []
    for r in np.flatnonzero((service > 0) & (service <= NEAR_ZERO * size)).tolist():
        without = service.copy()
        without[r] = 0.0
        if _battery_profit(found, model, without) >= here:
            idle.append(r)
    return idle


def _without_services(found: PartFound, idle: list[int]) -> PartFound:
    """Return a contract without services that no battery answers to: nothing else in it depends on them.

    Under a contract services are the manufacturer's answers, and may not be fixed for it; its own conditions leave
    rounding there.
    """
    if not idle:
        return found
    service = found.values["recycling_service"].copy()
    service[idle] = 0.0
    return dataclasses.replace(found, values={**found.values, "recycling_service": service})


def _battery_profit(found: PartFound, model: Model, service: FloatArray) -> float:
    """Return what the model maximises, with services given and vehicles that earn nothing."""
    network = found.part.network
    at_cost = np.full(network.regions, network.production_cost)
    outcome = evaluate(
        network,
        p=at_cost,
        e_r=service,
        e_n=found.values["sales_effort"],
        w=at_cost,
        w_t=float(found.values["transfer_price"][0]),
        x=float(found.values["cost_share"][0]),
    )
    return outcome.supply_chain if model is Model.CENTRALIZED else outcome.manufacturer


# --- all parts together ----------------------------------------------------------------------------------------------


def _run(found: list[PartFound], seconds: float) -> Run:
    """Return the run of all parts: it stopped for the worst reason, and claims the least of what they claim."""
    bounds = [f.bound for f in found if f.bound is not None]
    reasons = [f.stop_reason for f in found]
    return Run(
        route=Route.OPTIMIZER,
        solver=", ".join(dict.fromkeys(f.solver for f in found)),
        stop_reason=min(reasons, key=_WORST_FIRST.index),
        point_status=min((f.point_status for f in found), key=_LEAST_CLAIM_FIRST.index),
        bound=math.fsum(bounds) if len(bounds) == len(found) else None,
        seconds=seconds,
    )


def _put_together(instance: Instance, model: Model, found: list[PartFound]) -> Solution:
    by_region = {name: np.zeros(as_network(instance).regions) for name in _VEHICLE_NAMES}
    batteries: dict[str, FloatArray] = {}
    for part in found:
        if part.part.market is GameMarket.BATTERIES:
            batteries = part.values
            continue
        for name, values in by_region.items():
            values[list(part.part.regions)] = part.values[name]
    service, effort = batteries["recycling_service"], batteries["sales_effort"]
    one = not hasattr(instance, "regions")
    (transfer_price,), (cost_share,) = batteries["transfer_price"], batteries["cost_share"]
    decisions = {**by_region, "recycling_service": service, "sales_effort": effort}
    shown = {name: float(v[0]) if one else tuple(v.tolist()) for name, v in decisions.items()}
    return Solution(
        instance=instance, model=model, transfer_price=float(transfer_price), cost_share=float(cost_share), **shown
    )


def _with_manufacturer_s_part(found: Optimum) -> Optimum:
    """Hold the best that the manufacturer can earn in all parts against its own reservation profit."""
    solution = found.solution
    assert solution is not None
    least = solution.network.reservation_profit_manufacturer
    if least is None or solution.model in (Model.CENTRALIZED, Model.CONTRACT) or solution.objective >= least:
        return found
    short = least - solution.objective
    if short <= 1e-9 * max(abs(least), sum(part.gross for part in found.parts)):  # equal but for rounding
        return found
    is_proven = found.run.bound is not None and found.run.bound < least
    run = dataclasses.replace(
        found.run,
        stop_reason=StopReason.INFEASIBLE if is_proven else StopReason.NUMERICAL_TROUBLE,
        point_status=PointStatus.NONE,
        bound=None,
    )
    words = f"the manufacturer earns at most {solution.objective:.6g}, and asks for {least:g}"
    return dataclasses.replace(found, run=run, solution=None, reason=words)
