"""Rows of a network's table of returns, from registrations and lives."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from batteryopt.ground.errors import Fault, InvalidInput
from batteryopt.ground.files import csv_of_rows
from batteryopt.ground.mass_units import KG_PER_T
from batteryopt.network.fleet.registrations import Registrations
from batteryopt.network.fleet.survival import Floats, Life, Sales, returned, returned_shares

PACK = "pack"
SHARES_TOLERANCE = 1e-6
"""By which shares may sum to other than 1: as much as six decimals a share leave out."""


@dataclass(frozen=True, kw_only=True)
class Fleet:
    """What is assumed of the vehicles.

    Attributes
    ----------
    battery
        How long a battery lasts.
    car
        How long a car lasts; None: for ever.
    spares
        Share of failed batteries that are replaced in a car that goes on.
    sales
        When in the year vehicles are registered.
    kg_per_pack
        Mass of a pack; None where the table of registrations says it.
    shares
        Products and the share of each in registrations; they sum to 1. Not used where the table has products.
    growth
        Of registrations a year after the last one in the table; None: there are none any more.
    """

    battery: Life
    car: Life | None = None
    spares: float = 0.0
    sales: Sales = Sales.YEAR_END
    kg_per_pack: float | None = None
    shares: Mapping[str, float] | None = None
    growth: float | None = None

    def __post_init__(self) -> None:
        faults = list(self._faults())
        if faults:
            raise InvalidInput("fleet", faults)

    def _faults(self) -> Iterator[Fault]:
        if not 0 <= self.spares <= 1:
            yield Fault(place="spares", problem=f"is {self.spares:g}", remedy="expected 0 to 1")
        if self.kg_per_pack is not None and not (math.isfinite(self.kg_per_pack) and self.kg_per_pack > 0):
            yield Fault(place="kg-per-pack", problem=f"is {self.kg_per_pack:g}", remedy="expected a number above 0")
        if self.growth is not None and not (math.isfinite(self.growth) and self.growth >= -1):
            yield Fault(place="growth", problem=f"is {self.growth:g}", remedy="expected a rate of at least -1")
        for name, share in (self.shares or {}).items():
            if not (math.isfinite(share) and 0 <= share <= 1):
                yield Fault(place=f"share of {name}", problem=f"is {share:g}", remedy="expected 0 to 1")
        total = sum((self.shares or {PACK: 1.0}).values())
        if abs(total - 1.0) > SHARES_TOLERANCE:
            yield Fault(place="shares", problem=f"sum to {total:g}", remedy="give shares that sum to 1")


def returned_t(
    registrations: Registrations, fleet: Fleet, *, first_year: int, last_year: int
) -> dict[tuple[str, str], Floats]:
    r"""Return tonnes of packs that return, by (site, product): one number a year from `first_year` to `last_year`.

    :math:`R_t = \sum_a N_{t-a} r_a`, with :math:`r_a` of `returned_shares`, times the mass of a pack.

    Parameters
    ----------
    registrations
        Vehicles by place and year.
    fleet
        Lives, masses and chemistries.
    first_year, last_year
        The years that are told.

    Returns
    -------
    dict
        (last_year - first_year + 1) tonnes by site and product.

    Raises
    ------
    InvalidInput
        If the years are in the wrong order, the mass of a pack is not known, or is said twice.
    """
    faults = list(_faults(registrations, fleet, first_year, last_year))
    if faults:
        raise InvalidInput("returns", faults)
    start = registrations.first_year
    years = max(last_year, registrations.last_year) - start + 1
    shares = returned_shares(fleet.battery, years, car=fleet.car, spares=fleet.spares, sales=fleet.sales)
    tonnes: dict[tuple[str, str], Floats] = {}
    for (site, product), vehicles in registrations.vehicles.items():
        known = registrations.pack_t.get((site, product))
        packs = vehicles * (fleet.kg_per_pack or 0.0) / KG_PER_T if known is None else known
        ended = returned(_continued(packs, years, fleet.growth), shares)
        wanted = np.array([ended[year - start] if year >= start else 0.0 for year in range(first_year, last_year + 1)])
        for name, share in ({product: 1.0} if product else fleet.shares or {PACK: 1.0}).items():
            tonnes[site, name] = wanted * share
    return tonnes


def _faults(registrations: Registrations, fleet: Fleet, first_year: int, last_year: int) -> Iterator[Fault]:
    if last_year < first_year:
        yield Fault(place="to", problem=f"{last_year} is before {first_year}", remedy="give the later year")
    if last_year - registrations.first_year > 200:
        yield Fault(place="to", problem=f"is {last_year}", remedy="expected a year within two centuries of the table's")
    if fleet.kg_per_pack is None and not registrations.pack_t:
        remedy = "give it (--kg-per-pack, or --kwh-per-pack with --kg-per-kwh), or a column kg_per_pack"
        yield Fault(place="kg-per-pack", problem="the mass of a pack is not known", remedy=remedy)
    if fleet.kg_per_pack is not None and registrations.pack_t:
        yield Fault(place="kg-per-pack", problem="is given, and in the table too", remedy="leave one of them out")
    if fleet.shares is not None and any(product for _, product in registrations.vehicles):
        yield Fault(place="share", problem="is given, and the table has products", remedy="leave one of them out")


def _continued(amounts: Floats, years: int, growth: float | None) -> Floats:
    """Return a profile of so many years: those after the last one grow from it, or are 0."""
    later = np.arange(1, years - len(amounts) + 1)
    factor = np.zeros(len(later)) if growth is None else (1.0 + growth) ** later
    return np.concatenate([amounts, amounts[-1] * factor])


def returns_csv(tonnes: Mapping[tuple[str, str], Floats], first_year: int) -> str:
    """Return a network's returns.csv: a row a site and product, a column a year; tonnes to the tenth of a kilogram."""
    count = len(next(iter(tonnes.values())))
    head = ["site", "product", *(f"tonnes:{first_year + i}" for i in range(count))]
    rows = ([site, product, *(f"{amount:.4f}" for amount in amounts)] for (site, product), amounts in tonnes.items())
    return csv_of_rows([head, *rows])
