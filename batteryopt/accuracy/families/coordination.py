"""The coordination game: one owner by KKT conditions in fifty digits, the Stackelberg forms by formula in fifty digits.

The formulas are derived in `game_truth`; they share nothing with the package's `formula.closed_form`, whose answers
in double precision the tests compare.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from batteryopt.accuracy.digits import Number, exact
from batteryopt.accuracy.exact_program import ExactProgram
from batteryopt.accuracy.families.followers import interval_gain
from batteryopt.accuracy.kkt_points import active_set, truth_of_program
from batteryopt.accuracy.local_claims import LocalTrial
from batteryopt.accuracy.problem import AccuracyProblem, Evaluation, Point, Truth
from batteryopt.games.coordination.data.generator import (
    Binding,
    binding_instance,
    random_instance,
    random_network,
    scaled,
)
from batteryopt.games.coordination.data.instance import CoordinationInstance, Instance
from batteryopt.games.coordination.data.regions import CoordinationNetwork
from batteryopt.games.coordination.model import build as pyomo_models
from batteryopt.games.coordination.solution import Model
from batteryopt.solvers.compile.arrays import compile_model

SCALES = (1e-6, 1.0, 1e6)
"""All money, prices and quantities times this: decisions scale with it, profits with its square."""


@dataclass(frozen=True)
class Game:
    """Exact values of an instance's parameters, and what they make of decisions."""

    a: Number
    w: Number
    w_t: Number
    c_t: Number
    f: Number
    theta: Number
    S: Number
    beta: Number
    m: Number
    c: Number

    @classmethod
    def of(cls, g: CoordinationInstance) -> Game:
        """Take the doubles of an instance as they are."""
        return cls(
            a=exact(g.market_size),
            w=exact(g.wholesale_price),
            w_t=exact(g.transfer_price),
            c_t=exact(g.testing_cost),
            f=exact(g.scrap_value),
            theta=exact(g.usable_share),
            S=exact(g.voluntary_returns) + exact(g.residual_value),
            beta=exact(g.service_response),
            m=exact(g.echelon_market_size),
            c=exact(g.production_cost),
        )

    @property
    def G(self) -> Number:
        """What the manufacturer earns on a return."""
        return self.f * (1 - self.theta) + self.theta * self.w_t

    def profits(self, *, p: Number, e_r: Number, e_t: Number, w: Number, x: Number) -> dict[str, Number]:
        """Return the players' profits before lump sums."""
        returned = self.S + self.beta * e_r
        usable = self.theta * returned
        demand, cost = self.a - p, e_r**2 / 2
        manufacturer = (w - self.c) * demand + self.G * returned - (1 - x) * cost
        retailer = (p - w) * demand
        echelon = (self.m - usable + e_t - self.w_t - self.c_t) * usable - e_t**2 / 2 - x * cost
        return {
            "manufacturer": manufacturer,
            "retailer": retailer,
            "echelon_enterprise": echelon,
            "supply_chain": manufacturer + retailer + echelon,
        }


def one_owner(seed: int, quick: bool) -> Iterator[AccuracyProblem]:
    """Yield the centralised game, interior and with a service of 0, at three scales: a concave quadratic program."""
    for number in range(1 if quick else 2):
        for scale in SCALES[1:] if quick else SCALES:
            for binding in (None, Binding.SERVICE):
                instance = _instance(seed + number, binding, scale)
                yield AccuracyProblem(
                    family="coordination",
                    name=f"centralized-{_variant(scale, binding)}-{seed + number}",
                    variant=_variant(scale, binding),
                    size=4,
                    build=partial(pyomo_models.build, instance, Model.CENTRALIZED),
                    find_truth=partial(_owner_truth, instance, scale, binding is Binding.SERVICE),
                )


