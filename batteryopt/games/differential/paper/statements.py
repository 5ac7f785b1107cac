"""What the paper states in words or by inequalities, each tried by number: its corollaries and its text.

A statement's margin is a number that is positive where the statement holds: the least difference, slope or derivative
that must be positive, or for an equation what is left of its tolerance. Statements that fail are in `faults`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from batteryopt.games.differential.data.instance import DifferentialGameInstance
from batteryopt.games.differential.formula import closed_form
from batteryopt.games.differential.formula.pair_formulas import PairEquilibrium, pair_equilibrium
from batteryopt.games.differential.formula.statics import acceptable_shares, cross_derivative, derivative, pricing
from batteryopt.games.differential.judge.simulation import simulate
from batteryopt.games.differential.path.quadrature import FloatArray
from batteryopt.games.differential.solution import Model
from batteryopt.games.shell.tried import PublishedStatement

Margin: TypeAlias = Callable[[DifferentialGameInstance], float]

_BOTH = (Model.INTEGRATED, Model.DECENTRALIZED)
_TIMES = np.linspace(0.0, 60.0, 241)
"""Months at which "always" is tried."""
_FIG_4_TIME = 4.0
_EQUAL = 1e-9
"""Relative difference up to which two sides of an equation are equal."""


def _found(instance: DifferentialGameInstance, model: Model, **changes: object) -> PairEquilibrium:
    return pair_equilibrium(model, **{**instance.scalars(), **changes})


def _decisions(found: PairEquilibrium, efficiency: FloatArray) -> FloatArray:
    """Return prices, wholesale prices where there are any, and innovation at efficiencies (k) as (k, decisions)."""
    columns = [found.prices(efficiency), found.innovation(efficiency)[:, None]]
    if (wholesale := found.wholesale_prices(efficiency)) is not None:
        columns.append(wholesale)
    return np.concatenate(columns, axis=1)


def _decisions_rise(instance: DifferentialGameInstance) -> float:
    ends = np.array([0.0, 1.0])
    return min(float(np.diff(_decisions(_found(instance, model), ends), axis=0).min()) for model in _BOTH)


def _retail_prices_rise_faster(instance: DifferentialGameInstance) -> float:
    found, ends = _found(instance, Model.DECENTRALIZED), np.array([0.0, 1.0])
    return float(np.diff(found.prices(ends) - found.wholesale_prices(ends), axis=0).min())


def _paths_are_monotone(instance: DifferentialGameInstance) -> float:
    """Return the least step in the right direction of m, prices and innovation, from above and from below."""
    times, steps = np.linspace(0.0, 20.0, 81), []
    for model in _BOTH:
        steady = float(_found(instance, model).steady_efficiency)
        for start, direction in ((2.0 * steady, -1.0), (0.0, 1.0)):
            found = _found(instance, model, initial_efficiency=start)
            path = found.efficiency(times)
            steps.append(direction * np.diff(path)[:, None])
            steps.append(direction * np.diff(_decisions(found, path), axis=0))
    return min(float(step.min()) for step in steps)


def _steady_state_falls_with_cost(instance: DifferentialGameInstance) -> float:
    spread = instance.price_sensitivity - instance.cross_price_sensitivity
    costs = np.linspace(0.0, instance.efficiency_effect / spread, 101)
    return min(
        float(-np.diff(_found(instance, model, efficiency_unit_cost=costs).steady_efficiency).min()) for model in _BOTH
    )


def _regime_changes_at_the_threshold(instance: DifferentialGameInstance) -> float:
    """Return the least distance to m0 of the steady states on either side of a threshold that is there."""
    margins = []
    for model in _BOTH:
        start = 0.5 * float(pricing(model, **instance.scalars()).largest_steady_efficiency)
        threshold = float(pricing(model, **{**instance.scalars(), "initial_efficiency": start}).cost_threshold)
        below, above = (
            float(_found(instance, model, efficiency_unit_cost=part * threshold).steady_efficiency)
            for part in (0.99, 1.01)
        )
        margins += [threshold, below - start, start - above]
    return min(margins)


def _steady_derivatives(key: str, sign: float) -> Margin:
    names = ("steady_price_1", "steady_price_2", "steady_innovation", "steady_efficiency")

    def margin(instance: DifferentialGameInstance) -> float:
        scalars = instance.scalars()
        return min(sign * float(derivative(model, name, key, **scalars)) for model in _BOTH for name in names)

    return margin


def _prices_are_supermodular(vehicle: int) -> Margin:
    def margin(instance: DifferentialGameInstance) -> float:
        keys = ("credits_per_vehicle", "innovation_effectiveness")
        return float(cross_derivative(Model.INTEGRATED, f"steady_price_{vehicle}", keys, **instance.scalars()))

    return margin


def _integration_gives_more(instance: DifferentialGameInstance) -> float:
    together, apart = (_found(instance, model) for model in _BOTH)
    start = instance.initial_efficiency
    return min(
        float(together.innovation(together.steady_efficiency) - apart.innovation(apart.steady_efficiency)),
        float(together.steady_efficiency - apart.steady_efficiency),
        float(together.leader(start) - apart.supply_chain(start)),
    )


def _contract_prices_are_integrated(instance: DifferentialGameInstance) -> float:
    """Return what is left of the tolerance: the retailer's best prices at w = delta C, against (23) and (24)."""
    beta, gamma = instance.price_sensitivity, instance.cross_price_sensitivity
    effect, share = np.array([[beta, -gamma], [-gamma, beta]]), _middle_share(instance)
    differences = []
    for m in (0.0, instance.initial_efficiency):
        unit_cost = np.array(instance.unit_cost) + instance.efficiency_unit_cost * m
        reach = np.array(instance.market_size) + instance.efficiency_effect * m
        income = instance.credit_price * instance.credits_per_vehicle
        charged = share * unit_cost  # maximise (share (p + income) - charged)' (reach - effect p) over p
        best = (np.linalg.solve(effect, reach) + charged / share - income) / 2
        differences.append(np.abs(best / _found(instance, Model.INTEGRATED).prices(np.array(m)) - 1).max())
    return _EQUAL - float(max(differences))


