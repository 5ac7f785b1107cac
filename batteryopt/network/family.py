"""The network family as the command line meets every family: one model, one route, the same shapes of answers."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from batteryopt.ground.errors import Fault, InvalidInput, nearest
from batteryopt.network import tables
from batteryopt.network.data.instance import Network
from batteryopt.network.data.objective import Objective, objective_of
from batteryopt.network.data.remarks import remarks_of
from batteryopt.network.plan.answer import Model, NetworkAnswer, NetworkResult
from batteryopt.network.plan.earlier import EarlierFacilities, facilities_here, saved_start
from batteryopt.network.plan.kept import kept_facilities
from batteryopt.network.plan.solution import COLUMNS, Solution
from batteryopt.network.solve import solve as solve_network
from batteryopt.network.under_uncertainty import SHARED, Replications, model_faults, solve_uncertain
from batteryopt.solvers.contract.adapter import Progress, relative_gap
from batteryopt.tables.spreadsheet import is_workbook

if TYPE_CHECKING:
    from batteryopt.network.formulation.added import RuleFunction
    from batteryopt.network.futures.joint_result import JointResult
    from batteryopt.network.futures.risk_measure import Risk
    from batteryopt.network.robust.robust_result import RobustResult
    from batteryopt.network.tables.understood import Understood


DEFAULT_MODELS = (Model.DESIGN,)
SECONDS_BETWEEN_BOUNDS = 2.0


def read(path: str | os.PathLike[str]) -> Network:
    """Return the network in a folder or in a workbook; the folder's ``network.toml`` may be given instead of it."""
    place = Path(path)
    return tables.read(place if os.path.isdir(place) or is_workbook(place) else place.parent)


def understand(path: str | os.PathLike[str], changed: Network | None = None) -> Understood:
    """Return what is understood of a network, with remarks; as `read`, of the folder, its settings or a workbook.

    Of a network that was changed, which stands in no file, remarks name rows by what is in them.
    """
    from batteryopt.network.tables import understood

    if changed is not None:
        return understood.Understood(network=changed, remarks=tuple(remarks_of(changed)))
    place = Path(path)
    return understood.understand(place if place.is_dir() or is_workbook(place) else place.parent)


def read_options(
    instance: Network | None,
    *,
    objective: Sequence[str] = (),
    keep: str | None = None,
    start: str | None = None,
    scenario: str | None = None,
    gap_money: float | None = None,
    iterations: int | None = None,
    risk: str | None = None,
    with_rounds: bool = False,
    budget: int | None = None,
    deviation: float | None = None,
    replications: tuple[int, int, str] | None = None,
    engine: str | None = None,
    ranks: int | None = None,
) -> dict[str, Any]:
    """Return the options that only networks have as `solve` here takes them.

    Parameters
    ----------
    instance
        None where it could not be read: only the options are judged then.
    objective
        Names of objectives, each perhaps with a weight: "cost", "emissions=97.5".
    keep
        Whose facilities are kept: a folder, or "existing".
    start
        Folder of the plan to begin from.
    scenario
        The future that is planned for, where the network has several.
    gap_money
        Money by which a plan may be worse than the best.
    iterations
        Steps after which the search ends.
    risk
        What is minimised over the futures: "worst", "cvar:0.9:0.5".
    with_rounds
        Whether the rounds of vehicles are planned too.
    budget, deviation
        How many rows of the returns deviate at once, and the share by which those do that say nothing.
    replications
        How many further samples of futures, their seed, and where the network lies.
    engine, ranks
        Who else plans for all futures, "mpi-sppy", and on how many processes.

    Raises
    ------
    InvalidInput
        With everything wrong about them.
    """
    weights, faults = _weights(objective)
    faults += _money_faults(gap_money, weights)
    if iterations is not None and iterations < 1:
        faults.append(Fault(place="--iterations", problem=f"is {iterations}", remedy="expected 1 or more"))
    if faults:
        raise InvalidInput("command line", faults)
    found: dict[str, Any] = {"objective": weights} if weights else {}
    if gap_money is not None:
        found["gap_money"] = gap_money
    if risk is not None:
        from batteryopt.network.futures.risk_measure import Risk

        found["risk"] = Risk.parse(risk)
    if with_rounds:
        found["with_rounds"] = True
    plain = {"iterations": iterations, "budget": budget, "deviation": deviation, "engine": engine, "ranks": ranks}
    found |= {name: value for name, value in plain.items() if value is not None}
    if replications is not None:
        found["replications"] = Replications(*replications)
    if instance is None:
        return found
    if with_rounds:
        from batteryopt.network.rounds.rounds_of_plan import refuse_without_rounds

        refuse_without_rounds(instance)
    if scenario is not None:
        found["scenario"], instance = scenario, instance.in_scenario(scenario)
    if keep is not None:
        found["facilities"] = kept_facilities(instance, keep)
    if start is not None:
        found["start"] = saved_start(instance, start)
    return found


