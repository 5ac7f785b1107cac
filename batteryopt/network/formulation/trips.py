"""Trips: vehicles that go a lane with their load, and rounds of mobile stations that end at an open depot."""

from __future__ import annotations

import numpy as np

from batteryopt.network.data.flows import Mode
from batteryopt.network.data.geography import Ways, takes_the_rounds_of
from batteryopt.network.data.magnitude import beyond_any_load
from batteryopt.network.formulation.algebra import Bools, Floats, Index, Terms, index
from batteryopt.network.formulation.balances import scaled
from batteryopt.network.formulation.draft import Draft
from batteryopt.network.formulation.matching import Ints
from batteryopt.network.formulation.sets import NOTHING
from batteryopt.network.formulation.steps import first_step

KEYS = ("origin", "destination", "mode", "period")


def add_trips(b: Draft) -> None:
    """Add trips, what they carry, and where they end."""
    trips_carry_the_load(b)
    depots_have_the_vehicles(b)
    rounds_end_at_a_depot(b)
    visits_carry_the_load(b)


def trips_carry_the_load(b: Draft) -> None:
    """Add whole trips where a mode has them: a lane's load needs so many vehicles, and so does a visit."""
    shipped, modes = b.m["shipped"], b.network.modes
    is_whole = np.array([mode.whole_trips and mode.trip_capacity_t is not None for mode in modes], dtype=bool)
    mine = shipped.where(is_whole[shipped["mode"]])
    loaded = np.stack([mine[name] for name in KEYS], axis=1)
    ways, way = np.unique(np.concatenate([loaded, _visits(b)]), axis=0, return_inverse=True)
    origin, destination, mode, period = ways.reshape(-1, 4).T
    TRIPS = index(KEYS, origin=origin, destination=destination, mode=mode, period=period)
    capacity = np.array([np.inf if m.trip_capacity_t is None else m.trip_capacity_t for m in modes])[mode]
    load = np.zeros(len(TRIPS))
    shipments = b.m.families["shipped"]
    np.add.at(load, way.ravel()[: len(mine)], shipments.upper[mine.variable - shipments.first])
    trips = b.m.variables(
        "trips", TRIPS, upper=_most_trips(b, TRIPS, load / capacity), is_integer=True, doc="vehicles on a lane"
    )
    b.km["trips"] = _lengths(b, TRIPS)
    b.m.require(
        "trips_carry_the_load",
        over=TRIPS,
        terms=[mine.only(*KEYS), -trips * capacity],
        at_most=0.0,
        doc="no more travels than the trips can carry",
    )


def _visits(b: Draft) -> Ints:
    """Return where a mobile station may go for the sake of a visit, loaded or empty (ways, KEYS)."""
    rules = [rule for rule in b.network.policy.coverage if rule.visits]
    asked = np.zeros((len(b.network.sites), b.sets.T), dtype=bool)
    for rule in rules:
        sites = [b.sets.codes["site"][name] for name in b.network.groups_by_name[rule.group]]
        asked[sites] |= b.network.profile(rule.share) > 0
    asked &= b.reach.returns.sum(axis=1) > 0
    found = [np.zeros((0, 4), dtype=np.int64)]
    for m, mode in enumerate(b.network.modes):
        if rules and mode.is_mobile and mode.whole_trips:
            origins, depots = np.flatnonzero(asked.any(axis=1)), np.flatnonzero(_is_depot(b, m))
            origin, destination, _ = Ways(b.network, mode).among(origins, depots)
            way, period = np.nonzero(asked[origin])
            found.append(np.stack([origin[way], destination[way], np.full_like(way, m), period], axis=1))
    return np.concatenate(found)


def _is_depot(b: Draft, mode: int) -> Bools:
    """Return the sites where a facility may stand that takes a mobile mode's load (sites)."""
    mask = np.zeros(len(b.network.sites), dtype=bool)
    kinds = [takes_the_rounds_of(b.network, b.network.modes[mode], type_.name) for type_ in b.network.types]
    facilities = b.sets.FACILITIES
    mask[facilities["site"][np.array(kinds, dtype=bool)[facilities["type"]]]] = True
    return mask


def _lengths(b: Draft, TRIPS: Index) -> Floats:
    """Return the km of each trip's lane (rows)."""
    km = np.zeros(len(TRIPS))
    for m in np.unique(TRIPS["mode"]).tolist():
        mine = TRIPS["mode"] == m
        km[mine] = Ways(b.network, b.network.modes[m]).at(TRIPS["origin"][mine], TRIPS["destination"][mine])
    return km


def _most_trips(b: Draft, TRIPS: Index, needed: Floats) -> Floats:
    """Return an upper bound of trips: what the load can need, or what a coverage rule may ask for.

    More would only cost and emit more, for trips have neither a negative cost nor a negative emission.
    """
    visits = [rule.visits for rule in b.network.policy.coverage if rule.visits is not None]
    most = np.maximum(np.ceil(needed - 1e-9), np.ceil(max(visits, default=0.0)))
    depot = np.array([np.inf if m.trips_per_depot is None else m.trips_per_depot for m in b.network.modes])
    return np.asarray(np.minimum(most, np.floor(depot[TRIPS["mode"]])), dtype=float)


