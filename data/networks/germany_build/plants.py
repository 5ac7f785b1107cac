"""Plants that stand or are announced, with what is public of their sizes; all end with provenance."""

from __future__ import annotations

from dataclasses import dataclass

from figure_register import ASSUMPTION as ASSUMED
from figure_register import WELL_SOURCED as SOURCED

from germany_build.figures import REGISTER


@dataclass(frozen=True, kw_only=True)
class Plant:
    """A plant.

    Attributes
    ----------
    place
        Where it is, by its name in the gazetteer.
    shredder_t
        Batteries a year that it can shred; 0: none.
    refinery_t
        Black mass a year that it can refine; 0: none.
    """

    place: str
    shredder_t: float = 0.0
    refinery_t: float = 0.0


def _shreds(place: str, who: str, tonnes: float, year: str, source: str, standing: str, note: str = "") -> float:
    return REGISTER.told(f"{place}, {who}: shreds", tonnes, "t a year", year, source, standing, note)


def _refines(place: str, who: str, tonnes: float, year: str, source: str, standing: str, note: str = "") -> float:
    return REGISTER.told(f"{place}, {who}: refines", tonnes, "t of black mass a year", year, source, standing, note)


STANDING = (
    Plant(
        place="Meppen",
        shredder_t=_shreds("Meppen", "Re.Lion.Bat., PreZero", 30_000, "2025", "PreZero, 5 September 2025", SOURCED,
                           "60,000 are permitted; nominal, from 4 t an hour"),
    ),
    Plant(
        place="Schwarzheide",
        shredder_t=_shreds("Schwarzheide", "BASF", 15_000, "2025", "BASF, 4 June 2025", SOURCED, "since June 2025"),
        refinery_t=_refines("Schwarzheide", "BASF, prototype", 10_000, "2024", "Circular Energy Storage, 16 April 2024",
                            ASSUMED, "their estimate of the full size, reached in steps; 2,000 to 10,000"),
    ),
    Plant(
        place="Magdeburg",
        shredder_t=_shreds("Magdeburg (Sülzetal)", "Li-Cycle, Glencore", 10_000, "2023", "circularenergystorage.com",
                           SOURCED, "one line of two; 30,000 in all; Glencore's since 8 August 2025"),
    ),
    Plant(
        place="Bremerhaven",
        shredder_t=_shreds("Bremerhaven", "Redux, Redwood", 10_000, "2023", "Redwood Materials, 20 September 2023",
                           SOURCED),
    ),
    Plant(
        place="Hilchenbach",
        shredder_t=_shreds("Hilchenbach", "Primobius", 10_000, "2023", "Handelsblatt, 2 August 2023", SOURCED,
                           "others say a tenth of it is a show plant"),
    ),
    Plant(
        place="Krefeld",
        shredder_t=_shreds("Krefeld", "Accurec", 6_500, "2025", "traweba.de", SOURCED, "20,000 are planned"),
    ),
    Plant(
        place="Hettstedt",
        shredder_t=_shreds("Hettstedt", "Ecobat", 6_500, "2022", "EUWID Recycling, June 2022", ASSUMED,
                           "planned for the end of 2022; 3,000 t were recycled in 2021; 3,000 to 10,000"),
    ),
    Plant(
        place="Wendeburg",
        shredder_t=_shreds("Wendeburg", "Duesenfeld", 3_000, "2022", "standort38.de", SOURCED, "batteries of a year"),
    ),
    Plant(
        place="Kuppenheim",
        shredder_t=_shreds("Kuppenheim", "Mercedes-Benz", 2_500, "2024", "Mercedes-Benz, 21 October 2024", SOURCED),
        refinery_t=_refines("Kuppenheim", "Mercedes-Benz", 850, "2024", "Mercedes-Benz, 21 October 2024", ASSUMED,
                            "the black mass of 2,500 t"),
    ),
)  # fmt: skip

DORMAGEN = Plant(
    place="Dormagen",
    refinery_t=_refines("Dormagen", "cylib", 20_000, "2025", "recyclingportal.eu, of cylib's grant", SOURCED,
                        "the last stage, for 60,000 t of batteries; announced for 2027, a first stage smaller"),
)  # fmt: skip
DORMAGEN_FIRST_T = _refines("Dormagen", "cylib, first stage", 7_000, "2025", "this project", ASSUMED, "a third of it")
DORMAGEN_GRANT = REGISTER.told(
    "Dormagen, cylib: grant", 26.1e6, "EUR", "2025", "recyclingportal.eu", SOURCED, "ERDF/JTF, NRW"
)
