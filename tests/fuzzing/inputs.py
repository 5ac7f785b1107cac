"""Hostile and clumsy inputs, made of a number: files for every reader, words for every command, entities for Python.

`command(seed, folder)` writes what it needs into a folder and returns the words of a command line.
"""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import os
import random
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import batteryopt
from tests.command_line import ROOT, TABLE_2
from tests.fuzzing.gentle import HAND, mild_game, mild_network

GAMES = (TABLE_2, *sorted((ROOT / "data" / "differential_game").glob("*.toml")))
NUMBERS = [
    *(
        "inf",
        "-inf",
        "nan",
        "1e308",
        "-1e308",
        "1e15",
        "1e16",
        "-1",
        "0",
        "-0.0",
        "1e-308",
        "5e-324",
        "9" * 400,
        "9" * 5000,
    ),
    *("1_000", "1,5", "1.000", "0x10", "1e999", "", "one", "true", "[1, 2]", '"text"', "{}", "1979-05-27", "١٢"),
]
TEXTS = [
    *("\x1b[2J\x1b]0;title\x07", "\x00", "\x07", "=1+1", "+cmd|' /C calc'!A0", "@SUM(A1)", "-2+3", "<!--<script>"),
    *(
        "</script><script>alert(1)</script>",
        "a" * 140_000,
        "\u202egnp",
        "\ufeff",
        "\u200b",
        "é",
        "é",
        "🔋" * 50,
        "\ud800",
    ),
    *("#", ";", ",", '"', '""', "\r", "a\nb", "..", "../../x", "/etc/passwd", "CON", "nul\x00", "'", "{}", "%s", "\\"),
]


class Chooser(random.Random):
    """Chances, with what is chosen of here."""

    def text(self) -> str:
        """Return a text that somebody could come to grief over."""
        return self.choice(TEXTS)

    def number(self) -> str:
        """Return a number, or what stands in its place."""
        return (
            self.choice(NUMBERS) if self.random() < 0.7 else repr(self.uniform(-1, 1) * 10 ** self.uniform(-320, 308))
        )

    def damaged(self, data: bytes) -> bytes:
        """Return bytes cut off, turned or stuffed."""
        if not data:
            return b"\xff"
        where = self.randrange(len(data))
        return self.choice(
            [
                lambda: data[:where],
                lambda: data[:where] + bytes([data[where] ^ (1 << self.randrange(8))]) + data[where + 1 :],
                lambda: data[:where] + self.randbytes(self.randrange(1, 40)) + data[where:],
                lambda: data[where:] + data[:where],
                lambda: b"",
                lambda: b"\xff\xfe" + data,
                lambda: self.randbytes(self.randrange(1, 4000)),
                lambda: data[:where] + b"\x00" * 200 + data[where:],
            ]
        )()


# ---- games ---------------------------------------------------------------------------------------------------------


def game(chance: Chooser, folder: Path) -> list[str]:
    """Change a game's file."""
    path = folder / "game.toml"
    text = chance.choice(GAMES).read_text(encoding="utf-8")
    lines = text.splitlines()
    for _ in range(chance.randint(1, 3)):
        keys = [i for i, line in enumerate(lines) if "=" in line and not line.startswith("#")]
        i = chance.choice(keys)
        lines[i] = changed_line(chance, lines[i])
    data = "\n".join(lines).encode("utf-8", "surrogatepass")
    path.write_bytes(chance.damaged(data) if chance.random() < 0.25 else data)
    return solving(chance, path)


def changed_line(chance: Chooser, line: str) -> str:
    """Return a line of a TOML file with another value, another key, twice or not at all."""
    key, _, value = line.partition("=")
    several = ", ".join(chance.number() or "1" for _ in range(chance.randint(0, 4)))
    return chance.choice(
        [
            *(f"{key}= {chance.number()}", f"{key}= [{several}]", f"{key}= {json.dumps(chance.text())}"),
            *(f"{key}x ={value}", f"{line}\n{line}", "", f"{key}= {'[' * 3000}", f"{key}= [{'1, ' * 200_000}]"),
        ]
    )


