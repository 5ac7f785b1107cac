"""Cities as sites: names that tell them apart, the seats where they are governed, and ways between these."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from batteryopt.network.data.geography import great_circle_km
from china_build import figures as f

Floats = npt.NDArray[np.float64]

SOURCE = Path(__file__).parents[2] / "openstreetmap-china"
SEATS = Path(__file__).parents[2] / "china-nev" / "seats.csv"
ISLAND = "Hainan"

CAPITALS = {
    "Beijing": 110000, "Tianjin": 120000, "Hebei": 130100, "Shanxi": 140100, "Inner Mongolia": 150100,
    "Liaoning": 210100, "Jilin": 220100, "Heilongjiang": 230100, "Shanghai": 310000, "Jiangsu": 320100,
    "Zhejiang": 330100, "Anhui": 340100, "Fujian": 350100, "Jiangxi": 360100, "Shandong": 370100,
    "Henan": 410100, "Hubei": 420100, "Hunan": 430100, "Guangdong": 440100, "Guangxi": 450100, "Hainan": 460100,
    "Chongqing": 500000, "Sichuan": 510100, "Guizhou": 520100, "Yunnan": 530100, "Tibet": 540100,
    "Shaanxi": 610100, "Gansu": 620100, "Qinghai": 630100, "Ningxia Hui": 640100, "Xinjiang": 650100,
}  # fmt: skip
"""Code of each province's capital."""


def site_names(table: pd.DataFrame) -> pd.Series:
    """Return a short name for each city; where two cities share one, the province follows it."""
    short = table["city"].str.replace(r" \(.*\)$", "", regex=True).str.replace(" City", "", regex=False).str.strip()
    twice = short.duplicated(keep=False)
    return short.where(~twice, short + " (" + table["province"] + ")")


def seats(table: pd.DataFrame) -> tuple[Floats, Floats]:
    """Return latitude and longitude of the seats of the cities of a table (n)."""
    found = pd.read_csv(SEATS).set_index("code").loc[table.index]
    return found["lat"].to_numpy(float), found["lon"].to_numpy(float)


def distances(table: pd.DataFrame) -> dict[str, Floats]:
    """Return km by road and by rail between the seats (n, n), whole kilometres; NaN where there is no rail.

    The networks of the source lead to the middles of areas, whose own legs make near places far. What is kept of them
    is how much longer than the great circle ways from a place are: the median to places at some distance. A way between
    two seats is their great circle times the mean of both ends' factors.
    """
    circle = great_circle_km(*seats(table))
    found = {}
    for name, usual in (("road_km", f.ROAD_DETOUR), ("rail_km", f.RAIL_DETOUR)):
        factors = detours(table, name, usual)
        found[name] = np.round(circle * (factors[:, None] + factors) / 2.0)
    found["rail_km"][~has_rail(table), :] = found["rail_km"][:, ~has_rail(table)] = np.nan
    for km in found.values():
        np.fill_diagonal(km, 0.0)
    return found


def detours(table: pd.DataFrame, name: str, usual: float) -> Floats:
    """Return each place's ways over their great circles (n); `usual` on the island, where the source has no network."""
    circle = great_circle_km(table["lat"].to_numpy(float), table["lon"].to_numpy(float))
    is_told = (circle >= f.DETOUR_FROM_KM) & (circle <= f.DETOUR_TO_KM)
    ratios = np.divide(_matrix(table, name), circle, out=np.full_like(circle, np.nan), where=is_told)
    is_alone = ~is_told.any(axis=1) | (table["province"] == ISLAND).to_numpy()
    ratios[is_alone] = usual
    return np.asarray(np.nanmedian(ratios, axis=1))


def _matrix(table: pd.DataFrame, name: str) -> Floats:
    """Return a source matrix in the order of the table (n, n)."""
    with np.load(SOURCE / f"{name}.npz") as source:
        position = {int(code): i for i, code in enumerate(source["code"])}
        index = [position[code] for code in table.index]
        return np.asarray(source["km"][np.ix_(index, index)], dtype=float)


def has_rail(table: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Return who has a railhead near: by the straight leg to the network, or on the island, which has its own."""
    leg = np.diag(_matrix(table, "rail_km")) / 2
    return np.asarray((leg <= f.RAIL_ACCESS) | (table["province"] == ISLAND).to_numpy(), dtype=bool)
