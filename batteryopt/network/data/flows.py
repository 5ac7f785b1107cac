"""What moves through the network, from where to where and how: products, sites, returns, markets, disposal, transport.

All masses are tonnes, all distances kilometres, all money the currency of the `Network`. A `Profile` is one number
for all periods or a tuple with one number a period.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from batteryopt.network.data import own_contradictions
from batteryopt.network.data.entity import Entity
from batteryopt.network.data.entity_faults import EntityFault
from batteryopt.network.data.fields import (
    AboveZero,
    AnyNumber,
    AnyProfile,
    AtLeastZero,
    AtLeastZeroProfile,
    DistanceName,
    ModeName,
    OwnName,
    Periods,
    ProductName,
    Profile,
    ScenarioName,
    Share,
    SiteName,
    TypeName,
)

__all__ = [
    "GREAT_CIRCLE",
    "ComesBack",
    "Disposal",
    "Lane",
    "Market",
    "Mode",
    "ModeProduct",
    "Period",
    "Product",
    "Profile",
    "Return",
    "Scenario",
    "Site",
]

GREAT_CIRCLE = "great-circle"
"""The distance that needs no table: along the sphere between the sites' coordinates."""


@dataclass(frozen=True, kw_only=True)
class Period(Entity):
    """A stretch of time; stocks, capacities and fixed costs are those of the whole stretch.

    Attributes
    ----------
    name
        What the planner calls it ("2025").
    years
        Its length, for discounting only.
    """

    KEY: ClassVar[tuple[str, ...]] = ("name",)

    name: OwnName
    years: AboveZero = 1.0


@dataclass(frozen=True, kw_only=True)
class Product(Entity):
    """A thing that has a mass and a place: a pack of one grade, a tested pack, scrap, black mass, a metal.

    Attributes
    ----------
    hazard
        Weight of a tonne of it in the risk objective; 0 for what cannot burn.
    uncollected_cost_per_t
        What it costs to leave a returned tonne where it fell (fines, harm); None: everything must be collected.
    slots_per_t
        Places for dangerous goods that a tonne takes on a vehicle that makes rounds.
    """

    KEY: ClassVar[tuple[str, ...]] = ("name",)

    name: OwnName
    hazard: AtLeastZero = 1.0
    uncollected_cost_per_t: AtLeastZeroProfile | None = None
    slots_per_t: AtLeastZero = 0.0


@dataclass(frozen=True, kw_only=True)
class Site(Entity):
    """A place: a city that returns batteries, a plot for a plant, a buyer, or all of these.

    Attributes
    ----------
    latitude_deg, longitude_deg
        Position; may be missing where every mode has a distance table.
    region
        Name of the region it belongs to; each region is a `Group` without being declared.
    people_per_km
        People who live along a kilometre of way here; a lane has the mean of its two ends.
    electricity_price_per_kwh
        What a facility pays here.
    electricity_kg_per_kwh
        Emission of the grid here, kg CO2e.
    """

    KEY: ClassVar[tuple[str, ...]] = ("name",)

    name: OwnName
    latitude_deg: AnyNumber | None = None
    longitude_deg: AnyNumber | None = None
    region: OwnName = ""
    people_per_km: AtLeastZero = 0.0
    electricity_price_per_kwh: AnyProfile = 0.0
    electricity_kg_per_kwh: AnyProfile = 0.0


@dataclass(frozen=True, kw_only=True)
class Scenario(Entity):
    """One way the future may go: what is different in it stands in rows of its own, and in changes of its name.

    Attributes
    ----------
    probability
        Of all scenarios or of none, which makes them equally likely; they sum to 1.
    """

    KEY: ClassVar[tuple[str, ...]] = ("name",)

    name: OwnName
    probability: Share | None = None


@dataclass(frozen=True, kw_only=True)
class Return(Entity):
    """Batteries that come back at a site, by product (a grade is a product).

    Attributes
    ----------
    tonnes
        What returns in a period.
    acquisition_cost_per_t
        Paid to the owner of every tonne collected.
    more_t, less_t
        What may return beside ``tonnes``, or be missing of it, where the row deviates: plans for the worst
        (``--model robust``) keep to so many rows that do.
    scenario
        The scenario it belongs to; empty: all of them.
    single_source
        Whether all of the product that leaves the site in a period goes to one destination. Where something at the
        site takes it, beyond what others send there, the site itself is that destination.
    """

    KEY: ClassVar[tuple[str, ...]] = ("site", "product", "scenario")

    site: SiteName
    product: ProductName
    tonnes: AtLeastZeroProfile
    acquisition_cost_per_t: AnyProfile = 0.0
    more_t: AtLeastZeroProfile = 0.0
    less_t: AtLeastZeroProfile = 0.0
    scenario: ScenarioName = ""
    single_source: bool = False