def _weights(objective: Sequence[str]) -> tuple[dict[Objective, float], list[Fault]]:
    weights: dict[Objective, float] = {}
    faults = []
    known = [kind.value for kind in Objective]
    for word in objective:
        name, _, number = word.partition("=")
        try:
            weight = float(number or 1)
        except ValueError:
            weight = math.nan
        if name not in known:
            faults.append(Fault(place="--objective", problem=f"'{name}' is unknown", remedy=nearest(name, known)))
        elif not (math.isfinite(weight) and weight > 0):
            remedy = "expected a weight above 0, as in emissions=97.5"
            faults.append(Fault(place="--objective", problem=f"{name} has the weight '{number}'", remedy=remedy))
        elif Objective(name) in weights:
            faults.append(Fault(place="--objective", problem=f"{name} is given twice", remedy="name it once"))
        else:
            weights[Objective(name)] = weight
    return weights, faults


def _money_faults(gap_money: float | None, weights: Mapping[Objective, float]) -> Iterator[Fault]:
    if gap_money is None:
        return
    if not (math.isfinite(gap_money) and gap_money >= 0):
        yield Fault(place="--gap-money", problem=f"is {gap_money:g}", remedy="expected an amount of at least 0")
    if weights and Objective.COST not in weights:
        problem = "is an amount of money, and the objective has no cost in it"
        yield Fault(place="--gap-money", problem=problem, remedy="use --gap, or --objective cost")


def solve(
    instance: Network,
    models: Iterable[Model | str] = DEFAULT_MODELS,
    *,
    route: str = "both",
    solver: str | None = None,
    time_limit: float | None = None,
    gap: float | None = None,
    gap_money: float | None = None,
    iterations: int | None = None,
    threads: int | None = None,
    objective: Objective | str | Mapping[Objective, float] | Mapping[str, float] | None = None,
    facilities: Solution | None = None,
    start: Solution | EarlierFacilities | None = None,
    scenario: str | None = None,
    risk: Risk | None = None,
    budget: int | None = None,
    deviation: float | None = None,
    replications: Replications | int | None = None,
    engine: str | None = None,
    ranks: int | None = None,
    rules: RuleFunction | None = None,
    with_rounds: bool = False,
    announce: Callable[[str], None] = lambda _: None,
) -> NetworkResult | JointResult | RobustResult:
    """Return the best plan; with both routes it is the optimiser's, for there is no formula.

    What the objective, the facilities kept, the start, the rules and the solver are: as in
    `batteryopt.network.solve.solve`; the scenario is the future that is planned for, where there are several. What the
    risk and the replications are: as in `solve_futures`; the ranks of an engine: as in `solve_by_hedging`;
    the budget and the deviation: as in `solve_robust`.

    Raises
    ------
    InvalidInput
        If a formula is asked for, or two models, or an option that the model does not have.
    SolverUnavailable
        If the solver is not known or not installed.
    """
    if route == "closed-form":
        fault = Fault(place="--route", problem="a network has no closed form", remedy="leave the option out")
        raise InvalidInput("command line", [fault])
    teller = Teller(announce)
    wanted = {Model(model) for model in models} or {Model.DESIGN}
    given = {
        **{"scenario": scenario, "objective": objective, "rules": rules, "solver": solver, "start": start},
        **{"facilities": facilities, "risk": risk, "budget": budget, "deviation": deviation},
        **{"replications": replications, "engine": engine, "ranks": ranks, "iterations": iterations},
        **{"gap": gap, "gap_money": gap_money, "time_limit": time_limit, "threads": threads},
    }
    own = {name: value for name, value in given.items() if name not in SHARED}
    faults = list(model_faults(wanted, {**own, "with_rounds": with_rounds or None}))
    wanted_most = objective_of(objective or Objective.COST)
    if with_rounds and wanted_most != Objective.COST and set(wanted_most) != {Objective.COST}:
        problem, remedy = "is for plans of least cost", "leave --objective out"
        faults.append(Fault(place="--with-rounds", problem=problem, remedy=remedy))
    if faults:
        raise InvalidInput("command line", faults)
    (model,) = wanted
    if model is not Model.DESIGN:
        return solve_uncertain(model, instance, given, announce=announce, on_progress=teller.tell)
    if scenario is not None:
        instance = instance.in_scenario(scenario)
    announce("building the model")
    if with_rounds:
        from batteryopt.network.rounds.rounded_result import rounded_result
        from batteryopt.network.rounds.rounds_agreement import solve_with_rounds

        agreed = solve_with_rounds(
            instance,
            solve_network,
            time_limit=time_limit,
            announce=announce,
            objective=objective_of(objective or Objective.COST),
            facilities=facilities,
            start=start,
            gap=gap,
            gap_money=gap_money,
            iterations=iterations,
            threads=threads,
            rules=rules,
            solver=solver,
            on_progress=teller.tell,
        )
        return rounded_result(instance, agreed)
    answer = solve_network(
        instance,
        objective=objective_of(objective or Objective.COST),
        facilities=facilities,
        start=start,
        gap=gap,
        gap_money=gap_money,
        iterations=iterations,
        time_limit=time_limit,
        threads=threads,
        rules=rules,
        solver=solver,
        on_progress=teller.tell,
    )
    return NetworkResult(instance=instance, answer=answer)