def solving(chance: Chooser, path: Path) -> list[str]:
    """Return a command that reads an instance."""
    return chance.choice(
        [
            ["check", str(path)],
            ["check", str(path), "--json"],
            ["solve", str(path), "--time-limit", "4"],
            ["solve", str(path), "--time-limit", "4", "--json", "--out", str(path.parent / "out")],
            ["solve", str(path), "--time-limit", "4", "--route", "closed-form"],
        ]
    )


# ---- networks ------------------------------------------------------------------------------------------------------


def network(chance: Chooser, folder: Path) -> list[str]:
    """Change a network's folder: its cells, its files, what a file is."""
    place = folder / "network"
    shutil.copytree(HAND, place)
    for _ in range(chance.randint(1, 3)):
        chance.choice(
            [change_cell, change_cell, change_cell, change_file, change_kind, change_settings, change_matrix]
        )(chance, place)
    return solving(chance, place)


def change_cell(chance: Chooser, place: Path) -> None:
    """Put something else into a cell of a table, or into its heading."""
    path = chance.choice(sorted(path for path in place.glob("*.csv") if path.is_file() and not path.is_symlink()))
    rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8", errors="replace"))))
    rows = [row for row in rows if row] or [["a"]]
    row = chance.choice(rows)
    row[chance.randrange(len(row))] = chance.number() if chance.random() < 0.5 else chance.text()
    if chance.random() < 0.1:
        rows.append(chance.choice(rows))
    stream = io.StringIO()
    csv.writer(stream).writerows(rows)
    path.write_bytes(stream.getvalue().encode("utf-8", "surrogatepass"))


def change_file(chance: Chooser, place: Path) -> None:
    """Damage a file of the folder."""
    path = chance.choice(sorted(path for path in place.iterdir() if path.is_file()))
    path.write_bytes(chance.damaged(path.read_bytes()))


def change_kind(chance: Chooser, place: Path) -> None:
    """Make a folder, a link, a pipe or nothing of a table."""
    path = chance.choice(sorted(place.glob("*.*")))
    if path.is_dir():
        return
    path.unlink()
    chance.choice(
        [
            path.mkdir,
            lambda: path.symlink_to(path),
            lambda: path.symlink_to(place / "nowhere"),
            lambda: os.mkfifo(path),
            lambda: path.symlink_to("/dev/zero"),
            lambda: path.symlink_to("/dev/null"),
            lambda: None,
        ]
    )()


def change_settings(chance: Chooser, place: Path) -> None:
    """Change a line of network.toml."""
    path = place / "network.toml"
    if not path.is_file():
        return
    text = path.read_text(encoding="utf-8", errors="replace")
    more = chance.choice(
        [
            lambda: f"discount_rate = {chance.number()}\n" + text.replace("discount_rate", "#"),
            lambda: text.replace("periods", "#") + f"\nperiods = {[str(i) for i in range(5000)]}\n",
            lambda: text + f"\n[policy]\nbudget = {chance.number()}\n",
            lambda: text + f"\n[policy]\n{json.dumps(chance.text())} = 1\n",
            lambda: text.replace("kind", "years_per_period = " + chance.number() + "\nkind"),
            lambda: text + f'\n[distances]\nroad = "{chance.choice(["../x.npz", "x" * 5000 + ".csv", "a.txt", ""])}"\n',
        ]
    )()
    path.write_bytes(more.encode("utf-8", "surrogatepass"))


def change_matrix(chance: Chooser, place: Path) -> None:
    """Give a network a distance table in an archive, damaged in some way."""
    sites = np.array(["Aston", "Bray", "Corby", "Derby"])
    km = np.full((len(sites), len(sites)), chance.choice([1.0, np.inf, -1.0, np.nan, 1e300]))
    stream = io.BytesIO()
    chance.choice(
        [
            lambda: np.savez(stream, site=sites, km=km),
            lambda: np.savez(stream, site=sites, km=km.astype(str)),
            lambda: np.savez(stream, site=sites),
            lambda: np.savez(stream, site=sites, km=np.array([{}], dtype=object)),
            lambda: np.savez_compressed(stream, site=sites, km=np.zeros((9000, 9000))),
            lambda: lying_archive(stream),
        ]
    )()
    data = stream.getvalue()
    for name in ("road_km", "road"):
        (place / f"{name}.npz").write_bytes(chance.damaged(data) if chance.random() < 0.5 else data)
    path = place / "network.toml"
    if path.is_file():
        text = path.read_text(encoding="utf-8", errors="replace")
        path.write_text(text.replace("road_km.csv", "road_km.npz"), encoding="utf-8")


