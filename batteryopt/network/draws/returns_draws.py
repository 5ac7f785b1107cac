"""Futures of returns: from registrations and uncertain lives, or around what the tables say."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from batteryopt.ground.errors import Fault, InvalidInput, nearest
from batteryopt.network.data.instance import Network, Return
from batteryopt.network.draws.drawn import (
    DrawnSource,
    FanPanel,
    Floats,
    correlated,
    lognormal,
    quoted,
    spread_of_band,
)
from batteryopt.network.fleet.fleet_returns import Fleet, returned_t
from batteryopt.network.fleet.registrations import Registrations
from batteryopt.network.fleet.survival import Life
from batteryopt.tables.changes import Change, How


@dataclass(frozen=True, kw_only=True)
class FleetBands:
    """How uncertain a fleet is: nine of ten draws lie within 1 + band of the median, up or down.

    Attributes
    ----------
    life
        Weibull scale of the batteries' lives.
    shape
        Weibull shape: how alike they are.
    use
        How much vehicles are used: twice the use ages a pack twice as fast.
    growth
        One more the growth of registrations, a year.
    """

    life: float = 0.15
    shape: float = 0.15
    use: float = 0.1
    growth: float = 0.05


def lives_drawn(battery: Life, bands: FleetBands, normal: Floats) -> list[Life]:
    """Return a life for each draw: the scale times a factor of life over one of use, the shape times a factor.

    Parameters
    ----------
    normal
        Standard normal numbers (N, 3): for the life, the shape and the use.
    """
    spreads = np.array([spread_of_band(band) for band in (bands.life, bands.shape, bands.use)])
    factors = lognormal(normal, spreads, is_mean_one=False)
    scales = battery.scale_years * factors[:, 0] / factors[:, 2]
    shapes = battery.shape * factors[:, 1]
    return [Life(scale_years=float(a), shape=float(k)) for a, k in zip(scales, shapes, strict=True)]


def registered_draws(
    network: Network,
    registrations: Registrations,
    fleet: Fleet,
    count: int,
    rng: np.random.Generator,
    *,
    bands: FleetBands,
) -> DrawnSource:
    """Return draws of returns by the survival model, with lives, use and growth that differ from draw to draw.

    Raises
    ------
    InvalidInput
        If the periods are no years, or the registrations are of sites or products that the network has not.
    """
    years = _years(network)
    normal = rng.standard_normal((count, 4))
    lives = lives_drawn(fleet.battery, bands, normal[:, :3])
    grows = lognormal(normal[:, 3], spread_of_band(bands.growth), is_mean_one=False)
    rates = (1.0 + (fleet.growth or 0.0)) * grows - 1.0
    fleets = [
        dataclasses.replace(fleet, battery=life, growth=None if fleet.growth is None else float(rate))
        for life, rate in zip(lives, rates, strict=True)
    ]
    base = _by_period(registrations, fleet, years)
    _refuse_unknown(network, base)
    drawn = [_by_period(registrations, each, years) for each in fleets]
    factors = {"mean life, years": np.array([life.mean_years for life in lives])}
    if fleet.growth is not None:
        factors["growth a year"] = rates
    return DrawnSource(
        name="returns",
        changes=[()] * count,
        returns=[_rows(network, tonnes) for tonnes in drawn],
        coordinates=np.array([np.concatenate(list(tonnes.values())) for tonnes in drawn]),
        factors=factors,
        panels=_panels(network, _of_tables(network), [_of_products(tonnes) for tonnes in drawn]),
        words=f"packs live {fleet.battery.mean_years:.3g} years on average, within {bands.life:.0%} in nine of ten "
        f"futures; use within {bands.use:.0%}"
        + ("" if fleet.growth is None else f"; growth {fleet.growth:.1%} a year within {bands.growth:.1%}"),
    )


def volume_draws(
    network: Network, count: int, rng: np.random.Generator, *, band: float, growth_band: float, correlation: float
) -> DrawnSource:
    """Return draws of returns around those of the tables: a factor a product, and one more for each year that passes.

    Of draw n, product p and period t that begins after y years the factor is A_p G^y, with both lognormal and of mean
    1 in every period: the mean of the draws is what the tables say. The logarithms of two products' A have the
    correlation; G is the same for all of them.

    Raises
    ------
    InvalidInput
        If nothing returns.
    """
    products = [p.name for p in network.products if any(r.product == p.name for r in network.returns)]
    if not products:
        raise InvalidInput(network.name, [Fault(place="returns", problem="has no rows", remedy="say what returns")])
    level = correlated(rng.standard_normal((count, len(products))), correlation)
    growth = rng.standard_normal((count, 1))
    passed = np.cumsum([0.0, *(period.years for period in network.periods)])[:-1]
    factors = (
        lognormal(level, spread_of_band(band), is_mean_one=True)[:, :, None]
        * lognormal(growth, spread_of_band(growth_band) * passed, is_mean_one=True)[:, None, :]
    )
    base = _of_tables(network)
    tonnes = factors * np.array([base[product] for product in products])
    changes = [tuple(_times(network, products, factors[n])) for n in range(count)]
    return DrawnSource(
        name="returns",
        changes=changes,
        coordinates=tonnes.reshape(count, -1),
        factors={f"returns of {p}, first period": factors[:, i, 0] for i, p in enumerate(products)},
        panels=_panels(network, base, [dict(zip(products, tonnes[n], strict=True)) for n in range(count)]),
        words=f"returns within {band:.0%} of their median in nine of ten futures, their growth within "
        f"{growth_band:.1%} a year, correlation of products {correlation:g}",
    )


def _times(network: Network, products: list[str], factors: Floats) -> Iterator[Change]:
    for product, row in zip(products, factors, strict=True):
        key = f"returns[product={quoted(product)}].tonnes"
        if np.all(row == row[0]):
            yield Change(key=key, how=How.TIMES, value=float(row[0]))
            continue
        for period, factor in zip(network.periods, row, strict=True):
            yield Change(key=f"{key}:{period.name}", how=How.TIMES, value=float(factor))


# ---- from registrations --------------------------------------------------------------------------------------------


def _years(network: Network) -> list[tuple[int, int]]:
    """Return first and last year of each period."""
    faults = []
    found = []
    for period in network.periods:
        if not (period.name.isdecimal() and float(period.years).is_integer()):
            problem = f"the period '{period.name}' is not named by a year, or not of whole years"
            remedy = "leave --registrations out: then futures are drawn around the returns of the tables"
            faults.append(Fault(place="--registrations", problem=problem, remedy=remedy))
        else:
            found.append((int(period.name), int(period.name) + int(period.years) - 1))
    if faults:
        raise InvalidInput(network.name, faults)
    return found


def _by_period(
    registrations: Registrations, fleet: Fleet, years: list[tuple[int, int]]
) -> dict[tuple[str, str], Floats]:
    """Return tonnes by site and product, of each period (T); those that the fleet says nothing of are left out."""
    first, last = years[0][0], years[-1][1]
    yearly = returned_t(registrations, fleet, first_year=first, last_year=last)
    return {
        key: np.array([tonnes[a - first : b - first + 1].sum() for a, b in years]) for key, tonnes in yearly.items()
    }


def _refuse_unknown(network: Network, tonnes: dict[tuple[str, str], Floats]) -> None:
    known = {"site": [s.name for s in network.sites], "product": [p.name for p in network.products]}
    used = {"site": {site for site, _ in tonnes}, "product": {product for _, product in tonnes}}
    faults = [
        Fault(
            place="--registrations",
            problem=f"the network has no {kind} '{name}'",
            remedy=nearest(name, known[kind]) + ("" if kind == "site" else "; --share PRODUCT=SHARE says which"),
        )
        for kind, names in used.items()
        for name in sorted(names - set(known[kind]))
    ]
    if faults:
        raise InvalidInput(network.name, faults)


def _rows(network: Network, tonnes: dict[tuple[str, str], Floats]) -> tuple[Return, ...]:
    """Return rows of the table of returns: what is paid for a pack stays that of the base."""
    there = {(row.site, row.product): row for row in network.returns}
    return tuple(
        dataclasses.replace(
            there.get((site, product), Return(site=site, product=product, tonnes=0.0)), tonnes=tuple(amounts.tolist())
        )
        for (site, product), amounts in tonnes.items()
    )


# ---- pictures ------------------------------------------------------------------------------------------------------


def _of_tables(network: Network) -> dict[str, Floats]:
    """Return what the tables say that returns, by product and period."""
    found: dict[str, Floats] = {}
    for row in network.returns:
        found[row.product] = found.get(row.product, np.zeros(len(network.periods))) + network.profile(row.tonnes)
    return found


def _of_products(tonnes: dict[tuple[str, str], Floats]) -> dict[str, Floats]:
    found: dict[str, Floats] = {}
    for (_, product), amounts in tonnes.items():
        found[product] = found.get(product, np.zeros(len(amounts))) + amounts
    return found


def _panels(network: Network, base: dict[str, Floats], drawn: list[dict[str, Floats]]) -> tuple[FanPanel, ...]:
    names = list(dict.fromkeys([*base, *drawn[0]]))
    nothing = np.zeros(len(network.periods))
    return tuple(
        FanPanel(
            title=f"Returns of {name}",
            unit="t",
            base=base.get(name, nothing),
            draws=np.array([tonnes.get(name, base.get(name, nothing)) for tonnes in drawn]),
        )
        for name in names
    )