@dataclass(frozen=True, kw_only=True)
class ComesBack(Entity):
    """Part of what a market bought returns at its site some periods later (second-life packs at their second end).

    Attributes
    ----------
    product
        What it is then.
    share
        Tonnes that return for each tonne bought.
    lag_periods
        How many periods later; 0 is the same period. What would return after the last period is not modelled.
    """

    KEY: ClassVar[tuple[str, ...]] = ("product", "lag_periods")

    product: ProductName
    share: Share
    lag_periods: Periods


@dataclass(frozen=True, kw_only=True)
class Market(Entity):
    """A buyer.

    Attributes
    ----------
    price_per_t
        Negative where the taker must be paid.
    most_t, least_t
        Tonnes sold there that it buys at most and must get at least in a period; None: any amount.
    shortfall_penalty_per_t
        Price of a tonne missing from ``least_t``; None: the contract must be kept.
    emission_kg_per_t
        Charged to the plan a tonne sold; negative for primary production avoided.
    comes_back
        What returns later.
    """

    KEY: ClassVar[tuple[str, ...]] = ("site", "product", "scenario")

    site: SiteName
    product: ProductName
    price_per_t: AnyProfile = 0.0
    most_t: AtLeastZeroProfile | None = None
    least_t: AtLeastZeroProfile | None = None
    shortfall_penalty_per_t: AtLeastZero | None = None
    emission_kg_per_t: AnyProfile = 0.0
    comes_back: tuple[ComesBack, ...] = ()
    scenario: ScenarioName = ""

    def contradictions(self) -> Iterator[EntityFault]:
        """Yield a least above the most, and more that comes back than was bought."""
        return own_contradictions.of_market(self)


@dataclass(frozen=True, kw_only=True)
class Disposal(Entity):
    """A way to be rid of a product at a site.

    Attributes
    ----------
    cost_per_t
        Negative where disposal earns.
    most_t
        A period; None: any amount. A limit over several sites is a `Limit`.
    type
        The facility type that must be open at the site to dispose of it there; empty: none.
    """

    KEY: ClassVar[tuple[str, ...]] = ("site", "product", "type")

    site: SiteName
    product: ProductName
    cost_per_t: AnyProfile = 0.0
    most_t: AtLeastZeroProfile | None = None
    emission_kg_per_t: AnyProfile = 0.0
    type: TypeName = ""


@dataclass(frozen=True, kw_only=True)
class ModeProduct(Entity):
    """What differs from the mode's own figures when it carries this product; None: nothing does."""

    KEY: ClassVar[tuple[str, ...]] = ("product",)

    product: ProductName
    cost_per_t_km: AnyProfile | None = None
    cost_per_t: AnyProfile | None = None
    emission_kg_per_t_km: AnyProfile | None = None