def _contract_undercuts_cost(instance: DifferentialGameInstance) -> float:
    cost = min(instance.unit_cost) + instance.efficiency_unit_cost * np.array([0.0, instance.initial_efficiency])
    return float(((1 - _middle_share(instance)) * cost).min())


def _contract_values_add_up(instance: DifferentialGameInstance) -> float:
    """Return what is left of a millionth: the players' profits of (35), simulated, against (26)."""
    simulated = simulate(closed_form.solve(instance, Model.CONTRACT)).values.sum()
    whole = float(_found(instance, Model.INTEGRATED).leader(instance.initial_efficiency))
    return 1e-6 - abs(float(simulated) / whole - 1)


def _middle_share(instance: DifferentialGameInstance) -> float:
    low, high = acceptable_shares(**instance.scalars())
    return float(low + high) / 2


def _over_decentralised(instance: DifferentialGameInstance, what: Callable[[PairEquilibrium], FloatArray]) -> float:
    """Return by how much a path is higher at least, integrated over decentralised, from above and from below.

    Minus infinity where the contract's path is not the integrated one.
    """
    least = math.inf
    for start in (instance.initial_efficiency, 0.0):
        apart, together, shared = (
            what(_found(instance, model, initial_efficiency=start))
            for model in (Model.DECENTRALIZED, Model.INTEGRATED, Model.CONTRACT)
        )
        if not np.allclose(shared, together, rtol=_EQUAL, atol=0.0):
            return -math.inf
        least = min(least, float((together - apart).min()))
    return least


def _integrated_efficiency_is_higher(instance: DifferentialGameInstance) -> float:
    return _over_decentralised(instance, lambda found: np.asarray(found.efficiency(_TIMES[1:])))


def _integrated_innovation_is_higher(instance: DifferentialGameInstance) -> float:
    return _over_decentralised(instance, lambda found: np.asarray(found.innovation(found.efficiency(_TIMES))))


def _integrated_prices_are_lower(instance: DifferentialGameInstance) -> float:
    together, apart = (_found(instance, model) for model in _BOTH)
    return float((apart.prices(apart.efficiency(_TIMES)) - together.prices(together.efficiency(_TIMES))).min())


def _integrated_sales_and_profits_are_higher(instance: DifferentialGameInstance) -> float:
    together, apart = (_found(instance, model) for model in _BOTH)
    near, far = together.efficiency(_TIMES), apart.efficiency(_TIMES)
    sold = together.demands(near) - apart.demands(far)
    return min(float(sold.min()), float((together.leader(near) - apart.supply_chain(far)).min()))


def _contract_helps_both_always(instance: DifferentialGameInstance) -> float:
    together, apart = (_found(instance, model) for model in _BOTH)
    whole, far = together.leader(together.efficiency(_TIMES)), apart.efficiency(_TIMES)
    share = _middle_share(instance)
    gains = share * whole - apart.retailer(far), (1 - share) * whole - apart.leader(far)
    return min(float(gain.min()) for gain in gains)


def _credits_raise_efficiency_and_innovation(instance: DifferentialGameInstance) -> float:
    """Return the least rise of m and g at t = 4 over a grid of h and theta, and integrated over decentralised."""
    margins, at_four = [], {}
    for key in ("credit_price", "credits_per_vehicle"):
        values = getattr(instance, key) * np.linspace(0.0, 1.4, 15)
        for model in _BOTH:
            found = _found(instance, model, **{key: values})
            m = found.efficiency(_FIG_4_TIME)
            at_four[model] = np.array([m, found.innovation(m)])
            margins.append(np.diff(at_four[model]).min())
        margins.append((at_four[Model.INTEGRATED] - at_four[Model.DECENTRALIZED]).min())
    return float(min(margins))