def network(seed: int, quick: bool) -> Iterator[AccuracyProblem]:
    """Yield the centralised game of many regions and enterprises: interior, and with regions where nothing is sold."""
    for regions, enterprises in ((3, 2),) if quick else ((3, 2), (20, 8), (80, 30), (200, 60)):
        for is_binding in (False, True):
            instance = random_network(seed, regions, enterprises)
            if is_binding:
                instance = _with_dear_vehicles(instance)
            yield AccuracyProblem(
                family="coordination-network",
                name=f"centralized-{'demand-binds-' if is_binding else ''}{regions}x{enterprises}-{seed}",
                variant="demand-binds" if is_binding else "plain",
                size=2 * regions + enterprises + 1,
                build=partial(pyomo_models.build, instance, Model.CENTRALIZED),
                find_truth=partial(_network_truth, instance),
            )


def _with_dear_vehicles(instance: CoordinationNetwork) -> CoordinationNetwork:
    """Return a network whose vehicles cost what the middle market would pay at most: poorer ones are sold none."""
    return instance.replace(production_cost=sorted(instance.market_size)[len(instance.market_size) // 2])


def game(seed: int, quick: bool) -> Iterator[AccuracyProblem]:
    """Yield the Stackelberg forms and contract terms: interior at three scales, without demand, without service."""
    cases: list[tuple[Model, Binding | None, float]] = [(Model.DECENTRALIZED, None, scale) for scale in SCALES]
    cases += [(Model.DECENTRALIZED, Binding.DEMAND, 1.0), (Model.DECENTRALIZED, Binding.SERVICE, 1.0)]
    cases += [(Model.DECENTRALIZED_WHOLESALE, None, scale) for scale in SCALES]
    cases += [(Model.CONTRACT, None, scale) for scale in SCALES]
    for model, binding, scale in [cases[0], cases[3], cases[6], cases[9]] if quick else cases:
        instance = _instance(seed, binding, scale)
        yield AccuracyProblem(
            family="coordination-game",
            name=f"{model.value}-{_variant(scale, binding)}-{seed}",
            variant=_variant(scale, binding),
            size=8,
            levels=2,
            build=partial(pyomo_models.build, instance, model),
            find_truth=partial(game_truth, instance, model, scale),
        )


def _instance(seed: int, binding: Binding | None, scale: float) -> CoordinationInstance:
    return scaled(random_instance(seed) if binding is None else binding_instance(seed, binding), scale)


def _variant(scale: float, binding: Binding | None) -> str:
    words = "interior" if binding is None else f"{binding.value}-binds"
    return words if scale == 1.0 else f"{words}-times-{scale:.0e}"


def _owner_truth(instance: CoordinationInstance, scale: float, without_service: bool) -> Truth:
    active = {"recycling_service[0]"} if without_service else set()
    return truth_of_program(
        pyomo_models.build(instance, Model.CENTRALIZED), active, unit=scale, profits=partial(_owner_profits, instance)
    )


def _owner_profits(instance: CoordinationInstance, point: Point) -> dict[str, Number]:
    """Return what the instance's own prices give each member of the chain."""
    g = Game.of(instance)
    decisions = {"p": point["retail_price[0]"], "e_r": point["recycling_service[0]"], "e_t": point["sales_effort[0]"]}
    return g.profits(**decisions, w=g.w, x=exact(0))


def _network_truth(instance: Instance) -> Truth:
    model = pyomo_models.build(instance, Model.CENTRALIZED)
    return truth_of_program(model, active_set(ExactProgram(compile_model(model))))


# --- the Stackelberg forms -------------------------------------------------------------------------------------------

NAMES = {
    "p": "retailer[0].retail_price",
    "e_t": "enterprise[0].sales_effort",
    "w": "wholesale_price[0]",
    "x": "cost_share",
    "usable": "usable",
}
"""Names of the variables in the Pyomo models, but for the service's."""


def game_truth(instance: CoordinationInstance, model: Model, scale: float) -> Truth:
    """Return the truth about one Stackelberg form with one region and one enterprise.

    The retailer answers ``(p - w)(a - p)`` with the middle of w and a, but never above a. The enterprise, whose margin
    is ``m - U + e_t - w_t - c_t`` on U batteries, answers ``e_t = U``. So one more return earns the manufacturer G and
    its service is ``beta G / (1 - x)``, or 0 where G is negative. A wholesale price of its own is ``(a + c) / 2``.
    The contract that maximises the chain's profit reaches the centralised service
    ``e_A = beta (f (1 - theta) + theta (m - c_t) - theta^2 S) / (1 + beta^2 theta^2)`` with ``x = 1 - beta G / e_A``,
    and the centralised price with w = c.
    """
    g = Game.of(instance)
    names = {**NAMES, "e_r": _service_name(model)}
    w, x = g.w, exact(0)
    if model is Model.DECENTRALIZED_WHOLESALE:
        w = (g.a + g.c) / 2
    if model is Model.CONTRACT:
        w = g.c
        value = g.f * (1 - g.theta) + g.theta * (g.m - g.c_t) - g.theta**2 * g.S
        x = 1 - g.G * (1 + (g.beta * g.theta) ** 2) / value
    e_r = max(exact(0), g.beta * g.G / (1 - x))
    usable = g.theta * (g.S + g.beta * e_r)
    best = {"p": min(g.a, (g.a + w) / 2), "e_r": e_r, "e_t": usable, "w": w, "x": x, "usable": usable}
    at_best = {names[key]: value for key, value in best.items()}
    evaluate = partial(_evaluate_game, g, model, names)
    found = evaluate(at_best)
    return Truth(
        maximise=True,
        variables=tuple(at_best),
        objective=found.objective,
        decisions=at_best,
        profits=found.profits,
        unit=scale,
        trial=_trial(g, model, names),
        evaluate=evaluate,
    )


def _trial(g: Game, model: Model, names: Mapping[str, str]) -> LocalTrial | None:
    """Return how a local claim is tried where nothing is sold above some wholesale price, so that profit is flat there.

    The leader moves the wholesale price and the service; under a contract, price and share, which the manufacturer
    answers with its service.
    """
    if model is Model.DECENTRALIZED:
        return None
    is_contract = model is Model.CONTRACT
    share_limit = 1 - exact(1e-6)  # at a share of 1 service costs the manufacturer nothing, and has no best
    second = ("x", (exact(0), share_limit)) if is_contract else ("e_r", (exact(0), None))

    def answered(point: Point) -> Point:
        w, x = point[names["w"]], point[names["x"]]
        e_r = max(exact(0), g.beta * g.G / (1 - x)) if is_contract else point[names["e_r"]]
        usable = g.theta * (g.S + g.beta * e_r)
        best = {"p": min(g.a, (g.a + w) / 2), "e_r": e_r, "e_t": usable, "usable": usable}
        return {**point, **{names[key]: value for key, value in best.items()}}

    return LocalTrial(leads={names["w"]: (g.c, None), names[second[0]]: second[1]}, answered=answered)


def _service_name(model: Model) -> str:
    return "manufacturer.recycling_service[0]" if model is Model.CONTRACT else "recycling_service[0]"


def _evaluate_game(g: Game, model: Model, names: Mapping[str, str], point: Point) -> Evaluation:
    p, e_r, e_t, w, x, usable = (point[names[key]] for key in ("p", "e_r", "e_t", "w", "x", "usable"))
    profits = g.profits(p=p, e_r=e_r, e_t=e_t, w=w, x=x)
    is_contract = model is Model.CONTRACT
    limits = [-p, p - g.a, -e_r, -e_t, usable - g.theta * (g.S + g.beta * e_r)]
    sizes = [g.a, g.a, g.a, g.a, g.theta * (g.S + g.beta * abs(e_r))]
    limits[-1] = abs(limits[-1])
    gains = [
        interval_gain(p, curvature=2, slope=-(g.a + w), lower=exact(0), upper=g.a, stakes=g.a**2 / 4),
        interval_gain(e_t, curvature=1, slope=-usable, lower=exact(0), upper=None, stakes=usable**2 / 2),
    ]
    if is_contract:
        gains.append(
            interval_gain(e_r, curvature=1 - x, slope=-g.beta * g.G, lower=exact(0), upper=None, stakes=g.G * g.S)
        )
    return Evaluation(
        objective=profits["supply_chain" if is_contract else "manufacturer"],
        violation=max(exact(0), *(limit / size for limit, size in zip(limits, sizes, strict=True))),
        follower_gain=max(gains),
        profits=profits,
    )
