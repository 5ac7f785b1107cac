"""From a plan's flows to its rounds: task by task, on several cores, within a time limit, interrupted at any time."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait

import numpy as np
import pandas as pd

from batteryopt.ground.errors import Fault, InvalidInput
from batteryopt.ground.interrupt import InterruptFlag, catching_interrupt
from batteryopt.network.data.instance import Network
from batteryopt.network.rounds.round_bounds import bound_of
from batteryopt.network.rounds.round_tasks import RoundTask, tasks_of
from batteryopt.network.rounds.rounds_answer import PlannedTask, RoundsAnswer
from batteryopt.network.rounds.route_partition import proven_rounds
from batteryopt.network.rounds.vehicle_routing import RoundEffort, alone, plan_rounds, require_pyvrp
from batteryopt.work.own_processes import worker_pool
from batteryopt.work.stop_file import StopSign, stop_file

SECONDS_A_PLACE, LEAST_SECONDS, MOST_SECONDS = 0.1, 1.0, 60.0
"""Of planning a task where nothing is asked: by its places, no less, no more."""
FEW = 12
"""Places up to which rounds are proven by listing all of them."""
SECONDS_TO_PROVE = 5.0
POLL = 0.1
SECONDS_TO_WIND_UP = 2.0
"""After an interrupt: what other processes have to hand over the best that they have."""


def rounds_of(
    network: Network,
    shipped: pd.DataFrame,
    facilities: pd.DataFrame,
    *,
    effort: RoundEffort | None = None,
    jobs: int = 1,
    on_progress: Callable[[str], None] = lambda _: None,
) -> RoundsAnswer:
    """Return the rounds of a plan.

    Parameters
    ----------
    effort
        The time is of all tasks together, shared by their places; iterations are of each.
    jobs
        Processes.

    Raises
    ------
    InvalidInput
        If no mode makes rounds, PyVRP is not installed, or a place cannot be served.
    """
    refuse_without_rounds(network)
    began, effort = time.monotonic(), effort or RoundEffort()
    tasks = tasks_of(network, shipped)
    parts = [(task, each) for task, each in zip(tasks, _shares(tasks, effort, jobs), strict=True)]
    found: dict[int, PlannedTask] = {}
    with catching_interrupt() as flag:
        for position, planned in _planned(parts, jobs, flag):
            if planned is not None:
                found[position] = planned
            cost = sum(each.cost for each in found.values())
            on_progress(f"rounds: {len(found)} of {len(tasks)} depots and periods, {cost:,.0f} so far")
        stopped = flag.is_set
    for position, task in enumerate(tasks):  # what was not begun in time goes there and back: rounds that do, not good
        if position not in found and (plan := alone(task.problem)) is not None:
            bound = bound_of(task.problem)
            found[position] = PlannedTask(task=task, plan=plan, bound=bound.value, rests_on=bound.rests_on)
    return RoundsAnswer(
        network=network,
        shipped=shipped,
        facilities=facilities,
        planned=tuple(found[position] for position in sorted(found)),
        unplanned=tuple(task for position, task in enumerate(tasks) if position not in found),
        seconds=time.monotonic() - began,
        stopped=stopped,
    )


def refuse_without_rounds(network: Network) -> None:
    """Raise `InvalidInput` where no mode makes rounds, or nobody can plan them."""
    if not any(mode.visits_per_period is not None for mode in network.modes):
        remedy = "give visits_per_period to a mode in modes.csv"
        raise InvalidInput(network.name, [Fault(place="modes", problem="none makes rounds", remedy=remedy)])
    require_pyvrp()


def _shares(tasks: Sequence[RoundTask], effort: RoundEffort, jobs: int) -> list[RoundEffort]:
    """Return the effort of each task: of a time limit its share by places; else by its places alone."""
    places = sum(len(task.problem.places) for task in tasks)
    found = []
    for task in tasks:
        count = len(task.problem.places)
        seconds = None
        if effort.seconds is not None:
            seconds = effort.seconds * max(1, min(jobs, len(tasks))) * count / max(1, places)
        elif effort.iterations is None:
            seconds = min(MOST_SECONDS, max(LEAST_SECONDS, SECONDS_A_PLACE * count))
        found.append(dataclasses.replace(effort, seconds=seconds))
    return found


def _planned(
    parts: Sequence[tuple[RoundTask, RoundEffort]], jobs: int, flag: InterruptFlag
) -> Iterator[tuple[int, PlannedTask | None]]:
    """Yield each task's position and rounds as they are done; after an interrupt, the best of those under way."""
    if jobs <= 1 or len(parts) <= 1:
        for position, (task, effort) in enumerate(parts):
            if flag.is_set:
                return
            yield position, plan_task(task, effort, flag)
        return
    with stop_file() as sign, worker_pool(min(jobs, len(parts))) as pool:
        under_way: dict[Future[PlannedTask | None], int] = {
            pool.submit(plan_task, task, effort, sign): position for position, (task, effort) in enumerate(parts)
        }
        until = np.inf
        while under_way and time.monotonic() < until:
            if flag.is_set and np.isinf(until):
                until = time.monotonic() + SECONDS_TO_WIND_UP
                sign.set()
                under_way = {future: position for future, position in under_way.items() if not future.cancel()}
            ended, _ = wait(under_way, timeout=POLL, return_when=FIRST_COMPLETED)
            for future in ended:
                yield under_way.pop(future), future.result()


def plan_task(task: RoundTask, effort: RoundEffort, flag: StopSign | None = None) -> PlannedTask | None:
    """Return the rounds of a task with their bound; None where none were found."""
    problem = task.problem
    is_too_late = flag is not None and flag.is_set
    plan = None if is_too_late else plan_rounds(problem, effort, flag=flag)
    if plan is None:
        return None
    bound = bound_of(problem)
    planned = PlannedTask(task=task, plan=plan, bound=bound.value, rests_on=bound.rests_on)
    if len(problem.places) > FEW or (flag is not None and flag.is_set):
        return planned
    proven = proven_rounds(problem, known=plan.cost, seconds=min(SECONDS_TO_PROVE, effort.seconds or np.inf), flag=flag)
    better = planned.plan if proven.plan is None else proven.plan
    if proven.bound <= bound.value:
        return dataclasses.replace(planned, plan=better)
    least = min(proven.bound, better.cost)
    return dataclasses.replace(planned, plan=better, bound=least, rests_on="every round listed")
