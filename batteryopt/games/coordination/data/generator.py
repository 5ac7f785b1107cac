"""Random instances with a seed: interior by construction, or with a chosen constraint that binds."""

from __future__ import annotations

import enum
import math
from typing import Any

import numpy as np

from batteryopt.games.coordination.data.instance import CoordinationInstance
from batteryopt.games.coordination.data.region_faults import FloatArray
from batteryopt.games.coordination.data.regions import CoordinationNetwork

MONEY_AND_QUANTITIES = (
    "market_size",
    "wholesale_price",
    "transfer_price",
    "testing_cost",
    "scrap_value",
    "voluntary_returns",
    "residual_value",
    "echelon_market_size",
    "production_cost",
)


def scaled(instance: CoordinationInstance, factor: float) -> CoordinationInstance:
    """Return the instance with all money and quantities times a factor: its decisions times that, profits its square.

    The usable share and the service response stay: they are the same in all units.
    """
    return instance.replace(**{name: getattr(instance, name) * factor for name in MONEY_AND_QUANTITIES})


class Binding(enum.StrEnum):
    """The constraint that binds in an instance of `binding_instance`, and in which models."""

    DEMAND = "demand"
    """The wholesale price exceeds the market size: no vehicle is sold where it is given."""
    SERVICE = "service"
    """Scrap costs so much that returns lose money: no service, in no model."""
    ECHELON_PARTICIPATION = "echelon-participation"
    """Decentralised: the enterprise asks for more than it would get; the manufacturer must give more service."""
    RETAILER_PARTICIPATION = "retailer-participation"
    """Where the manufacturer sets the wholesale price: the retailer asks for more than it would be left with."""
    WHOLESALE_CAP = "wholesale-cap"
    """Where the manufacturer sets the wholesale price: a cap below the price it would choose."""


def random_instance(seed: int, *, contract_exists: bool = True) -> CoordinationInstance:
    """Return an instance of the paper's game whose answers are interior in every model.

    Demand is positive because c < w < a; the manufacturer earns on returns (G > 0), so that it gives service; and m is
    set so that the centralised service is a chosen multiple of the decentralised one: above 1 a contract exists.

    Parameters
    ----------
    seed
        The same seed gives the same instance.
    contract_exists
        Whether the centralised service exceeds the decentralised one.
    """
    rng = np.random.default_rng(seed)
    market_size = rng.uniform(20, 200)
    production_cost = rng.uniform(0, 0.3) * market_size
    theta, beta, returns = rng.uniform(0.2, 0.9), rng.uniform(0.2, 1.5), rng.uniform(2, 20)
    scrap_value, transfer_price, testing_cost = rng.uniform(0.2, 5), rng.uniform(0.5, 8), rng.uniform(0.1, 2)
    scrap_part = scrap_value * (1 - theta)
    revenue = transfer_price * theta + scrap_part
    least = scrap_part / revenue  # a smaller multiple could need a negative m
    multiple = rng.uniform(1.2, 3) if contract_exists else rng.uniform(least, least + 0.9 * (1 - least))
    service = beta * revenue * multiple
    chain_value = service * (1 / beta + beta * theta**2) + theta**2 * returns  # f (1 - theta) + theta (m - c_t)
    voluntary = rng.uniform(0.3, 0.9) * returns
    return CoordinationInstance(
        name=f"random-{seed}",
        source=f"random_instance(seed={seed}, contract_exists={contract_exists})",
        market_size=market_size,
        wholesale_price=production_cost + rng.uniform(0.1, 0.9) * (market_size - production_cost),
        transfer_price=transfer_price,
        testing_cost=testing_cost,
        scrap_value=scrap_value,
        usable_share=theta,
        voluntary_returns=voluntary,
        residual_value=returns - voluntary,
        service_response=beta,
        echelon_market_size=(chain_value - scrap_part) / theta + testing_cost,
        production_cost=production_cost,
    )


def binding_instance(seed: int, binding: Binding | str) -> CoordinationInstance:
    """Return an instance in which a constraint binds, so that the interior formulas do not apply.

    The constraint leaves no model without a feasible point. (The transfer price as a decision stays unbounded, but for
    `Binding.ECHELON_PARTICIPATION`.)
    """
    binding = Binding(binding)
    rng = np.random.default_rng([seed, list(Binding).index(binding)])
    makers = {
        Binding.DEMAND: _without_demand,
        Binding.SERVICE: _without_service,
        Binding.ECHELON_PARTICIPATION: _with_demanding_enterprise,
        Binding.RETAILER_PARTICIPATION: _with_demanding_retailer,
        Binding.WHOLESALE_CAP: _with_low_cap,
    }
    instance = makers[binding](random_instance(seed), rng)
    return instance.replace(
        name=f"{binding.value}-{seed}", source=f"binding_instance(seed={seed}, binding={binding.value})"
    )


def _without_demand(base: CoordinationInstance, rng: np.random.Generator) -> CoordinationInstance:
    return base.replace(wholesale_price=base.market_size * rng.uniform(1.05, 2))


def _without_service(base: CoordinationInstance, rng: np.random.Generator) -> CoordinationInstance:
    """Make a return lose money for the manufacturer alone and for the chain, with and without echelon use."""
    theta = base.usable_share
    best_use = theta * max(base.transfer_price, base.echelon_market_size - base.testing_cost)
    return base.replace(scrap_value=-rng.uniform(1.1, 2) * best_use / (1 - theta))


