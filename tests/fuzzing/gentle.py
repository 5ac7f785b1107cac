"""Inputs that somebody could mean: numbers of the same size, rows left out, other settings. Most are solved."""

from __future__ import annotations

import csv
import random
import re
import shutil
from pathlib import Path

from tests.command_line import ROOT, TABLE_2

HAND = ROOT / "data" / "networks" / "hand"
LATER_GAME = ROOT / "data" / "differential_game" / "base.toml"
NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?![\w.])")
SETTINGS = (
    "",
    "",
    "[policy]\ncarbon_price_per_t = 40\n",
    "[policy]\nbudget = 100000000\n",
    "[policy]\nbudget = 1\n",
    "[policy]\nfinal_stock_is_free = true\n",
    "[policy]\nemission_cap_total_t = 0\nemission_penalty_per_t = 100\n",
)
MAY_LOSE_ROWS = ("candidates.csv", "markets.csv", "returns.csv", "levels.csv")


def scaled(chance: random.Random, text: str) -> str:
    """Return a number somewhat smaller or larger than it was."""
    return f"{float(text) * chance.choice([0.5, 0.8, 0.95, 1.0, 1.05, 1.2, 2.0]):.6g}"


def mild_game(chance: random.Random, folder: Path) -> list[str]:
    """Change some parameters of a game by a little."""
    source = chance.choice([TABLE_2, TABLE_2, LATER_GAME])
    lines = source.read_text(encoding="utf-8").splitlines()
    begin = lines.index("[parameters]")
    places = [i for i in range(begin + 1, len(lines)) if re.match(r"\w+ = [\d.]+", lines[i])]
    for i in chance.sample(places, chance.randint(1, 3)):
        key, _, value = lines[i].partition("=")
        lines[i] = f"{key}={NUMBER.sub(lambda found: scaled(chance, found[0]), value.partition('#')[0], count=1)}"
    path = folder / "game.toml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return chance.choice(
        [
            ["check", str(path)],
            ["solve", str(path), "--route", "closed-form"],
            ["solve", str(path), "--route", "closed-form", "--json", "--out", str(folder / "out")],
            ["solve", str(path), "--model", chance.choice(["contract", "decentralized"]), "--time-limit", "4"],
        ]
    )


def mild_network(chance: random.Random, folder: Path) -> list[str]:
    """Change some numbers of a network by a little, leave rows out, toggle settings."""
    place = folder / "network"
    shutil.copytree(HAND, place)
    for _ in range(chance.randint(1, 4)):
        chance.choice([_scale_a_cell, _scale_a_cell, _scale_a_cell, _leave_a_row_out, _swap_rows])(chance, place)
    settings = place / "network.toml"
    text = settings.read_text(encoding="utf-8")
    text = text.replace("discount_rate = 0.25", f"discount_rate = {chance.choice(['0', '0.05', '0.25', '-0.01'])}")
    settings.write_text(f"{text}\n{chance.choice(SETTINGS)}", encoding="utf-8")
    out = str(folder / "out")
    objective = chance.choice(["emissions", "risk", "collection"])
    return chance.choice(
        [
            ["check", str(place), "--json"],
            ["solve", str(place), "--time-limit", "4"],
            ["solve", str(place), "--time-limit", "4", "--json", "--out", out],
            [
                "solve",
                str(place),
                "--time-limit",
                "4",
                "--objective",
                objective,
            ],
            ["solve", str(place), "--time-limit", "4", "--set", f"returns.tonnes*={chance.choice(['0', '0.5', '3'])}"],
            ["frontier", str(place), "--points", "3", "--time-limit", "4", "--out", out],
            ["export", str(place), "--out", chance.choice([out, f"{out}.xlsx"])],
        ]
    )


def _rows(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return [row for row in csv.reader(stream) if row]


def _write(path: Path, rows: list[list[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows(rows)


def _scale_a_cell(chance: random.Random, place: Path) -> None:
    path = chance.choice(sorted(place.glob("*.csv")))
    rows = _rows(path)
    cells = [(i, j) for i, row in enumerate(rows) for j, cell in enumerate(row) if i and j and NUMBER.fullmatch(cell)]
    if cells:
        i, j = chance.choice(cells)
        rows[i][j] = scaled(chance, rows[i][j])
        _write(path, rows)


def _leave_a_row_out(chance: random.Random, place: Path) -> None:
    path = place / chance.choice(MAY_LOSE_ROWS)
    rows = _rows(path)
    if len(rows) > 2:
        del rows[chance.randrange(1, len(rows))]
        _write(path, rows)


def _swap_rows(chance: random.Random, place: Path) -> None:
    """Put the rows of a table into another order, which means nothing."""
    path = chance.choice(sorted(path for path in place.glob("*.csv") if path.name != "road_km.csv"))
    head, *rows = _rows(path)
    chance.shuffle(rows)
    _write(path, [head, *rows])
