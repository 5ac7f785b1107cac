"""What is wrong in the paper beyond single figures and formulas: statements that its own model contradicts."""

from __future__ import annotations

import math
from collections.abc import Callable

from batteryopt.games.differential.data.instance import DifferentialGameInstance
from batteryopt.games.differential.formula.pair_formulas import pair_equilibrium
from batteryopt.games.differential.formula.statics import acceptable_shares, cross_derivative, derivative, pricing
from batteryopt.games.differential.solution import Model
from batteryopt.games.shell.tried import PublishedFault

Number = Callable[[DifferentialGameInstance], float]


def _steady_price_gap(model: Model) -> Number:
    def gap(instance: DifferentialGameInstance) -> float:
        found = pair_equilibrium(model, **instance.scalars())
        first, second = found.prices(found.steady_efficiency)
        return float(first - second)

    return gap


def _printed_price_gap(factor: float, weight: float) -> Number:
    """Return the price gap whose sign Corollary 4 states: ``weight (c_1 - c_2 - factor (alpha_1 - alpha_2)/(...))``."""

    def gap(instance: DifferentialGameInstance) -> float:
        (a1, a2), (c1, c2) = instance.market_size, instance.unit_cost
        total = instance.price_sensitivity + instance.cross_price_sensitivity
        return weight * (c1 - c2 - factor * (a1 - a2) / total)

    return gap


def _share_denominator_error(instance: DifferentialGameInstance) -> float:
    """Return the width of the interval with J^D in the denominators, which is 0 for every instance."""
    apart = pair_equilibrium(Model.DECENTRALIZED, **instance.scalars())
    start = instance.initial_efficiency
    whole = apart.supply_chain(start)
    return float(1 - apart.leader(start) / whole - apart.retailer(start) / whole)


def _share_width(instance: DifferentialGameInstance) -> float:
    low, high = acceptable_shares(**instance.scalars())
    return float(high - low)


def _innovation_cross_effect(instance: DifferentialGameInstance) -> float:
    keys = ("credit_price", "innovation_cost")
    return float(cross_derivative(Model.INTEGRATED, "steady_innovation", keys, **instance.scalars()))


def _negative_demand(instance: DifferentialGameInstance) -> float:
    """Return D_2 at m_0 of an instance that keeps the printed assumption and sells less than nothing."""
    changed = instance.replace(market_size=(20.0, 6.0), unit_cost=(1.0, 12.0))
    found = pair_equilibrium(Model.DECENTRALIZED, **changed.scalars())
    return float(found.demands(changed.initial_efficiency)[1])


def _steady(model: Model) -> Number:
    return lambda instance: float(pair_equilibrium(model, **instance.scalars()).steady_efficiency)


def _price_by_cost(instance: DifferentialGameInstance, *, steady: bool) -> float:
    """Return the derivative of p_1^I by c0, in the steady state or at the start."""
    scalars = instance.scalars()
    if steady:
        return float(derivative(Model.INTEGRATED, "steady_price_1", "efficiency_unit_cost", **scalars))
    step = 1e-6 * instance.efficiency_unit_cost  # the price at m_0 is affine in c0
    low, high = (
        pair_equilibrium(Model.INTEGRATED, **{**scalars, "efficiency_unit_cost": c0}).prices(
            scalars["initial_efficiency"]
        )
        for c0 in (instance.efficiency_unit_cost - step, instance.efficiency_unit_cost + step)
    )
    return float((high - low)[0] / (2 * step))


def _cost_threshold(instance: DifferentialGameInstance) -> float:
    return float(pricing(Model.INTEGRATED, **instance.scalars()).cost_threshold)


def _cost_for_a_real_root(instance: DifferentialGameInstance) -> float:
    """Return the k above which xi_2 is real."""
    pull, spread = _pull_and_spread(instance)
    return 2 * pull / (spread * (2 * instance.efficiency_decay + instance.discount_rate) ** 2)


def _cost_for_a_steady_state(instance: DifferentialGameInstance) -> float:
    """Return the k above which Q_2 is positive."""
    pull, spread = _pull_and_spread(instance)
    decay = instance.efficiency_decay
    return 2 * pull / (4 * spread * decay * (decay + instance.discount_rate))


