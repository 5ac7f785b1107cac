"""A first network of a country, ready to be solved: cities of the gazetteer, their packs, and a template's chain."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from batteryopt.ground.errors import Fault, InvalidInput, nearest
from batteryopt.ground.files import csv_of_rows
from batteryopt.ground.owned import put_folder
from batteryopt.network.data.instance import (
    Candidate,
    CollectionTarget,
    Market,
    Network,
    Period,
    Policy,
    Return,
    Site,
    Standing,
)
from batteryopt.network.fleet.fleet_returns import Fleet, returned_t
from batteryopt.network.fleet.registrations import Registrations, read_registrations
from batteryopt.network.fleet.survival import Floats, Life, Sales
from batteryopt.network.places import gazetteer
from batteryopt.network.places.gazetteer import Country, Place
from batteryopt.network.starter import recycling_chain as chain
from batteryopt.network.starter import recycling_figures as f
from batteryopt.network.starter.registered_cars import cars_of
from batteryopt.network.tables.workbook_writer import write_workbook
from batteryopt.network.tables.writer import files_of, tables_without_rows
from batteryopt.tables.spreadsheet import is_workbook

TEMPLATES = ("recycling",)
DETOUR = 1.3
APART_KM = 15.0
"""Cities nearer to a larger one than this belong to it: a gazetteer lists boroughs beside their city."""
MOST_CITIES, MOST_YEARS = 500, 30
CENTRES, PLANTS, CENTRES_APART_KM = 3, 1, 120.0
"""How many of the largest cities, none near to another, may have a centre, and of these a plant: a table to extend.

Candidates next door to each other make plans that cost nearly the same, between which a proof takes hours.
"""
EARLIEST, LATEST = 2020, 2100


@dataclass(frozen=True, kw_only=True)
class StartedNetwork:
    """A network, and where its numbers come from.

    Attributes
    ----------
    network
        Ready to be solved.
    provenance
        Rows of the table `provenance`, headings first.
    """

    network: Network
    provenance: list[list[str]]


def country_network(
    country: str,
    *,
    cities: int,
    first_year: int,
    last_year: int,
    template: str = TEMPLATES[0],
    detour: float = DETOUR,
    growth: float = 0.0,
    registrations: Path | None = None,
) -> StartedNetwork:
    """Return a network of a country's largest cities.

    Every place of the gazetteer goes with the nearest of the cities, and the packs of the country are shared among
    these by the people who live around each. Packs follow from registrations by the survival model (`returned_t`), with
    sales in the middle of the year; after the last known year registrations grow by `growth`.

    Parameters
    ----------
    country
        ISO code of two letters, or its name.
    cities
        How many; those within 15 km of a larger one count as a part of it.
    first_year, last_year
        A period a year.
    template
        The chain: "recycling".
    detour
        Length of a road over the great circle.
    growth
        Of registrations a year.
    registrations
        A table of the country's registrations, or of its cities', by their names in the gazetteer.

    Raises
    ------
    InvalidInput
        With everything wrong about the wishes.
    """
    faults = list(_faults(cities, first_year, last_year, template, detour))
    if faults:
        raise InvalidInput("command line", faults)
    where = gazetteer.country_of(country)
    everywhere = [place for place in gazetteer.cities(gazetteer.SMALLEST_TO_CHOOSE) if place.country == where.code]
    chosen = gazetteer.apart(everywhere, APART_KM, cities)
    if len(chosen) < cities:
        problem = f"is {cities}, and the gazetteer has {len(chosen)} of 15,000 people or more in {where.name}"
        remedy = f"ask for at most {len(chosen)}" if chosen else "take another country"
        raise InvalidInput("command line", [Fault(place="--cities", problem=problem, remedy=remedy)])
    names = _names(chosen)
    people = gazetteer.people_around(chosen, everywhere)
    table, noted = _registered(where, registrations)
    tonnes = _city_tonnes(table, names, people, growth, first_year, last_year)
    periods = tuple(str(year) for year in range(first_year, last_year + 1))
    return StartedNetwork(
        network=_network(where, chosen, names, tonnes, periods, detour),
        provenance=_provenance(noted, detour, growth),
    )


def _faults(cities: int, first_year: int, last_year: int, template: str, detour: float) -> Iterator[Fault]:
    if not 1 <= cities <= MOST_CITIES:
        yield Fault(place="--cities", problem=f"is {cities}", remedy=f"expected 1 to {MOST_CITIES}")
    for place, year in (("--from", first_year), ("--to", last_year)):
        if not EARLIEST <= year <= LATEST:
            yield Fault(place=place, problem=f"is {year}", remedy=f"expected a year from {EARLIEST} to {LATEST}")
    if last_year < first_year:
        yield Fault(place="--to", problem=f"{last_year} is before {first_year}", remedy="give the later year")
    elif last_year - first_year >= MOST_YEARS:
        problem = f"makes {last_year - first_year + 1} periods"
        yield Fault(place="--to", problem=problem, remedy=f"expected at most {MOST_YEARS} years")
    if template not in TEMPLATES:
        yield Fault(place="--template", problem=f"'{template}' is unknown", remedy=nearest(template, TEMPLATES))
    if not 1.0 <= detour <= 5.0:
        yield Fault(place="--detour", problem=f"is {detour:g}", remedy="expected 1 to 5; roads are often 1.2 to 1.4")


def _names(places: Sequence[Place]) -> list[str]:
    """Return names of sites that differ, and that fit a table."""
    names: list[str] = []
    for place in places:
        name = place.name.replace(";", ",").lstrip("#").strip()
        number = sum(other == name or other.startswith(f"{name} (") for other in names)
        names.append(f"{name} ({number + 1})" if number else name)
    return names


def _registered(where: Country, file: Path | None) -> tuple[Registrations, tuple[f.StarterFigure, ...]]:
    if file is not None:
        row = f.StarterFigure(
            figure="cars registered", value=float("nan"), unit="vehicles", source=file.name, standing="given"
        )
        return read_registrations(file), (row,)
    cars = cars_of(where)
    first, last = min(cars.by_year), max(cars.by_year)
    profile = np.array([cars.by_year.get(year, 0.0) for year in range(first, last + 1)])
    return Registrations(first_year=first, vehicles={(where.name, ""): profile}, pack_t={}), cars.figures


def _city_tonnes(
    table: Registrations, names: list[str], people: list[int], growth: float, first_year: int, last_year: int
) -> dict[tuple[str, str], Floats]:
    """Return tonnes by city and product; rows of the table that name no city are the country's, shared by people."""
    fleet = Fleet(
        battery=Life.of_mean(f.LIFE_YEARS, f.SPREAD_YEARS),
        car=Life.of_mean(f.CAR_YEARS, f.SPREAD_YEARS),
        spares=f.SPARES,
        sales=Sales.MID_YEAR,
        kg_per_pack=None if table.pack_t else f.KG_PER_PACK,
        shares=None
        if any(product for _, product in table.vehicles)
        else {chain.pack(c): share for c, share in chain.SHARES.items()},
        growth=growth,
    )
    weights = np.array(people, dtype=float) / sum(people)
    tonnes: dict[tuple[str, str], Floats] = {}
    for (site, product), amounts in returned_t(table, fleet, first_year=first_year, last_year=last_year).items():
        if product not in map(chain.pack, chain.SHARES):
            known = nearest(product, map(chain.pack, chain.SHARES))
            raise InvalidInput("registrations", [Fault(place=product, problem="is no pack here", remedy=known)])
        shares = {site: 1.0} if site in names else dict(zip(names, weights, strict=True))
        for name, share in shares.items():
            tonnes[name, product] = tonnes.get((name, product), np.zeros(len(amounts))) + share * amounts
    return tonnes