def _credits_raise_profits(instance: DifferentialGameInstance) -> float:
    names = ("present_value_supply_chain", "present_value_manufacturer", "present_value_retailer")
    scalars, keys = instance.scalars(), ("credit_price", "credits_per_vehicle")
    cases = [(Model.INTEGRATED, names[0]), *((Model.DECENTRALIZED, name) for name in names)]
    return min(float(derivative(model, name, key, **scalars)) for model, name in cases for key in keys)


STATEMENTS: tuple[PublishedStatement[DifferentialGameInstance], ...] = (
    PublishedStatement(
        place="Prop. 1 and 3", words="prices and innovation rise with efficiency", margin=_decisions_rise
    ),
    PublishedStatement(
        place="Prop. 1", words="retail prices rise faster than wholesale prices", margin=_retail_prices_rise_faster
    ),
    PublishedStatement(
        place="Prop. 2 and 4",
        words="from above the steady state efficiency, prices and innovation fall, from below they rise",
        margin=_paths_are_monotone,
        about=("Fig. 2a", "Fig. 2b"),
    ),
    PublishedStatement(
        place="Corollaries 1 and 2",
        words="the steady state falls with c0, from the printed bound on",
        margin=_steady_state_falls_with_cost,
    ),
    PublishedStatement(
        place="Corollaries 1 and 2",
        words="below that bound there is a c0 at which penetration turns into skimming",
        margin=_regime_changes_at_the_threshold,
    ),
    PublishedStatement(
        place="Prop. 5(i)",
        words="the steady price of vehicle 1 is supermodular in (theta, mu)",
        margin=_prices_are_supermodular(1),
    ),
    PublishedStatement(
        place="Prop. 5(ii)",
        words="the steady price of vehicle 2 is supermodular in (theta, mu)",
        margin=_prices_are_supermodular(2),
    ),
    PublishedStatement(
        place="Corollary 3(i)",
        words="steady prices, innovation and efficiency rise with mu",
        margin=_steady_derivatives("innovation_effectiveness", 1.0),
    ),
    PublishedStatement(
        place="Corollary 3(ii)",
        words="steady prices, innovation and efficiency fall with c0",
        margin=_steady_derivatives("efficiency_unit_cost", -1.0),
    ),
    PublishedStatement(
        place="Corollary 3(iii)",
        words="steady prices, innovation and efficiency rise with phi",
        margin=_steady_derivatives("efficiency_effect", 1.0),
    ),
    PublishedStatement(
        place="Corollary 5",
        words="integration gives more innovation, efficiency and profit",
        margin=_integration_gives_more,
    ),
    PublishedStatement(
        place="Prop. 6",
        words="at w = delta (c + c0 m) the retailer's best prices are the integrated ones",
        margin=_contract_prices_are_integrated,
    ),
    PublishedStatement(
        place="Prop. 6", words="these wholesale prices are below unit cost", margin=_contract_undercuts_cost
    ),
    PublishedStatement(
        place="Prop. 7(ii)",
        words="the players' profits under the contract add up to the integrated ones",
        margin=_contract_values_add_up,
        about=("Fig. 3c",),
    ),
    PublishedStatement(
        place="text under Fig. 2",
        words="at every t > 0 efficiency is the same under the contract as integrated, and higher than decentralised",
        margin=_integrated_efficiency_is_higher,
        is_general=False,
        about=("Fig. 2a",),
    ),
    PublishedStatement(
        place="text under Fig. 2",
        words="green innovation is the same under the contract as integrated, and higher than decentralised",
        margin=_integrated_innovation_is_higher,
        is_general=False,
        about=("Fig. 2b",),
    ),
    PublishedStatement(
        place="text under Fig. 3",
        words="integrated prices are always below the decentralised ones",
        margin=_integrated_prices_are_lower,
        about=("Fig. 3a",),
        is_general=False,
    ),
    PublishedStatement(
        place="text under Fig. 3",
        words="integrated demands and profits are always above the decentralised ones",
        margin=_integrated_sales_and_profits_are_higher,
        about=("Fig. 3b", "Fig. 3c"),
        is_general=False,
    ),
    PublishedStatement(
        place="text under Fig. 3",
        words="under the contract both players always earn more than apart (at the middle share)",
        margin=_contract_helps_both_always,
        about=("Fig. 3c",),
        is_general=False,
    ),
    PublishedStatement(
        place="text under Fig. 4",
        words="efficiency and innovation at t = 4 rise with h and theta, and are higher when integrated",
        margin=_credits_raise_efficiency_and_innovation,
        about=("Fig. 4a", "Fig. 4b"),
        is_general=False,
    ),
    PublishedStatement(
        place="text under Fig. 5",
        words="every player's profit rises with h and theta, and the chain's",
        margin=_credits_raise_profits,
        about=("Fig. 5",),
        is_general=False,
    ),
)
"""The statements that hold at the cases tried; those that do not are in `faults`."""
