"""Cities as sites: names that tell them apart, distances that can be used, who is remote."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from batteryopt.network.data.geography import great_circle_km
from china_build import figures as f

Floats = npt.NDArray[np.float64]

SOURCE = Path(__file__).parents[2] / "openstreetmap-china"
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


def distances(table: pd.DataFrame) -> dict[str, Floats]:
    """Return km by road and by rail between cities (n, n), whole kilometres; NaN where there is no rail."""
    circle = great_circle_km(table["lat"].to_numpy(float), table["lon"].to_numpy(float))
    on_island = (table["province"] == ISLAND).to_numpy()
    both = on_island[:, None] & on_island
    found = {}
    for name, detour in (("road_km", f.ROAD_DETOUR), ("rail_km", f.RAIL_DETOUR)):
        km = matrix(table, name)
        if name == "rail_km":
            far = access_km(table, name) > f.RAIL_ACCESS
            far &= ~on_island
            km[far, :] = km[:, far] = np.nan
        found[name] = np.round(np.where(both, circle * detour, km))
        np.fill_diagonal(found[name], 0.0)
    return found


def matrix(table: pd.DataFrame, name: str) -> Floats:
    """Return a source matrix in the order of the table (n, n)."""
    with np.load(SOURCE / f"{name}.npz") as source:
        position = {int(code): i for i, code in enumerate(source["code"])}
        index = [position[code] for code in table.index]
        return np.asarray(source["km"][np.ix_(index, index)], dtype=float)


def access_km(table: pd.DataFrame, name: str) -> Floats:
    """Return each city's straight leg to the network (n)."""
    return np.diag(matrix(table, name)) / 2


def is_remote(table: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Return who is far from the railway or on the island: the set that mobile stations visit."""
    far = access_km(table, "rail_km") > f.RAIL_ACCESS
    return np.asarray(far | (table["province"] == ISLAND).to_numpy(), dtype=bool)
