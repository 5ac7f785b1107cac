"""The models of a network under uncertainty as the family asks for them, and the options that each of them has."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from batteryopt.ground.errors import Fault, nearest
from batteryopt.network.data.instance import Network
from batteryopt.network.data.objective import Objective
from batteryopt.network.plan.answer import Model

if TYPE_CHECKING:
    from batteryopt.network.futures.joint_result import JointResult
    from batteryopt.network.robust.robust_result import RobustResult
    from batteryopt.solvers.contract.adapter import ProgressListener

OWN: Mapping[Model, tuple[str, ...]] = {
    Model.STOCHASTIC: ("risk", "replications", "engine", "ranks"),
    Model.ROBUST: ("budget", "deviation"),
}
"""Options that only a model has, by the model."""
ENGINES = ("mpi-sppy",)
"""Who else plans for all futures."""
OTHER_SEEDS, MOST_REPLICATIONS = 2**40, 2**20
"""Seeds of replications begin beyond those that people type: no sample shares its draws with the plan's own."""
SHARED = ("gap", "gap_money", "time_limit", "threads")
"""Options that all models have."""
ALSO: Mapping[Model, tuple[str, ...]] = {Model.STOCHASTIC: ("facilities",), Model.ROBUST: ("scenario",)}
"""Options of the design that a model has too."""
WORDS = {
    Model.STOCHASTIC: "one plan for all futures is the one of least cost, by HiGHS",
    Model.ROBUST: "a plan for the worst is the one whose cost there is least, by HiGHS",
}


@dataclass(frozen=True)
class Replications:
    """Further samples that are asked for.

    Attributes
    ----------
    count
        How many.
    seed
        Of their draws.
    place
        Where the network was read from, and its recipe of futures may lie; None: nowhere.
    """

    count: int
    seed: int = 0
    place: str | None = None


def model_faults(wanted: set[Model], options: Mapping[str, Any]) -> Iterator[Fault]:
    """Yield options that the model asked for does not have, of those that were given."""
    given = {name: value for name, value in options.items() if value is not None and value != ()}
    if given.get("objective") == Objective.COST or set(given.get("objective") or ()) == {Objective.COST}:
        given.pop("objective", None)
    if given.get("solver") == "highs":
        given.pop("solver")
    if len(wanted) > 1:
        remedy = "ask for one, and for the other with a command of its own"
        yield Fault(place="--model", problem="a plan for one future and one for all are two answers", remedy=remedy)
        return
    (model,) = wanted
    for owner, names in OWN.items():
        for name in names if owner is not model else ():
            if name in given:
                what = "is for several futures" if owner is Model.STOCHASTIC else "is for the worst of them"
                yield Fault(place=_option(name), problem=what, remedy=f"add --model {owner}")
    if model is Model.DESIGN:
        return
    for name in given:
        if name not in (*OWN[model], *ALSO[model], *(n for names in OWN.values() for n in names)):
            yield Fault(
                place=_option(name), problem="is for a plan of one future", remedy=f"leave it out: {WORDS[model]}"
            )
    if model is Model.STOCHASTIC:
        yield from _engine_faults(given)
    if model is Model.ROBUST and "budget" not in given:
        remedy = "say how many rows of the returns may deviate at once, as in --budget 3"
        yield Fault(place="--budget", problem="is missing", remedy=remedy)


def _engine_faults(given: Mapping[str, Any]) -> Iterator[Fault]:
    """Yield what is wrong with who plans for all futures."""
    engine = given.get("engine")
    if engine is None:
        if "ranks" in given:
            yield Fault(place="--ranks", problem="is for several processes", remedy=f"add --engine {ENGINES[0]}")
        return
    if engine not in ENGINES:
        yield Fault(place="--engine", problem=f"'{engine}' is unknown", remedy=nearest(engine, ENGINES))
        return
    for name in ("risk", "replications", "facilities"):
        if name in given:
            remedy = f"leave one of them out: {engine} seeks the least expected cost"
            yield Fault(place=_option(name), problem=f"is given beside --engine {engine}", remedy=remedy)


def _option(name: str) -> str:
    return f"--{ {'facilities': 'keep'}.get(name, name).replace('_', '-') }"


def solve_uncertain(
    model: Model,
    instance: Network,
    options: Mapping[str, Any],
    *,
    announce: Callable[[str], None],
    on_progress: ProgressListener | None,
) -> JointResult | RobustResult:
    """Return the answer of a model under uncertainty."""
    names = (*SHARED, *OWN[model], *ALSO[model])
    given = {name: options[name] for name in names if options.get(name) is not None}
    if model is Model.ROBUST:
        from batteryopt.network.robust.robust_result import RobustResult
        from batteryopt.network.robust.solve_robust import solve_robust

        scenario = given.pop("scenario", None)
        instance = instance if scenario is None else instance.in_scenario(scenario)
        worst = solve_robust(instance, **given, announce=announce, on_progress=on_progress)
        return RobustResult(instance=instance, answer=worst)
    from batteryopt.network.futures.joint_result import JointResult
    from batteryopt.network.futures.solve_futures import solve_futures

    if given.pop("engine", None) is not None:
        from batteryopt.network.cluster.engine import solve_by_hedging

        return JointResult(instance=instance, answer=solve_by_hedging(instance, **given, announce=announce))
    if "replications" in given:
        given |= _replicated(instance, given["replications"])
    joint = solve_futures(instance, **given, announce=announce, on_progress=on_progress)
    return JointResult(instance=instance, answer=joint)


def _replicated(instance: Network, asked: Replications | int) -> dict[str, Any]:
    """Return how further samples are drawn: by the recipe beside the network, or from its own futures."""
    wanted = asked if isinstance(asked, Replications) else Replications(count=asked)
    found: dict[str, Any] = {"replications": wanted.count, "seed": wanted.seed}
    if wanted.place is None:
        return found
    from batteryopt.network.draws.made_futures import drawn_futures, without_futures
    from batteryopt.network.draws.recipe import recipe_at
    from batteryopt.network.futures.future import futures_of

    recipe = recipe_at(Path(wanted.place))
    if recipe is None:
        return found
    base, samplers, count = without_futures(instance), recipe.samplers(), len(instance.scenarios)

    def draw(number: int) -> Sequence[Any]:
        own = OTHER_SEEDS + wanted.seed * MOST_REPLICATIONS + number
        return futures_of(drawn_futures(base, samplers, count=count, seed=own, is_foreseen=False).network)

    return {**found, "draw": draw}
