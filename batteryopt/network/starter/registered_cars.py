"""Battery cars registered in a country, where a public figure is at hand; elsewhere as in Germany for each head."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from batteryopt.network.places.gazetteer import Country
from batteryopt.network.starter.recycling_figures import ASSUMED, HERE, SOURCED, StarterFigure

GERMANY, CHINA = "DE", "CN"
PEOPLE_OF_GERMANY = 83_000_000


@dataclass(frozen=True, kw_only=True)
class CountryCars:
    """Cars registered by year, with their source."""

    by_year: Mapping[int, float]
    figures: tuple[StarterFigure, ...]


# Germany's figures were each found in reports of the Kraftfahrt-Bundesamt's yearly balances, 2021 and 2024 among them.
_KNOWN: Mapping[str, tuple[str, Mapping[int, float]]] = {
    GERMANY: (
        "Kraftfahrt-Bundesamt, new registrations of battery-electric cars",
        {2019: 63_281, 2020: 194_163, 2021: 355_961, 2022: 470_559, 2023: 524_219, 2024: 380_609},
    ),
    CHINA: (
        "sum of the cities in data/china-nev (repository Miffyfei/EOL-power-battery, CC BY 4.0), passenger cars",
        {2016: 446_499, 2017: 716_126, 2018: 1_078_197, 2019: 921_410, 2020: 1_142_774, 2021: 2_929_873,
         2022: 5_255_106, 2023: 7_298_576},
    ),
}  # fmt: skip


def cars_of(country: Country) -> CountryCars:
    """Return the cars of a country; those of Germany by the head where there is no figure for it."""
    source, by_year = _KNOWN.get(country.code, _KNOWN[GERMANY])
    is_known = country.code in _KNOWN
    factor = 1.0 if is_known else country.people / PEOPLE_OF_GERMANY
    note = "" if is_known else f"as in Germany for each head ({country.people:,} people): put your own in its place"
    figures = tuple(
        StarterFigure(
            figure=f"cars registered in {country.name} in {year}",
            value=cars * factor,
            unit="vehicles",
            source=source if is_known else HERE,
            standing=SOURCED if is_known else ASSUMED,
            note=note,
        )
        for year, cars in by_year.items()
    )
    return CountryCars(by_year={year: cars * factor for year, cars in by_year.items()}, figures=figures)
