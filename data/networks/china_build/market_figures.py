"""Figures of the network `sichuan` alone: what packs cost, what black mass and copper fetch, how sales grew."""

from __future__ import annotations

from china_build import figures as f
from china_build.figures import ASSUMPTION, DERIVED, WELL_SOURCED, Figure

MARKET: list[Figure] = []
CAAM = "China Association of Automobile Manufacturers, as reported"
SMM = "Shanghai Metals Market, weekly reviews"


def _figure(figure: str, value: float, unit: str, year: str, source: str, standing: str, note: str = "") -> float:
    MARKET.append(
        Figure(
            figure=f"sichuan: {figure}",
            value=value,
            unit=unit,
            year=year,
            source=source,
            licence="figure",
            standing=standing,
            note=note,
        )
    )
    return value


def _assumed(figure: str, value: float, unit: str, note: str) -> float:
    return _figure(figure, value, unit, "2026", "this project", ASSUMPTION, note)


GROWTH = {
    2024: _figure("growth of sales in 2024", 0.355, "a year", "2025", CAAM, WELL_SOURCED, "12.87 million vehicles"),
    2025: _figure("growth of sales in 2025", 0.282, "a year", "2026", CAAM, WELL_SOURCED, "16.49 million vehicles"),
}
"""Of the country's sales, exports included; the same is taken of every city. Later years: as in the other networks."""
SEATS = {
    510100: (30.67, 104.07), 510300: (29.34, 104.78), 510400: (26.59, 101.71), 510500: (28.89, 105.43),
    510600: (31.13, 104.38), 510700: (31.47, 104.68), 510800: (32.44, 105.82), 510900: (30.51, 105.57),
    511000: (29.58, 105.06), 511100: (29.56, 103.76), 511300: (30.80, 106.08), 511400: (30.04, 103.84),
    511500: (28.76, 104.64), 511600: (30.47, 106.64), 511700: (31.21, 107.46), 511800: (29.99, 103.00),
    511900: (31.87, 106.74), 512000: (30.12, 104.65), 513200: (31.90, 102.22), 513300: (30.00, 101.96),
    513400: (27.90, 102.26),
}  # fmt: skip
"""Seats of the prefectures by code (GeoNames, CC BY 4.0): Barkam for Aba, Kangding for Garze, Xichang for Liangshan."""
_figure(
    "seats of prefectures", len(SEATS), "places", "2026", "GeoNames, CC BY 4.0", WELL_SOURCED, "latitude, longitude"
)

PAID_LFP = _assumed("paid for a tonne of LFP packs", 5_000, "CNY/t", "2,000 to 9,000; informal workshops pay more "
                    "than a formal chain can: safety, waste and taxes cost them nothing")  # fmt: skip
PAID_NCM = _assumed("paid for a tonne of NCM packs", 20_000, "CNY/t", "10,000 to 30,000; as for LFP")
_figure("compliant recycling, at most", 0.5, "share", "2025", "China Daily, 3 November 2025", WELL_SOURCED, "the rest "
        "goes to informal workshops")  # fmt: skip

OUTLETS = _figure("outlets that stand in the country", 10_235, "outlets", "2022", "Xinhua, 16 September 2022",
                  WELL_SOURCED, "so every prefecture has some, paid by the tonne")  # fmt: skip
_PER_T = round(f.CENTRAL_FIXED / (f.CENTRAL_STORE_T * f.OUTLET_TURNS), 2)
OUTLET_SHARE = _figure("an outlet's own cost", _PER_T, "CNY/t", "2026", "this project", DERIVED,
                       "a centralised one, 350,000 CNY over 720 t")  # fmt: skip

SECOND_LIFE_COST = _assumed("repacking, warranty and sale of a second-life pack", 4_000, "CNY/t", "half of its price")

COPPER_IN_FOIL = _assumed("copper in the foils of cells", 0.4, "share", "0.35 to 0.6, the rest is aluminium: 20 kg "
                          "and 35 kg, cans included, in Transport & Environment's pack of some 400 kg")  # fmt: skip
COPPER_FOIL = _figure("price of copper foil with powder", 49_100, "CNY/t", "2025", "recyclingmagazin.de, 25 November "
                      "2025", DERIVED, "75 % of 8,400 EUR for shredded wire at 7.8 CNY/EUR")  # fmt: skip
ALUMINIUM_FOIL = _assumed("price of aluminium foil with powder", 9_000, "CNY/t", "7,000 to 12,000")

PAYABLE_METALS = _figure("payable of nickel and cobalt in NCM black mass", 0.76, "of the metal's value", "2025", SMM,
                         WELL_SOURCED, "75.5 to 77 % on 11 December 2025; 72.5 to 75 % in August")  # fmt: skip
PAYABLE_LITHIUM = _figure("payable of lithium in NCM black mass", 0.74, "of the metal's value", "2025", SMM,
                          WELL_SOURCED, "73 to 75 % on 11 December 2025")  # fmt: skip
LFP_PER_PERCENT = _figure("price of LFP black mass for a percent of lithium", 2_700, "CNY/t", "2025", SMM, WELL_SOURCED,
                          "2,650 to 2,800 on 18 September 2025, 4,300 to 4,650 on 25 December")  # fmt: skip