def _pull_and_spread(instance: DifferentialGameInstance) -> tuple[float, float]:
    spread = instance.price_sensitivity - instance.cross_price_sensitivity
    net = instance.efficiency_effect - spread * instance.efficiency_unit_cost
    return (instance.innovation_effectiveness * net) ** 2, spread


def _innovation(instance: DifferentialGameInstance) -> float:
    found = pair_equilibrium(Model.DECENTRALIZED, **instance.scalars())
    return float(found.innovation(instance.initial_efficiency))


def _innovation_at_half_the_cost(instance: DifferentialGameInstance) -> float:
    return _innovation(instance.replace(innovation_cost=instance.innovation_cost / 2))


def _demand_under_contract(instance: DifferentialGameInstance) -> float:
    found = pair_equilibrium(Model.CONTRACT, **instance.scalars())
    return float(found.demands(instance.initial_efficiency)[0])


def _demand_if_free(instance: DifferentialGameInstance) -> float:
    """Return D_1 at m0 if, under (35), the manufacturer chose the wholesale prices: y_1/(2 (1 + delta)).

    With ``x = w/delta`` the retailer sells ``D = (alpha + Phi m - B (x - h theta))/2``, and the manufacturer earns
    ``(p - C + h theta)' D - delta D' B^-1 D``, where ``p = B^-1 (alpha + Phi m - D)``: most at ``y/(2 (1 + delta))``.
    """
    share = math.fsum(float(end) for end in acceptable_shares(**instance.scalars())) / 2
    return _demand_under_contract(instance) / (1 + share)