def _network(
    where: Country,
    chosen: Sequence[Place],
    names: list[str],
    tonnes: dict[tuple[str, str], Floats],
    periods: Sequence[str],
    detour: float,
) -> Network:
    by_site = {name: sum(amounts for (site, _), amounts in tonnes.items() if site == name) for name in names}
    peak = max((float(np.max(amounts)) for amounts in by_site.values()), default=0.0)
    apart = gazetteer.apart(chosen, CENTRES_APART_KM, CENTRES)
    centres = [name for name, place in zip(names, chosen, strict=True) if place in apart]
    plants = centres[:PLANTS]
    return Network(
        name=f"Battery recycling in {where.name}, {len(names)} cities",
        source=f"places: {gazetteer.SOURCE}; every other figure in the table provenance, many of them assumptions",
        currency="EUR",
        discount_rate=f.DISCOUNT,
        periods=tuple(Period(name=period) for period in periods),
        products=chain.products(),
        sites=tuple(
            Site(
                name=name,
                latitude_deg=round(place.latitude_deg, 4),
                longitude_deg=round(place.longitude_deg, 4),
                electricity_price_per_kwh=f.PRICE_ELECTRICITY,
            )
            for name, place in zip(names, chosen, strict=True)
        ),
        returns=tuple(
            Return(
                site=site,
                product=product,
                tonnes=tuple(round(float(amount), 2) for amount in amounts),
                acquisition_cost_per_t=chain.PAID[product.removesuffix("_pack")],
            )
            for (site, product), amounts in tonnes.items()
        ),
        types=(chain.outlet(peak), chain.centre(), chain.plant()),
        candidates=(
            *(
                Candidate(site=name, type=chain.OUTLET, standing=Standing.EXISTING, level="yard", may_close=False)
                for name in names
            ),
            *(Candidate(site=name, type=chain.CENTRE) for name in centres),
            *(Candidate(site=name, type=chain.PLANT) for name in plants),
        ),
        markets=(
            *(Market(site=name, product=chain.SECOND_LIFE, price_per_t=f.PRICE_SECOND_LIFE) for name in centres),
            *(Market(site=name, product=chain.SCRAP, price_per_t=f.PRICE_SCRAP) for name in centres),
            *(Market(site=name, product=chain.LITHIUM, price_per_t=f.PRICE_LITHIUM) for name in plants),
            *(Market(site=name, product=chain.SALTS, price_per_t=f.PRICE_SALTS) for name in plants),
        ),
        modes=chain.modes(detour),
        policy=Policy(
            collection_targets=(CollectionTarget(name="collected", share=f.TARGET, penalty_per_t=f.TARGET_PENALTY),),
            carbon_price_per_t=f.PRICE_CARBON,
        ),
    )


def _provenance(noted: Sequence[f.StarterFigure], detour: float, growth: float) -> list[list[str]]:
    own = (
        f.StarterFigure(figure="road over great circle", value=detour, unit="", source=f.HERE, standing=f.ASSUMED,
                        note="measured in China: 1.2"),
        f.StarterFigure(figure="growth of registrations after the last known year", value=growth, unit="a year",
                        source=f.HERE, standing=f.ASSUMED),
    )  # fmt: skip
    return [f.HEADINGS, *(figure.row for figure in (*noted, *own, *f.figures()))]


def write_started(started: StartedNetwork, path: Path) -> None:
    """Write a network with its provenance as a workbook, where the path is one, or as a folder."""
    if is_workbook(path):
        write_workbook(started.network, path, {"provenance": started.provenance})
        return
    contents = files_of(started.network)
    gone = tables_without_rows(contents)
    put_folder(path, {"provenance.csv": csv_of_rows(started.provenance).encode(), **contents}, gone=gone)