def _with_demanding_enterprise(base: CoordinationInstance, rng: np.random.Generator) -> CoordinationInstance:
    """Ask for the profit at a larger supply than the manufacturer would give by itself.

    With supply U and H = m - c_t - w_t the enterprise earns H U - U^2 / 2, which rises up to U = H.
    """
    theta, beta = base.usable_share, base.service_response
    revenue = base.transfer_price * theta + base.scrap_value * (1 - theta)
    supply = theta * (base.voluntary_returns + base.residual_value + beta**2 * revenue)
    best_supply = supply * rng.uniform(1.2, 2)
    asked = supply + rng.uniform(0.1, 0.7) * (best_supply - supply)
    return base.replace(
        echelon_market_size=best_supply + base.testing_cost + base.transfer_price,
        reservation_profit_echelon=best_supply * asked - asked**2 / 2,
    )


def _with_demanding_retailer(base: CoordinationInstance, rng: np.random.Generator) -> CoordinationInstance:
    """Ask for more than (a - c)^2 / 16, what the retailer earns at the manufacturer's best wholesale price."""
    asked = rng.uniform(1.2, 3) * (base.market_size - base.production_cost) ** 2 / 16
    acceptable = base.market_size - 2 * math.sqrt(asked)
    return base.replace(reservation_profit_retailer=asked, wholesale_price=0.95 * acceptable)


def _with_low_cap(base: CoordinationInstance, rng: np.random.Generator) -> CoordinationInstance:
    margin = (base.market_size - base.production_cost) / 2
    return base.replace(wholesale_price_cap=base.production_cost + rng.uniform(0.2, 0.9) * margin)


def random_network(
    seed: int, regions: int, enterprises: int, *, neighbours: int = 2, rivalry: bool = True
) -> CoordinationNetwork:
    """Return an instance of the network form whose answers are interior in every model.

    Regions lie on a circle and buyers cross to the nearest ones; effects are symmetric and sum to at most 0.4, which
    with c < w_r < a_r makes every demand positive in every model. The echelon market size is set so that the
    centralised service is a chosen multiple, above 1, of the decentralised one. Beyond ten regions each returns fewer
    batteries the more there are, so that vehicles and batteries earn profits of the same size.

    Parameters
    ----------
    neighbours
        How many regions on each side of a region its buyers cross to.
    rivalry
        Whether effort takes batteries from rivals; without it a coordinating contract exists.
    """
    rng = np.random.default_rng(seed)
    vehicles = _vehicle_side(rng, regions, neighbours)
    batteries = _battery_side(rng, regions, enterprises, rivalry)
    return CoordinationNetwork(
        name=f"random-network-{regions}x{enterprises}-{seed}",
        source=f"random_network(seed={seed}, regions={regions}, enterprises={enterprises}, "
        f"neighbours={neighbours}, rivalry={rivalry})",
        **vehicles,
        **batteries,
    )


def _vehicle_side(rng: np.random.Generator, regions: int, neighbours: int) -> dict[str, Any]:
    market_size = rng.uniform(20, 60, regions)
    cost = rng.uniform(0, 4)
    return {
        "market_size": market_size,
        "production_cost": cost,
        "wholesale_price": cost + rng.uniform(0.1, 0.9, regions) * (market_size - cost),
        "cross_price_effect": _circle(rng, regions, neighbours),
    }


def _battery_side(rng: np.random.Generator, regions: int, enterprises: int, rivalry: bool) -> dict[str, Any]:
    density = min(1.0, (10 / regions) ** 0.5)
    beta, returns = rng.uniform(0.3, 0.9, regions) * density**0.5, rng.uniform(4, 12, regions) * density
    theta, scrap_value, transfer_price = rng.uniform(0.3, 0.8), rng.uniform(0.2, 3), rng.uniform(1, 6)
    weights, costs = rng.uniform(0.9, 1.1, enterprises), rng.uniform(1, 1.4, enterprises)
    testing, sigma = rng.uniform(0.5, 1, enterprises), rng.uniform(0.1, 0.4) / enterprises if rivalry else 0.0
    shares, scrap_part = weights / weights.sum(), scrap_value * (1 - theta)
    value = (transfer_price * theta + scrap_part) * rng.uniform(1.2, 2)  # of one more return, to the chain
    supply = float(theta * (returns.sum() + value * beta @ beta))
    efforts = _chain_efforts(costs, shares, testing, sigma, supply)
    voluntary = rng.uniform(0.3, 0.9, regions) * returns
    return {
        "service_response": beta,
        "voluntary_returns": voluntary,
        "residual_value": returns - voluntary,
        "testing_cost": testing,
        "effort_cost": costs,
        "share_weight": weights,
        "effort_rivalry": sigma,
        "transfer_price": transfer_price,
        "scrap_value": scrap_value,
        "usable_share": theta,
        "echelon_market_size": (value - scrap_part) / theta + float(shares @ (testing - efforts)) + 2 * supply,
    }


def _chain_efforts(
    costs: FloatArray, shares: FloatArray, testing: FloatArray, sigma: float, supply: float
) -> FloatArray:
    """Return the efforts of one owner at a given supply of batteries."""
    count = len(costs)
    curvature = np.diag(costs - 2 * sigma) + 2 * sigma / count
    return np.linalg.solve(curvature, shares * supply - sigma * (testing - testing.mean()))


def _circle(rng: np.random.Generator, regions: int, neighbours: int) -> list[tuple[int, int, float]]:
    """Return symmetric effects between regions that are at most `neighbours` apart on a circle."""
    pairs = {
        (min(r, s), max(r, s))
        for r in range(regions)
        for s in ((r + step) % regions for step in range(1, neighbours + 1))
        if r != s
    }
    effects = rng.uniform(0.2, 1, len(pairs)) * 0.4 / max(2 * neighbours, 1)
    both = [(pair, float(effect)) for pair, effect in zip(sorted(pairs), effects, strict=True)]
    return [(r, s, effect) for (r, s), effect in both] + [(s, r, effect) for (r, s), effect in both]