@dataclass(frozen=True, kw_only=True)
class Mode(Entity):
    """A way to carry: lorry, electric lorry, rail, a mobile station on its round.

    A trip is the journey of one vehicle along one lane. With ``trip_capacity_t`` trips are counted and paid for: as
    many as the load needs, in fractions or, where ``whole_trips``, whole ones. A mobile round is a mode with
    ``is_mobile``: its vehicle stands at the destination (the depot) and visits the origin. Every trip of it, loaded or
    empty, ends where in that period a facility is open of which a recipe uses a product that the mode may carry.

    With ``visits_per_period`` a mode makes *rounds*: a vehicle leaves its depot, the destination, stops at several
    origins and comes home within its shift; every origin is visited so often in a period. While sites are chosen a
    tonne costs an estimate; the rounds themselves are planned for a plan (``batteryopt rounds``).

    Attributes
    ----------
    products
        What it may carry; None: everything.
    cost_per_t_km, cost_per_t
        Freight, and loading with unloading.
    emission_kg_per_t_km
        kg CO2e.
    risk_factor
        Multiplies the risk of a tonne-kilometre (tonnes x km x people along a km x hazard).
    distance
        ``great-circle`` or the name of a distance table; where that has no number there is no way.
    detour_factor
        Multiplies every distance that is not a lane's own.
    shortest_km, longest_km
        Lanes outside these limits do not exist for it.
    trip_capacity_t
        Load of a vehicle; None: trips are not counted.
    whole_trips
        Whether trips are whole numbers.
    cost_per_trip, cost_per_trip_km
        A trip, and each kilometre of the lane on it (one way; double it for a way back that is paid); of rounds, a
        vehicle and shift, and each kilometre driven.
    emission_kg_per_trip_km
        kg CO2e.
    trips_per_depot
        Most trips (rounds) that end at one site in a period (its vehicles' time); None: any number.
    is_mobile
        Whether a trip is the visit of a mobile station, which may cover its origin, and ends at an open facility that
        uses what the mode may carry; visits are counted and reported where trips are whole.
    single_source
        Whether all of a product that it takes from a site in a period goes to one destination.
    visits_per_period
        Rounds: how often each place is visited in a period, by one vehicle each time; None: it makes no rounds.
    vehicle_slots
        Rounds: places for dangerous goods on a vehicle; None: they are not counted.
    shift_hours
        Rounds: from the depot back to it, stops included; None: hours are not counted.
    speed_km_per_hour
        Rounds: for hours on the way; None: the table ``hours`` says them.
    hours
        Rounds: the name of a distance table that holds hours instead of km; empty: by speed.
    stop_minutes
        Rounds: time at each place.
    most_stops
        Rounds: places in a round; None: any number.
    cost_per_hour
        Rounds: of a vehicle's time, stops included.
    round_factor
        Rounds: what the estimate is multiplied by on all lanes; `solve --with-rounds` finds it.
    """

    KEY: ClassVar[tuple[str, ...]] = ("name",)

    name: OwnName
    products: tuple[ProductName, ...] | None = None
    cost_per_t_km: AnyProfile = 0.0
    cost_per_t: AnyProfile = 0.0
    emission_kg_per_t_km: AnyProfile = 0.0
    by_product: tuple[ModeProduct, ...] = ()
    risk_factor: AtLeastZero = 1.0
    distance: DistanceName = GREAT_CIRCLE
    detour_factor: AboveZero = 1.0
    shortest_km: AtLeastZero = 0.0
    longest_km: AtLeastZero | None = None
    trip_capacity_t: AboveZero | None = None
    whole_trips: bool = False
    cost_per_trip: AtLeastZeroProfile = 0.0
    cost_per_trip_km: AtLeastZeroProfile = 0.0
    emission_kg_per_trip_km: AnyProfile = 0.0
    trips_per_depot: AtLeastZero | None = None
    is_mobile: bool = False
    single_source: bool = False
    visits_per_period: AboveZero | None = None
    vehicle_slots: AboveZero | None = None
    shift_hours: AboveZero | None = None
    speed_km_per_hour: AboveZero | None = None
    hours: DistanceName = ""
    stop_minutes: AtLeastZero = 0.0
    most_stops: AboveZero | None = None
    cost_per_hour: AtLeastZeroProfile = 0.0
    round_factor: AboveZero = 1.0

    def contradictions(self) -> Iterator[EntityFault]:
        """Yield trips without a load, rounds without hours, and a shortest way that is longer than the longest."""
        return own_contradictions.of_mode(self)


@dataclass(frozen=True, kw_only=True)
class Lane(Entity):
    """What differs on one way from one site to another.

    A row for one mode goes before the row for all modes of the same way in what it states.

    Attributes
    ----------
    mode
        The mode it speaks of, whose row goes before that of all modes in what it states; empty: all.
    is_allowed
        False closes it; that of a mode's own row counts, so that it may open what is closed to the others.
    distance_km
        Instead of the mode's distance; opens a way that a table has no number for, and is not held to the mode's
        limits.
    extra_cost_per_t
        A toll or a ferry; 0 in a mode's own row leaves that of all modes.
    most_t
        All products together, a period; in a row of all modes, all of them together, whatever a mode's own row says.
    people_per_km
        Instead of the mean of the two ends.
    round_factor
        What the estimate of rounds is multiplied by here, beside the mode's own factor; `solve --with-rounds` finds it.
    """

    KEY: ClassVar[tuple[str, ...]] = ("origin", "destination", "mode")

    origin: SiteName
    destination: SiteName
    mode: ModeName = ""
    is_allowed: bool = True
    distance_km: AtLeastZero | None = None
    extra_cost_per_t: AnyProfile = 0.0
    most_t: AtLeastZeroProfile | None = None
    people_per_km: AtLeastZero | None = None
    round_factor: AboveZero = 1.0

    def contradictions(self) -> Iterator[EntityFault]:
        """Yield a way that leads nowhere."""
        return own_contradictions.of_lane(self)