def lying_archive(stream: io.BytesIO) -> None:
    """Write an array whose head says that it has a million times a million numbers."""
    head = b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000, 1000000), }"
    head += b" " * (118 - len(head)) + b"\n"
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("km.npy", b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head)
        archive.writestr("site.npy", b"\x93NUMPY\x01\x00")


def workbook(chance: Chooser, folder: Path) -> list[str]:
    """Damage a workbook, or change a cell of it."""
    import openpyxl

    from batteryopt.network.tables import export

    path = folder / "book.xlsx"
    export(HAND, path)
    if chance.random() < 0.5:
        book = openpyxl.load_workbook(path)
        sheet = chance.choice(book.worksheets)
        cell = sheet.cell(chance.choice([1, 2, 3, 50_000]), chance.choice([1, 2, 3, 2000]))
        cell.value = chance.choice(["=1/0", "=A1", True, 1e308, -5, "1.000", "=HYPERLINK(1)", "inf", "x" * 30_000])
        book.save(path)
    else:
        data = path.read_bytes()
        if chance.random() < 0.3:
            stream = io.BytesIO()
            with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new:
                for part in old.namelist():
                    content = old.read(part)
                    new.writestr(part, chance.damaged(content) if chance.random() < 0.3 else content)
                if chance.random() < 0.3:
                    new.writestr("xl/bomb.xml", b"0" * 300_000_000)
            path.write_bytes(stream.getvalue())
        else:
            path.write_bytes(chance.damaged(data))
    return solving(chance, path)


# ---- other readers, and words --------------------------------------------------------------------------------------


def relog(chance: Chooser, folder: Path) -> list[str]:
    """Give a case of another tool that is none."""
    path = folder / "case.json"
    case = {
        "parameters": {"time horizon (years)": chance.choice([1, 0, -1, 10**9, "2", None])},
        "products": {},
        "plants": {},
    }
    data = json.dumps(case).encode()
    content = chance.choice([data, b"[" * 100_000, b"9" * 5000, b"{}", b"[]", b'{"parameters": ' + b"9" * 5000 + b"}"])
    path.write_bytes(chance.damaged(content) if chance.random() < 0.4 else content)
    return [
        "import",
        "relog",
        str(path),
        "--out",
        str(folder / "out"),
        "--detour",
        chance.choice(["1", "nan", "inf", "-1"]),
    ]


def saved(chance: Chooser, folder: Path) -> list[str]:
    """Show, or keep, a result that has been damaged."""
    place = folder / "result"
    place.mkdir()
    document = {"kind": chance.choice(["network", "coordination", "x", 3]), "instance": chance.text(), "models": {}}
    content = json.dumps(document).encode()
    content = chance.choice(
        [content, b"{}", b"[" * 100_000, b"9" * 5000, b'{"models": 1, "kind": "network", "instance": 1}']
    )
    (place / "result.json").write_bytes(chance.damaged(content) if chance.random() < 0.3 else content)
    (place / "facilities.csv").write_bytes(
        chance.damaged(b"site,type,level,period,capacity_t\nAston,a,b,first,1e308\n")
    )
    if chance.random() < 0.5:
        return ["solve", str(HAND), "--keep", str(place)]
    return [
        "report",
        str(place),
        "--out",
        str(folder / chance.choice(["page.html", "book.xlsx", "no/page.html", "x.pdf"])),
    ]


