"""Policies of the field as templates: what each changes of a network, and what the government pays or takes by it.

Government money is discounted as all money is, and counted from the plan: what it pays has a plus, what it takes a
minus. Where a policy moves money that no decision can change (a levy on all that returns), the plan does not see it,
and it is added here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from batteryopt.ground.errors import Fault, InvalidInput, nearest
from batteryopt.network.data.instance import Network
from batteryopt.network.data.policy import Subsidy, SubsidyBase
from batteryopt.network.studies.variants import refused_in_words

Row = Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class PolicyTemplate:
    """A policy with one rate.

    Attributes
    ----------
    name
        As it is asked for.
    about
        What the rate is.
    change
        Function from a network, the rate and the row of the base to the network under the policy.
    levied
        Function from a network and the rate to what the government takes whatever is planned, discounted.
    is_levied_from_owner
        Whether the network's owner pays that, so that it belongs to the owner's cost; else those who bought batteries.
    """

    name: str
    about: str
    change: Callable[[Network, float, Row], Network]
    levied: Callable[[Network, float], float] = lambda _network, _rate: 0.0
    is_levied_from_owner: bool = False


def _subsidised(base: SubsidyBase) -> Callable[[Network, float, Row], Network]:
    def change(network: Network, rate: float, _base: Row) -> Network:
        subsidy = Subsidy(name="policy", base=base, rate=rate)
        return network.replace(subsidies=(*network.policy.subsidies, subsidy))

    return change


def _carbon_price(network: Network, rate: float, _base: Row) -> Network:
    return network.replace(carbon_price_per_t=rate)


def _carbon_cap(network: Network, share: float, base: Row) -> Network:
    """Cap the emissions of the whole plan at the base's, less a share of their size (avoided ones have a minus)."""
    emitted = base["kpis.emissions_t"]
    return network.replace(emission_cap_total_t=emitted - share * abs(emitted))


def returned_money(network: Network, rate: float) -> float:
    """Return a rate on every tonne that returns, discounted; what comes back from markets not counted."""
    tonnes = sum((network.profile(row.tonnes) for row in network.returns), np.zeros(len(network.periods)))
    return float(rate * (tonnes * network.discount_factors).sum())


def rewarded_above(target: float) -> PolicyTemplate:
    """Return the template that rewards each tonne above a target share and charges each below it."""
    return PolicyTemplate(
        name="reward-penalty",
        about=f"money a tonne above {target:.0%} of the returns, and to be paid for each below",
        change=_subsidised(SubsidyBase.COLLECTED),
        # rate x (collected - target x returned): the second part no decision changes
        levied=lambda network, rate: returned_money(network, rate * target),
        is_levied_from_owner=True,
    )


TEMPLATES: Mapping[str, PolicyTemplate] = {
    template.name: template
    for template in (
        PolicyTemplate(
            name="subsidy-collected",
            about="money a tonne collected",
            change=_subsidised(SubsidyBase.COLLECTED),
        ),
        PolicyTemplate(
            name="subsidy-processed",
            about="money a tonne processed, in every facility that it goes through",
            change=_subsidised(SubsidyBase.PROCESSED),
        ),
        PolicyTemplate(
            name="investment-subsidy",
            about="share of what opening and raising costs, 0 to 1",
            change=_subsidised(SubsidyBase.OPENING_COST),
        ),
        rewarded_above(0.5),
        PolicyTemplate(
            name="deposit-refund",
            about="deposit on every tonne that returns, paid back for each tonne collected",
            change=_subsidised(SubsidyBase.COLLECTED),
            levied=returned_money,
        ),
        PolicyTemplate(
            name="carbon-tax", about="money a tonne of CO2e, instead of the price so far", change=_carbon_price
        ),
        PolicyTemplate(name="carbon-cap", about="share by which emissions are below the base's", change=_carbon_cap),
    )
}


def template_of(name: str, target: float = 0.5) -> PolicyTemplate:
    """Return a template by its name, or raise `InvalidInput` with the nearest one."""
    if name not in TEMPLATES:
        raise InvalidInput("policies", [Fault(place=name, problem="is no policy", remedy=nearest(name, TEMPLATES))])
    return rewarded_above(target) if name == "reward-penalty" else TEMPLATES[name]


def government_money(row: Mapping[str, float], levied: float) -> float:
    """Return what the government pays in a plan: subsidies, less what carbon costs, penalties and levies bring in."""
    terms = (row["cost_terms.subsidy"], row["cost_terms.carbon"], row["cost_terms.penalties"])
    return -sum(terms) - levied


def under(network: Network, template: PolicyTemplate, rate: float, base: Row) -> tuple[Network | None, str]:
    """Return a network under a policy, or None and what is wrong with the rate."""
    try:
        return template.change(network, rate, base), ""
    except InvalidInput as error:
        return None, refused_in_words(error)
