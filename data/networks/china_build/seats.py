"""Finds the seats of the prefectures in a gazetteer and writes them down: ``python -m china_build.seats``.

A prefecture's name is in most cases that of the city in which it is governed. Where it is not, the seat's name stands
here; where the gazetteer knows neither, the middle of the area stays, and the table says so.
"""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterator

import pandas as pd

from batteryopt.ground.files import write_atomically
from batteryopt.network.data.geography import great_circle_km
from batteryopt.network.places import gazetteer
from batteryopt.network.places.gazetteer import Place
from china_build.places import SEATS, site_names
from china_build.returns import cities

SMALLEST = 500
"""People of the smallest places looked at: some seats are villages."""
FARTHEST_KM, FARTHEST_NAMED_KM = 250.0, 450.0
"""From the middle of the area: Jiuquan's seat is 226 km away, other cities of one name farther; of those named here."""
OTHER_NAMES = {
    152200: "Ulanhot", 152500: "Xilin Hot", 152900: "巴彦浩特", 222400: "Yanji", 232700: "Jiagedaqi", 433100: "Jishou",
    469021: "Dingcheng", 469022: "Tuncheng", 469023: "Jinjiang", 469026: "Shilu", 469027: "Baoyou", 469028: "Yelin",
    469029: "Baocheng", 469030: "Yinggen", 513200: "Barkam", 513300: "Kangding", 513400: "Xichang", 522300: "Xingyi",
    522600: "Kaili", 522700: "Duyun", 532500: "Mengzi", 532800: "Jinghong", 533100: "Mangshi", 533300: "Lushui",
    533400: "Shangri-La", 540600: "Nagqu", 542500: "Shiquanhe", 623000: "Hezuo", 632200: "Xihai", 632300: "Tongren",
    632500: "Gonghe", 632600: "Maqin", 632800: "Delingha", 652700: "Bole", 652800: "Korla", 653000: "Artux",
    654000: "Yining", 659006: "Tiemenguan", 659007: "Shuanghe",
}  # fmt: skip
"""Seats whose prefecture is called something else, by code."""
HEADS = ("code", "seat", "lat", "lon", "from")
MIDDLE = "middle of the area"


def main() -> None:
    """Write the table."""
    table = cities()
    table["site"] = site_names(table)
    known = _by_name()
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(HEADS)
    writer.writerows(_row(int(str(code)), row, known) for code, row in table.iterrows())
    write_atomically(SEATS, stream.getvalue())


def _by_name() -> dict[str, list[Place]]:
    found: dict[str, list[Place]] = defaultdict(list)
    for place in gazetteer.cities(SMALLEST):
        if place.country == "CN":
            for name in {_folded(name) for name in (place.name, *place.others)}:
                found[name].append(place)
    return found


def _folded(name: str) -> str:
    return name.casefold().replace("'", "").replace("-", "").replace(" ", "")


def _row(code: int, row: pd.Series, known: dict[str, list[Place]]) -> tuple[object, ...]:
    """Return the largest place of the first name that means a place nearby."""
    farthest = FARTHEST_NAMED_KM if code in OTHER_NAMES else FARTHEST_KM
    for name in _names(code, row):
        near = [place for place in known.get(_folded(name), ()) if _km(place, row) <= farthest]
        if near:
            place = max(near, key=lambda place: (place.people, -_km(place, row)))
            return code, place.name, f"{place.latitude_deg:.2f}", f"{place.longitude_deg:.2f}", "GeoNames"
    return code, "", row["lat"], row["lon"], MIDDLE


def _names(code: int, row: pd.Series) -> Iterator[str]:
    if code in OTHER_NAMES:
        yield OTHER_NAMES[code]
        return
    yield row["name_zh"] + "市"
    yield row["name_zh"]
    yield row["site"].split(" (")[0]


def _km(place: Place, row: pd.Series) -> float:
    return float(great_circle_km([place.latitude_deg, row["lat"]], [place.longitude_deg, row["lon"]])[0, 1])


if __name__ == "__main__":
    main()
