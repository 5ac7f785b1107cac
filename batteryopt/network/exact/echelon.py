"""Location problems of one echelon, as numbers: read off a network that is one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from batteryopt.ground.errors import FormulaDoesNotApply
from batteryopt.network.data.facilities import Candidate, Sizes, Standing
from batteryopt.network.data.geography import mode_km
from batteryopt.network.data.instance import Network

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class EchelonCase:
    """A location problem of one echelon.

    Attributes
    ----------
    sites
        Names of the candidates (n).
    opening
        f_j, present cost of having each open (n).
    serving
        w_i c_ij, present cost of carrying all of a zone's returns to a facility (zones, n); infinite: no way.
    leaving
        w_i u_i, present cost of leaving a zone's returns (zones); infinite: not allowed.
    constant
        What every plan costs beside.
    """

    sites: tuple[str, ...]
    opening: Floats
    serving: Floats
    leaving: Floats
    constant: float = 0.0

    def cost(self, chosen: Sequence[int]) -> float:
        """Return equation (1) for a set of open facilities."""
        nearest = self.serving[:, list(chosen)].min(axis=1, initial=np.inf)
        return float(self.opening[list(chosen)].sum() + np.minimum(nearest, self.leaving).sum() + self.constant)

    @classmethod
    def of(cls, network: Network) -> EchelonCase:
        """Return the case that a network is.

        Raises
        ------
        FormulaDoesNotApply
            With every condition that fails.
        """
        conditions = _failing_conditions(network)
        if conditions:
            raise FormulaDoesNotApply("the one-echelon network", conditions)
        return _read(network)


def _failing_conditions(network: Network) -> list[str]:
    products = {row.product for row in network.returns}
    demand = np.sum([network.profile(row.tonnes) for row in network.returns], axis=0)
    policy = network.policy
    rules = (policy.collection_targets, policy.coverage, policy.limits, policy.subsidies)
    conditions = {
        "more than one product returns": len(products) != 1,
        "there is more than one facility type": len(network.types) != 1,
        "a facility type has more than one recipe, level or size": any(
            len(t.recipes) != 1 or len(t.levels) != 1 or t.sizes is not Sizes.LEVELS for t in network.types
        ),
        "a recipe makes something, or takes other than 1 t": any(
            r.outputs or tuple(v for _, v in r.inputs) != (1,) for t in network.types for r in t.recipes
        ),
        "a product has a capacity of its own": any(level.by_product for t in network.types for level in t.levels),
        "a level could be full": any(level.capacity_t < demand.max() for t in network.types for level in t.levels),
        "something is stored, sold or disposed of": bool(
            network.markets or network.disposals or any(t.storage for t in network.types)
        ),
        "candidates are forced, existing or late": any(
            c.standing not in (Standing.OPEN, Standing.CLOSED) or c.earliest or c.levels for c in network.candidates
        ),
        "trips are counted": any(mode.trip_capacity_t is not None for mode in network.modes),
        "a place or a mode has a single destination": policy.single_source
        or any(row.single_source for row in network.returns)
        or any(mode.single_source for mode in network.modes),
        "lanes are limited, or have tolls": any(
            lane.most_t is not None or np.any(network.profile(lane.extra_cost_per_t)) for lane in network.lanes
        ),
        "there are rules": any(rules) or policy.budget is not None or policy.emission_cap_t is not None,
        "investments have salvage or emissions a price": any(t.life_periods for t in network.types)
        or bool(np.any(network.profile(policy.carbon_price_per_t))),
        "there is more than one period": len(network.periods) != 1,
    }
    return [text for text, fails in conditions.items() if fails]


def _read(network: Network) -> EchelonCase:
    candidates = [c for c in network.candidates if c.standing is Standing.OPEN]
    position = {site.name: i for i, site in enumerate(network.sites)}
    places = [position[c.site] for c in candidates]
    zones = [position[row.site] for row in network.returns]
    tonnes = np.array([network.profile(row.tonnes)[0] for row in network.returns])
    price = _freight(network)[np.ix_(zones, places)]
    for row, zone in enumerate(zones):
        for column, place in enumerate(places):
            if zone == place:
                price[row, column] = 0.0
    work = np.array([_work(network, c) for c in candidates])
    levels = network.types[0].levels
    opening = [float(network.profile(levels[0].opening_cost)[0]) * c.opening_cost_factor for c in candidates]
    fixed = [float(network.profile(levels[0].fixed_cost)[0]) * c.fixed_cost_factor for c in candidates]
    paid = np.array([network.profile(row.acquisition_cost_per_t)[0] for row in network.returns])
    left = {p.name: p.uncollected_cost_per_t for p in network.products}[network.returns[0].product]
    penalty = np.inf if left is None else float(network.profile(left)[0])
    return EchelonCase(
        sites=tuple(c.site for c in candidates),
        opening=np.array(opening) + np.array(fixed),
        serving=np.where(tonnes[:, None] > 0, tonnes[:, None] * (price + work + paid[:, None]), 0.0),
        leaving=np.array([t * penalty if t > 0 else 0.0 for t in tonnes.tolist()]),
    )


def _freight(network: Network) -> Floats:
    """Return the cheapest freight of a tonne (sites, sites); infinite where there is no way."""
    product = network.returns[0].product
    best = np.full((len(network.sites), len(network.sites)), np.inf)
    for mode in network.modes:
        if mode.products is None or product in mode.products:
            rates = {"cost_per_t_km": mode.cost_per_t_km, "cost_per_t": mode.cost_per_t}
            for row in mode.by_product:
                if row.product == product:
                    own = {name: getattr(row, name) for name in rates}
                    rates |= {name: value for name, value in own.items() if value is not None}
            per_km, flat = (float(network.profile(value)[0]) for value in rates.values())
            km = mode_km(network, mode)
            best = np.fmin(best, np.where(np.isnan(km), np.inf, km * per_km + flat))
    return best


def _work(network: Network, candidate: Candidate) -> float:
    """Return what processing a tonne costs at a candidate."""
    recipe, level = network.types[0].recipes[0], network.types[0].levels[0]
    site = next(site for site in network.sites if site.name == candidate.site)
    labour = float(network.profile(level.variable_cost_per_t)[0] + network.profile(recipe.cost_per_t)[0])
    power = recipe.electricity_kwh_per_t * float(network.profile(site.electricity_price_per_kwh)[0])
    return labour * candidate.variable_cost_factor + power