FAULTS: tuple[PublishedFault[DifferentialGameInstance], ...] = (
    PublishedFault(
        place="(4)",
        printed="the innovation cost is G = k g^2/2",
        right="G = k g^2, which (5), (7) and (22) charge and (35) shares",
        why="the solution belongs to k g^2: g = mu V'/(2 k) in (12) and (25), xi, A_1 and M_1. With k g^2/2 the best g "
        "would be mu V'/k. Both can be right only if (4) means the cost for one of the two vehicles, which it does not "
        "say. The numbers are g^D at m_0 with the cost of (4) and with that of (5)",
        as_printed=_innovation_at_half_the_cost,
        as_derived=_innovation,
    ),
    PublishedFault(
        place="Prop. 1 and 3",
        printed="Q_1 > 0 and Q_2 > 0",
        right="Q > 0 only if 4 k (beta - gamma) eta (eta + rho) > n mu^2 (phi - (beta - gamma) c0)^2, n = 1, 2",
        why="asserted without a condition; a real xi is not enough: between the two values of k below (base case, "
        "integrated), xi_2 is real and efficiency grows without limit",
        as_printed=_cost_for_a_real_root,
        as_derived=_cost_for_a_steady_state,
    ),
    PublishedFault(
        place="Section Problem and symbol description",
        printed="0 < c_1 + c_2 - 2 h theta < (alpha_1 + alpha_2)/(beta - gamma) ensures positivity",
        right="each alpha_i - beta (c_i - h theta) + gamma (c_{3-i} - h theta) must be positive by itself",
        why="the sums can be in order and one demand negative. The number is the first D_2^D of the base case with "
        "alpha = (20, 6) and c = (1, 12), which keep the assumption",
        as_derived=_negative_demand,
    ),
    PublishedFault(
        place="Prop. 2",
        printed="paths under the integrated channel",
        right="paths under the decentralised channel",
        why="the formulas (17) to (21) are the decentralised ones",
    ),
    PublishedFault(
        place="Corollaries 1 and 2",
        printed="0 < m_0 < ..., and the threshold of c0 satisfies 0 < m_0 < ...",
        right="0 < m_inf < ..., and the threshold of c0 satisfies m_inf(c0) = m_0",
        why="an interval cannot define the threshold; it needs the steady state, and a denominator that is positive at "
        "c0 = 0. Ours for the integrated game",
        as_derived=_cost_threshold,
    ),
    PublishedFault(
        place="Corollary 3(ii)",
        printed="the derivative of p_i(t) by c0 is negative",
        right="only of the steady price; at the start it is m_0/2 when integrated and m_0/4 when decentralised",
        why="m(0) = m_0 is given, and dearer efficiency then makes vehicles dearer: prices start higher and fall "
        "lower. The numbers are the derivatives of p_1^I in the steady state and at t = 0",
        as_printed=lambda instance: _price_by_cost(instance, steady=True),
        as_derived=lambda instance: _price_by_cost(instance, steady=False),
    ),
    PublishedFault(
        place="text under Corollary 3",
        printed="prices, innovation and efficiency decrease with decreasing c0",
        right="they decrease with increasing c0 (the paper's own Corollary 3(ii))",
        why="its derivatives by c0 are negative. The numbers are m_inf^I at c0 and at nine tenths of it",
        as_printed=_steady(Model.INTEGRATED),
        as_derived=lambda instance: _steady(Model.INTEGRATED)(
            instance.replace(efficiency_unit_cost=0.9 * instance.efficiency_unit_cost)
        ),
    ),
    PublishedFault(
        place="Corollary 4(i)",
        printed="p_1^D > p_2^D in the steady state iff c_1 - c_2 > 3 (alpha_1 - alpha_2)/(beta + gamma)",
        right="iff c_1 - c_2 > -3 (alpha_1 - alpha_2)/(beta + gamma)",
        why="a sign, which the text below repeats; the two numbers are p_1^D - p_2^D with the printed sign and by (8) "
        "and (9)",
        as_printed=_printed_price_gap(3.0, 0.25),
        as_derived=_steady_price_gap(Model.DECENTRALIZED),
    ),
    PublishedFault(
        place="Corollary 4(ii)",
        printed="p_1^I > p_2^I in the steady state iff c_1 - c_2 > (alpha_1 - alpha_2)/(beta + gamma)",
        right="iff c_1 - c_2 > -(alpha_1 - alpha_2)/(beta + gamma)",
        why="a sign; the two numbers are p_1^I - p_2^I with the printed sign and by (23) and (24). At the base case "
        "both are negative: the misprint does not show",
        as_printed=_printed_price_gap(1.0, 0.5),
        as_derived=_steady_price_gap(Model.INTEGRATED),
    ),
    PublishedFault(
        place="Prop. 5(iii)",
        printed="the steady state of innovation is supermodular in (h, k)",
        right="it is submodular: its mixed second derivative is negative",
        why="g_inf^I = eta mu f A/(4 k b eta (eta + rho) - 2 mu^2 f^2), where only A grows with h and only the "
        "denominator with k. The number is the derivative",
        as_derived=_innovation_cross_effect,
    ),
    PublishedFault(
        place="Prop. 7(i)",
        printed="J_R^D/J^D <= delta <= 1 - J_M^D/J^D",
        right="J_R^D/J^I <= delta <= 1 - J_M^D/J^I",
        why="as printed the interval is one point, since J_M^D + J_R^D = J^D. The numbers are its width",
        as_printed=_share_denominator_error,
        as_derived=_share_width,
        about=("Fig. 1",),
    ),
    PublishedFault(
        place="(35) and Prop. 6",
        printed="the manufacturer maximises over w_1, w_2 and g under the contract, and w_i = delta (c_i + c0 m)",
        right="the contract must fix w_i = delta (c_i + c0 m); free to choose, the manufacturer asks more",
        why="left to the manufacturer, w makes demand y/(2 (1 + delta)) instead of y/2. The numbers are D_1 at m_0 "
        "under the contract and if w were free, at the share that gives both the same gain",
        as_printed=_demand_under_contract,
        as_derived=_demand_if_free,
    ),
    PublishedFault(
        place="text under Fig. 2",
        printed="the final stability value is the same under the integrated and the decentralised scenario",
        right="m_inf^I > m_inf^D (the paper's own Corollary 5)",
        why="each scenario ends in its own steady state whatever m_0 is. The numbers are m_inf^D and m_inf^I",
        as_printed=_steady(Model.DECENTRALIZED),
        as_derived=_steady(Model.INTEGRATED),
        about=("Fig. 2a",),
    ),
)
"""The faults that we found, each checked by number in the tests."""