def words(chance: Chooser, folder: Path) -> list[str]:
    """Return a command with options that cannot be meant."""
    number = chance.choice(
        ["0", "-1", "nan", "inf", "-inf", "1e308", "9" * 400, "9" * 5000, "1000", "1e-300", "x", "1000000000"]
    )
    axis = f"{chance.choice(['usable_share', 'market_size', 'nothing', chance.text().replace(chr(0), '')])}"
    span = chance.choice(
        ["0:1:1000000000", "0:inf:3", "0:1:0", "1e308:-1e308:3", "0:1:2.5", ":::", "0:1:" + "9" * 5000, "0.2:0.3:2"]
    )
    long = "x" * 5000
    out = str(folder / "out.csv")
    return chance.choice(
        [
            ["solve", str(TABLE_2), "--route", "closed-form", "--threads", number],
            ["solve", str(TABLE_2), "--route", "closed-form", "--time-limit", number],
            ["solve", str(HAND), "--gap", number, "--time-limit", "3"],
            ["solve", str(HAND), "--threads", number],
            ["solve", str(HAND), "--objective", f"cost={number}"],
            ["solve", str(HAND), "--objective", chance.choice(["cost", "x", "", "cost=", "=1"]), "--objective", "cost"],
            [
                "solve",
                str(TABLE_2),
                "--route",
                "closed-form",
                "--out",
                str(folder / chance.choice([long, "a/" * 3000, "a"])),
            ],
            ["solve", long],
            ["check", chance.choice(["/dev/zero", "/dev/null", "/proc/self/mem", "", ".", "/", "~", "/nowhere"])],
            ["sweep", str(TABLE_2), "--vary", f"{axis}={span}", "--out", out],
            ["sweep", str(TABLE_2), "--vary", "usable_share=0.2:0.3:2", "--jobs", number, "--out", long],
            ["frontier", str(HAND), "--points", number, "--time-limit", "3"],
            ["frontier", str(HAND), "--between", chance.choice(["cost", "cost:cost", ":", "a:b:c"]), "--points", "3"],
            ["accuracy", "--quick", "--family", chance.choice(["x", ""]), "--tolerance", number],
            [
                "new",
                chance.choice(["network", "coordination", "x", ""]),
                str(folder / chance.choice([long, "a.toml", "b", "c/d/e"])),
            ],
            ["export", str(HAND), "--out", str(folder / chance.choice([long, "a.xlsx", "b", "x.ods", "c/d/e"]))],
            ["tour", "--yes", "--time-limit", number, "--out", long],
            [chance.choice(["sovle", "--", "", "-x"]), number],
        ]
    )


# ---- entities in Python ---------------------------------------------------------------------------------------------


def entity(seed: int) -> None:
    """Make an instance in Python with something wrong in it; raises `InvalidInput`, or makes it."""
    chance = Chooser(seed)
    value: Any = chance.choice(
        [
            float("inf"),
            float("nan"),
            -1.0,
            1e308,
            10**400,
            "",
            None,
            [],
            "\x1b[2J",
            True,
            (1.0,),
            np.float64(2),
            np.array([1.0]),
        ]
    )
    chance.choice([_changed_game, _changed_network, _changed_row])(chance, value)


def _changed_game(chance: Chooser, value: Any) -> None:
    game = batteryopt.read(chance.choice(GAMES))
    key = chance.choice([name for name in type(game).model_fields if name not in ("name", "source")])
    game.replace(**{key: value})


def _changed_network(chance: Chooser, value: Any) -> None:
    network = batteryopt.read(HAND)
    network.replace(**{chance.choice([field.name for field in dataclasses.fields(network)]): value})


def _changed_row(chance: Chooser, value: Any) -> None:
    """Change a field of a row of some table, and put the row back."""
    network = batteryopt.read(HAND)
    table = chance.choice(["products", "sites", "returns", "types", "candidates", "markets", "modes"])
    first, *others = getattr(network, table)
    changed = dataclasses.replace(first, **{chance.choice([f.name for f in dataclasses.fields(first)]): value})
    network.replace(**{table: (changed, *others)})


ENTITY = "entity in Python"


def python(chance: Chooser, folder: Path) -> list[str]:
    """Return the mark of an entity that is made in Python, and its number."""
    return [ENTITY, str(chance.randrange(10**6))]


KINDS: tuple[Callable[[Chooser, Path], list[str]], ...] = (
    *(game, network, network, workbook, relog, saved, words, words, python),
    *(mild_game, mild_network, mild_game, mild_network, mild_game, mild_network, mild_game, mild_network),
)


def command(seed: int, folder: Path) -> list[str]:
    """Return the words of the command of a seed, with the files that it reads."""
    chance = Chooser(seed)
    found = KINDS[seed % len(KINDS)](chance, folder)
    return [word.replace("\0", "").encode("utf-8", "ignore").decode("utf-8") for word in found]
