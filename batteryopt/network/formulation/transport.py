"""Transport: what travels on which lane by which mode, at what cost, emission and risk."""

from __future__ import annotations

import numpy as np

from batteryopt.network.data.geography import extra_cost_per_t, people_on_ways
from batteryopt.network.formulation.algebra import Floats, index
from batteryopt.network.formulation.draft import RISK, Draft
from batteryopt.network.formulation.matching import Ints
from batteryopt.network.formulation.reach import LARGEST_BOUND
from batteryopt.network.formulation.trips import add_trips, vehicle_loads


def add_transport(b: Draft) -> None:
    """Add flows and trips, and what they cost and emit."""
    add_shipments(b)
    add_trips(b)
    lanes_are_wide_enough(b)
    pay_for_transport(b)


def add_shipments(b: Draft) -> None:
    """Add flows on all arcs where the origin may have something and the destination may take it."""
    arcs = b.reach.arcs
    ALL = b.each_period(arcs.index)
    most = np.minimum(b.reach.at(b.reach.own, ALL, "origin"), b.reach.at(b.reach.intake, ALL, "destination"))
    keep = most > 0 if b.is_tight else np.ones(len(ALL), dtype=bool)
    SHIPMENTS = ALL.where(keep)
    km = np.repeat(arcs.km, b.sets.T)[keep]
    upper = np.where(most[keep] < LARGEST_BOUND, most[keep], np.inf)
    b.m.variables("shipped", SHIPMENTS, upper=upper, doc="tonnes that travel on a lane")
    b.km["shipped"] = km


def _per_mode(b: Draft, figure: str) -> Floats:
    """Return a figure of each mode (modes, T)."""
    return b.sets.profiles(b.network.modes, figure)


def lanes_are_wide_enough(b: Draft) -> None:
    """State sum of shipped over products (and modes, where the lane names none) <= most of the lane."""
    limited = [lane for lane in b.network.lanes if lane.most_t is not None]
    if not limited:
        return
    sites, modes = b.sets.codes["site"], b.sets.codes["mode"]
    shipped, terms = b.m["shipped"], []
    for row, lane in enumerate(limited):
        mask = (shipped["origin"] == sites[lane.origin]) & (shipped["destination"] == sites[lane.destination])
        if lane.mode:
            mask &= shipped["mode"] == modes[lane.mode]
        terms.append(shipped.where(mask).only("period").with_columns(row=row))
    keys = ("origin", "destination", "lane_mode")
    LANES = index(
        keys,
        origin=[sites[lane.origin] for lane in limited],
        destination=[sites[lane.destination] for lane in limited],
        lane_mode=[modes[lane.mode] + 1 if lane.mode else 0 for lane in limited],
        row=np.arange(len(limited)),
    )
    b.m.require(
        "lanes_are_wide_enough",
        over=b.each_period(LANES),
        terms=terms,
        at_most=b.sets.profiles(limited, "most_t").ravel(),
        doc="a lane carries no more than it can",
    )


# ---- cost, emission and risk ---------------------------------------------------------------------------------------


def pay_for_transport(b: Draft) -> None:
    """Freight, loading, tolls and trips; emissions; risk."""
    shipped, km = b.m["shipped"], b.km["shipped"]
    cost, emission = per_tonne(b)
    b.pay("transport", shipped, cost)
    b.emit(shipped, emission)
    hazard = np.array([[m.risk_factor * p.hazard for p in b.network.products] for m in b.network.modes])
    b.m.charge(RISK, shipped * (km * people_along(b) * _at(hazard, (shipped["mode"], shipped["product"]))))
    trips = b.m["trips"]
    place = trips["mode"], trips["period"]
    trip_km = b.km["trips"]
    b.pay("transport", trips, _per_mode(b, "cost_per_trip")[place] + _per_mode(b, "cost_per_trip_km")[place] * trip_km)
    b.emit(trips, _per_mode(b, "emission_kg_per_trip_km")[place] * trip_km)


def per_tonne(b: Draft) -> tuple[Floats, Floats]:
    """Return cost and kg CO2e of a tonne on each shipment, trips that need not be whole included."""
    shipped, km = b.m["shipped"], b.km["shipped"]
    place = shipped["mode"], shipped["product"], shipped["period"]
    cost = _at(freight(b, "cost_per_t_km"), place) * km + _at(freight(b, "cost_per_t"), place) + tolls(b)
    emission = _at(freight(b, "emission_kg_per_t_km"), place) * km
    loads = vehicle_loads(b)
    if not len(loads):
        return cost, emission
    share = np.zeros(len(shipped))
    share[loads.variable - b.m.families["shipped"].first] = loads.coefficient
    trip = shipped["mode"], shipped["period"]
    driven = share * km
    for m, figures in b.rounds.items():
        mine = shipped["mode"] == m
        place = shipped["origin"][mine], shipped["destination"][mine], shipped["period"][mine]
        driven[mine] = figures.km[place]
        cost[mine] += figures.hours[place] * b.network.profile(b.network.modes[m].cost_per_hour)[place[2]]
    cost += share * _at(_per_mode(b, "cost_per_trip"), trip) + driven * _at(_per_mode(b, "cost_per_trip_km"), trip)
    return cost, emission + driven * _at(_per_mode(b, "emission_kg_per_trip_km"), trip)


def _at(table: Floats, place: tuple[Ints, ...]) -> Floats:
    """Return a table's numbers at the places of many variables; quickly where they are all the same."""
    if not len(place[0]):
        return np.zeros(0)
    first = table.flat[0]
    return np.full(len(place[0]), first) if (table == first).all() else np.asarray(table[place], dtype=float)


def freight(b: Draft, figure: str) -> Floats:
    """Return a figure by mode, product and period (modes, products, T); a mode's own unless the product differs."""
    table = np.repeat(_per_mode(b, figure)[:, None], len(b.network.products), axis=1)
    for m, mode in enumerate(b.network.modes):
        for row in mode.by_product:
            value = getattr(row, figure)
            if value is not None:
                table[m, b.sets.codes["product"][row.product]] = b.network.profile(value)
    return table


def tolls(b: Draft) -> Floats:
    """Return extra costs of a tonne on each shipment."""
    shipped = b.m["shipped"]
    extra = np.zeros(len(shipped))
    for m, mode in enumerate(b.network.modes):
        for (origin, destination), cost in extra_cost_per_t(b.network, mode).items():
            mine = (shipped["mode"] == m) & (shipped["origin"] == origin) & (shipped["destination"] == destination)
            extra[mine] = cost[shipped["period"][mine]]
    return extra


def people_along(b: Draft) -> Floats:
    """Return people along a kilometre of each shipment's lane."""
    shipped = b.m["shipped"]
    people = np.zeros(len(shipped))
    for m, mode in enumerate(b.network.modes):
        mine = np.flatnonzero(shipped["mode"] == m)
        people[mine] = people_on_ways(b.network, mode, shipped["origin"][mine], shipped["destination"][mine])
    return people