def vehicle_loads(b: Draft) -> Terms:
    """Return loads in vehicles, for modes whose trips need not be whole; of rounds, as many as are expected."""
    shipped = b.m["shipped"]
    capacity = [np.inf if m.trip_capacity_t is None or m.whole_trips else m.trip_capacity_t for m in b.network.modes]
    has_trips = np.isfinite(capacity)
    mine = shipped.where(has_trips[shipped["mode"]]) if has_trips.any() else shipped.take(NOTHING)
    vehicles = 1.0 / np.array(capacity)[mine["mode"]]
    for m, figures in b.rounds.items():
        of_rounds = mine["mode"] == m
        place = (mine["origin"][of_rounds], mine["destination"][of_rounds], mine["period"][of_rounds])
        vehicles[of_rounds] = figures.rounds[place]
    return mine * vehicles


def visits_carry_the_load(b: Draft) -> None:
    """State sum of shipped over destinations and products <= visits x load of a vehicle; the same of slots."""
    shipped, modes = b.m["shipped"], b.network.modes
    per_t = {"visits_carry_the_load": np.ones(len(b.network.products))}
    per_t["visits_have_the_slots"] = np.array([product.slots_per_t for product in b.network.products])
    room = {
        "visits_carry_the_load": np.array([_visits_times(mode, mode.trip_capacity_t) for mode in modes]),
        "visits_have_the_slots": np.array([_visits_times(mode, mode.vehicle_slots) for mode in modes]),
    }
    meaning = {
        "visits_carry_the_load": "a place's visits, of one vehicle each, carry what rounds take from it",
        "visits_have_the_slots": "the vehicles that visit a place have the slots for what they take from it",
    }
    for name, most in room.items():
        mine = shipped.where(np.isfinite(most)[shipped["mode"]]) if np.isfinite(most).any() else shipped.take(NOTHING)
        keys = ("origin", "mode", "period")
        if not len(mine):
            continue
        rows = np.unique(np.stack([mine[key] for key in keys], axis=1), axis=0)
        PLACES = index(keys, **dict(zip(keys, rows.T, strict=True)))
        b.m.require(
            name,
            over=PLACES,
            terms=[(mine * per_t[name][mine["product"]]).only(*keys)],
            at_most=most[PLACES["mode"]],
            doc=meaning[name],
        )


def _visits_times(mode: Mode, room: float | None) -> float:
    return np.inf if mode.visits_per_period is None or room is None else mode.visits_per_period * room


def depots_have_the_vehicles(b: Draft) -> None:
    """State sum of trips that end at a site <= trips that its vehicles have time for."""
    most = np.array([np.inf if m.trips_per_depot is None else m.trips_per_depot for m in b.network.modes])
    if not np.isfinite(most).any():
        return
    columns = ("destination", "mode", "period")
    counted = [b.m["trips"].only(*columns), vehicle_loads(b).only(*columns)]
    ways = np.concatenate([np.stack([terms["destination"], terms["mode"]], axis=1) for terms in counted])
    destination, mode = np.unique(ways[np.isfinite(most)[ways[:, 1]]], axis=0).reshape(-1, 2).T
    DEPOTS = index(("destination", "mode"), destination=destination, mode=mode)
    b.m.require(
        "depots_have_the_vehicles",
        over=b.each_period(DEPOTS),
        terms=counted,
        at_most=np.repeat(most[mode], b.sets.T),
        doc="no more trips than vehicles have time for",
    )


def rounds_end_at_a_depot(b: Draft) -> None:
    """State trips (loads, where trips need not be whole) <= most x (something stands at the depot that takes them)."""
    is_mobile = np.array([mode.is_mobile for mode in b.network.modes], dtype=bool)
    if not is_mobile.any():
        return
    loads = vehicle_loads(b)
    rounds = [terms.where(is_mobile[terms["mode"]]).only(*KEYS) for terms in (b.m["trips"], loads)]
    ways = np.concatenate([np.stack([terms[name] for name in KEYS], axis=1) for terms in rounds])
    each, way = np.unique(ways, axis=0, return_inverse=True)
    upper = np.concatenate([np.zeros(0), *(f.upper for f in b.m.families.values())])
    most = np.zeros(len(each))
    np.add.at(most, way.ravel(), np.concatenate([upper[terms.variable] * terms.coefficient for terms in rounds]))
    ROUNDS = index(KEYS, **dict(zip(KEYS, each.reshape(-1, 4).T, strict=True)))
    b.m.require(
        "rounds_end_at_a_depot",
        over=ROUNDS,
        terms=[*rounds, -scaled(_depots(b), ROUNDS, np.minimum(most, beyond_any_load(b.network)))],
        at_most=0.0,
        doc="a mobile station's trip ends where something stands that takes its load, empty trips too",
    )


def _depots(b: Draft) -> Terms:
    """Return whether a facility stands that takes a mobile mode's load: by destination, mode and period."""
    pairs = [
        (t, m)
        for m, mode in enumerate(b.network.modes)
        for t, type_ in enumerate(b.network.types)
        if mode.is_mobile and takes_the_rounds_of(b.network, mode, type_.name)
    ]
    type_, mode = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    standing = first_step(b).through({"type": type_, "mode": mode}, np.ones(len(pairs)))
    return standing.renamed(site="destination").only("destination", "mode", "period")