def models_of(instance: Network) -> tuple[Model, ...]:
    """Return the models of a network: a plan for all futures is one of those that have several.

    A plan for the worst is one of those whose returns say by how much they deviate; --deviation says it of any.
    """
    stochastic = (Model.STOCHASTIC,) if instance.scenarios else ()
    deviate = any(instance.profile(side).any() for row in instance.returns for side in (row.more_t, row.less_t))
    return (Model.DESIGN, *stochastic, *((Model.ROBUST,) if deviate else ()))


def left_to_neighbours(answer: NetworkAnswer) -> list[list[Any]] | None:
    """Return what a plan leaves to a network like its own, to begin from: its facilities as plain data."""
    if answer.solution is None:
        return None
    found: list[list[Any]] = answer.solution.facilities[list(COLUMNS["facilities"])].to_numpy().tolist()
    return found


def taken_from_neighbours(instance: Network, rows: list[list[Any]]) -> dict[str, Any]:
    """Return what `solve` here makes of that: nothing where the facilities cannot stand in this network."""
    start = facilities_here(instance, rows)
    return {} if start is None else {"start": start}


def plan_in_words(answer: NetworkAnswer) -> str | None:
    """Return what stands, and since when, on one line: what changes of a plan along a sweep; None without a plan."""
    if answer.solution is None:
        return None
    since: dict[tuple[str, str], list[str]] = {}
    for row in answer.solution.facilities.sort_values(["site", "type"], kind="stable").to_dict(orient="records"):
        steps = since.setdefault((row["site"], row["type"]), [])
        if not steps or steps[-1].partition(" from ")[0] != row["level"]:
            steps.append(f"{row['level']} from {row['period']}")
    return "; ".join(f"{site} {type_} ({', '.join(steps)})" for (site, type_), steps in since.items())


class Teller:
    """Tells of every better plan, and of a better bound once in a while."""

    def __init__(self, announce: Callable[[str], None]) -> None:
        self._announce = announce
        self.begin("")

    def begin(self, beginning: str) -> None:
        """Forget what was told; every line from now on begins so."""
        self._beginning = beginning
        self._told_at = float("-inf")
        self._objective: float | None = None
        self._doing = ""

    def tell(self, progress: Progress) -> None:
        """Take a solver's word on its way."""
        is_old = progress.objective == self._objective and progress.doing == self._doing
        if is_old and progress.seconds < self._told_at + SECONDS_BETWEEN_BOUNDS:
            return
        self._told_at, self._objective, self._doing = progress.seconds, progress.objective, progress.doing
        self._announce(self._beginning + _words(progress))


def _words(progress: Progress) -> str:
    """Return a solver's word on its way as a line."""
    best = "no plan yet" if progress.objective is None else f"best plan {_shown(progress.objective)}"
    bound = "" if progress.bound is None else f", bound {_shown(progress.bound)}"
    gap = relative_gap(progress.objective, progress.bound)
    doing = f" ({progress.doing})" if progress.doing else ""
    return f"{progress.seconds:.0f} s: {best}{bound}" + ("" if gap is None else f", gap {gap:.2%}") + doing


def _shown(value: float) -> str:
    """Return an amount without decimals, or with its first digits where these are all there is."""
    return f"{value:,.0f}" if value == 0 or abs(value) >= 100 else f"{value:.4g}"
