"""A small network to start from: three cities, packs of three years, outlets, plants, a buyer, and a target."""

from __future__ import annotations

from batteryopt.network.data.instance import (
    Candidate,
    CollectionTarget,
    FacilityType,
    Level,
    Market,
    Mode,
    Network,
    Period,
    Policy,
    Product,
    Recipe,
    Return,
    Site,
    Storage,
)


def example() -> Network:
    """Return the network that `new` writes."""
    return Network(
        name="my network",
        source="say here where your numbers come from",
        currency="EUR",
        discount_rate=0.05,
        periods=tuple(Period(name=str(year)) for year in (2027, 2028, 2029)),
        products=(
            Product(name="pack", uncollected_cost_per_t=500.0),
            Product(name="collected_pack"),
            Product(name="metal", hazard=0.0),
        ),
        sites=_sites(),
        returns=_returns(),
        types=(_outlet(), _plant()),
        candidates=(
            *(Candidate(site=site, type="outlet") for site in ("Northtown", "Midtown", "Southtown")),
            *(Candidate(site=site, type="plant") for site in ("Northtown", "Midtown")),
        ),
        markets=(Market(site="Midtown", product="metal", price_per_t=9_000.0),),
        modes=(_lorry(), _mobile_station()),
        policy=Policy(
            collection_targets=(CollectionTarget(name="national", share=(0.5, 0.6, 0.7), penalty_per_t=10_000.0),),
            carbon_price_per_t=80.0,
        ),
    )


def _sites() -> tuple[Site, ...]:
    return (
        Site(name="Northtown", latitude_deg=52.5, longitude_deg=13.4, region="north"),
        Site(name="Midtown", latitude_deg=51.3, longitude_deg=12.4, region="south"),
        Site(name="Southtown", latitude_deg=50.1, longitude_deg=11.6, region="south"),
    )


def _returns() -> tuple[Return, ...]:
    return (
        Return(site="Northtown", product="pack", tonnes=(180.0, 260.0, 380.0)),
        Return(site="Midtown", product="pack", tonnes=(90.0, 120.0, 170.0)),
        Return(site="Southtown", product="pack", tonnes=(30.0, 45.0, 60.0)),
    )


def _outlet() -> FacilityType:
    small = Level(name="small", capacity_t=100.0, opening_cost=50_000.0, fixed_cost=20_000.0, variable_cost_per_t=150.0)
    large = Level(
        name="large", capacity_t=600.0, opening_cost=150_000.0, fixed_cost=60_000.0, variable_cost_per_t=120.0
    )
    collect = Recipe(name="collect", inputs=(("pack", 1.0),), outputs=(("collected_pack", 1.0),))
    return FacilityType(name="outlet", recipes=(collect,), levels=(small, large))


def _plant() -> FacilityType:
    recycle = Recipe(
        name="recycle",
        inputs=(("collected_pack", 1.0),),
        outputs=(("metal", 0.45),),
        cost_per_t=900.0,
        emission_kg_per_t=1_500.0,
    )
    return FacilityType(
        name="plant",
        recipes=(recycle,),
        levels=(
            Level(name="300 t", capacity_t=300.0, opening_cost=1_500_000.0, fixed_cost=100_000.0),
            Level(name="1000 t", capacity_t=1_000.0, opening_cost=3_500_000.0, fixed_cost=200_000.0),
        ),
        storage=(Storage(product="collected_pack", holding_cost_per_t=100.0, limit_t=50.0, longest_stay_periods=1),),
        life_periods=10.0,
    )


def _lorry() -> Mode:
    return Mode(
        name="lorry",
        products=("collected_pack", "metal"),
        cost_per_t_km=0.25,
        emission_kg_per_t_km=0.1,
        detour_factor=1.3,
    )


def _mobile_station() -> Mode:
    return Mode(
        name="mobile station",
        products=("pack",),
        detour_factor=1.3,
        longest_km=250.0,
        trip_capacity_t=5.0,
        whole_trips=True,
        cost_per_trip=300.0,
        cost_per_trip_km=2.0,
        is_mobile=True,
    )
