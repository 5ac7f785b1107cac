"""Prodhon's location-routing instances (C. Prins, C. Prodhon, R. Wolfler Calvo, 4OR 4, 2006) as rounds and as networks.

A file says the numbers of customers and depots; coordinates of depots and of customers; the load of a vehicle; room of
each depot; each customer's demand; each depot's opening cost; the cost of a round; and 0, or 1 where costs are not cut
to whole numbers. A way costs 100 times the Euclidean distance, rounded up.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from batteryopt.network.data.instance import (
    Candidate,
    FacilityType,
    Level,
    Mode,
    Network,
    Period,
    Product,
    Recipe,
    Return,
    Site,
)
from batteryopt.network.location.numbers import names, numbers_of, refused
from batteryopt.network.rounds.depot_sets import LocationRouting
from batteryopt.network.rounds.round_problem import Floats, RoundProblem, RoundVehicle

SCALE = 100.0
NEARLY_WHOLE = 1e-6
"""A distance that is a whole number is not rounded up for what its root is off by."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ProdhonCase:
    """What a file says.

    Attributes
    ----------
    depots, customers
        Coordinates (m, 2), (n, 2).
    load
        Of a vehicle.
    room, opening
        Of each depot (m).
    demand
        Of each customer (n).
    round_cost
        Of each vehicle that is used.
    """

    name: str
    depots: Floats
    customers: Floats
    load: float
    room: Floats
    demand: Floats
    opening: Floats
    round_cost: float
    is_whole: bool

    @property
    def costs(self) -> Floats:
        """What each way costs, depots first (m + n, m + n)."""
        points = np.concatenate([self.depots, self.customers])
        distance = SCALE * np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1))
        return np.asarray(np.ceil(distance - NEARLY_WHOLE) if self.is_whole else distance, dtype=float)

    def location_routing(self) -> LocationRouting:
        """Return the case as depots and rounds: one km costs 1."""
        m, n = len(self.depots), len(self.customers)
        vehicle = RoundVehicle(capacity_t=self.load, cost_per_round=self.round_cost, cost_per_km=1.0)
        problem = RoundProblem(
            name=self.name,
            depots=tuple(names("depot", m)),
            places=tuple(names("customer", n)),
            km=self.costs,
            hours=np.zeros((m + n, m + n)),
            load_t=self.demand,
            slots=np.zeros(n),
            vehicle=vehicle,
            depot_capacity_t=self.room,
            vehicles=np.full(m, np.inf),
        )
        return LocationRouting(problem=problem, opening=self.opening)

    def network(self) -> Network:
        """Return the case as a network: customers' goods are collected by rounds, a km costs 1, and one visit is made.

        What its plan says rounds cost is an estimate; ``solve --with-rounds`` plans them.
        """
        m, n = len(self.depots), len(self.customers)
        depots, customers = names("depot", m), names("customer", n)
        recipe = Recipe(name="take", inputs=(("goods", 1.0),), outputs=())
        built = zip(depots, self.room.tolist(), self.opening.tolist(), strict=True)
        return Network(
            name=self.name,
            currency="EUR",
            periods=(Period(name="1"),),
            products=(Product(name="goods"),),
            sites=tuple(Site(name=site) for site in (*depots, *customers)),
            returns=tuple(
                Return(site=site, product="goods", tonnes=tonnes, single_source=True)
                for site, tonnes in zip(customers, self.demand.tolist(), strict=True)
                if tonnes > 0
            ),
            types=(FacilityType(name="depot", recipes=(recipe,), levels=()),),
            candidates=tuple(
                Candidate(site=site, type="depot", levels=(Level(name="built", capacity_t=room, opening_cost=cost),))
                for site, room, cost in built
            ),
            modes=(
                Mode(
                    name="round",
                    distance="cost",
                    trip_capacity_t=self.load,
                    visits_per_period=1,
                    cost_per_trip=self.round_cost,
                    cost_per_trip_km=1.0,
                ),
            ),
            distances={"cost": self.costs},
            source=f"C. Prins, C. Prodhon, R. Wolfler Calvo, 4OR 4, 2006: {self.name}",
        )


def read_prodhon(path: str | os.PathLike[str]) -> ProdhonCase:
    """Return the case of a file.

    Raises
    ------
    InvalidInput
        If the file is not of this kind.
    """
    numbers = numbers_of(path)
    n, m = numbers.counts(2)
    depots, customers = numbers.take(m, 2), numbers.take(n, 2)
    load = float(numbers.take(1)[0])
    room, demand, opening = numbers.take(m), numbers.take(n), numbers.take(m)
    round_cost, kind = numbers.take(2).tolist()
    numbers.end()
    if kind not in (0, 1):
        raise refused(str(path), f"ends with {kind:g}", "expected 0 (whole costs) or 1")
    if not load > 0:
        raise refused(str(path), "has vehicles without a load", "expected a load above 0")
    return ProdhonCase(
        name=Path(path).stem,
        depots=depots,
        customers=customers,
        load=load,
        room=room,
        demand=demand,
        opening=opening,
        round_cost=float(round_cost),
        is_whole=kind == 0,
    )
