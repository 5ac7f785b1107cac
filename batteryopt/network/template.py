"""A small network to start from: every table opens with what it holds, and `COLUMNS.md` explains every column."""

from __future__ import annotations

from pathlib import Path

from batteryopt.errors import Fault, InvalidInput
from batteryopt.files import write_atomically
from batteryopt.network.instance import (
    Candidate,
    CollectionTarget,
    FacilityType,
    Level,
    Market,
    Mode,
    Network,
    Period,
    Policy,
    Product,
    Recipe,
    Return,
    Site,
    Storage,
)
from batteryopt.network.tables import write, write_workbook
from batteryopt.network.tables.cells import Column
from batteryopt.network.tables.folder import FILE
from batteryopt.network.tables.guide import default_of, kind_words, meaning_of
from batteryopt.network.tables.schema import TABLES, Table
from batteryopt.network.tables.settings import TEXTS, policy_columns
from batteryopt.spreadsheet import is_workbook

HEADER = """\
# A network of battery recycling: what returns where, what may stand where, what may travel, and the rules.
#
#   batteryopt check FOLDER                      is everything in order?
#   batteryopt solve FOLDER --gap 0.01           a plan, with a proof of how good it is
#   batteryopt solve FOLDER --out RESULT         and every table of it as CSV
#
# The numbers are an example: put yours in their place. COLUMNS.md beside this file explains every table and column.

"""


def example() -> Network:
    """Return three cities, packs of two years, outlets, one or two recycling plants, a buyer of metal, and a target."""
    outlet = FacilityType(
        name="outlet",
        recipes=(Recipe(name="collect", inputs=(("pack", 1.0),), outputs=(("collected_pack", 1.0),)),),
        levels=(
            Level(
                name="small", capacity_t=100.0, opening_cost=50_000.0, fixed_cost=20_000.0, variable_cost_per_t=150.0
            ),
            Level(
                name="large", capacity_t=600.0, opening_cost=150_000.0, fixed_cost=60_000.0, variable_cost_per_t=120.0
            ),
        ),
    )
    plant = FacilityType(
        name="plant",
        recipes=(
            Recipe(
                name="recycle",
                inputs=(("collected_pack", 1.0),),
                outputs=(("metal", 0.45),),
                cost_per_t=900.0,
                emission_kg_per_t=1_500.0,
            ),
        ),
        levels=(
            Level(name="300 t", capacity_t=300.0, opening_cost=1_500_000.0, fixed_cost=100_000.0),
            Level(name="1000 t", capacity_t=1_000.0, opening_cost=3_500_000.0, fixed_cost=200_000.0),
        ),
        storage=(Storage(product="collected_pack", holding_cost_per_t=100.0, limit_t=50.0, longest_stay_periods=1),),
        life_periods=10.0,
    )
    return Network(
        name="my network",
        source="say here where your numbers come from",
        currency="EUR",
        discount_rate=0.05,
        periods=tuple(Period(name=str(year)) for year in (2027, 2028, 2029)),
        products=(
            Product(name="pack", uncollected_cost_per_t=500.0),
            Product(name="collected_pack"),
            Product(name="metal", hazard=0.0),
        ),
        sites=(
            Site(name="Northtown", latitude_deg=52.5, longitude_deg=13.4, region="north"),
            Site(name="Midtown", latitude_deg=51.3, longitude_deg=12.4, region="south"),
            Site(name="Southtown", latitude_deg=50.1, longitude_deg=11.6, region="south"),
        ),
        returns=(
            Return(site="Northtown", product="pack", tonnes=(180.0, 260.0, 380.0)),
            Return(site="Midtown", product="pack", tonnes=(90.0, 120.0, 170.0)),
            Return(site="Southtown", product="pack", tonnes=(30.0, 45.0, 60.0)),
        ),
        types=(outlet, plant),
        candidates=(
            *(Candidate(site=site, type="outlet") for site in ("Northtown", "Midtown", "Southtown")),
            *(Candidate(site=site, type="plant") for site in ("Northtown", "Midtown")),
        ),
        markets=(Market(site="Midtown", product="metal", price_per_t=9_000.0),),
        modes=(
            Mode(
                name="lorry",
                products=("collected_pack", "metal"),
                cost_per_t_km=0.25,
                emission_kg_per_t_km=0.1,
                detour_factor=1.3,
            ),
            Mode(
                name="mobile station",
                products=("pack",),
                detour_factor=1.3,
                longest_km=250.0,
                trip_capacity_t=5.0,
                whole_trips=True,
                cost_per_trip=300.0,
                cost_per_trip_km=2.0,
                is_mobile=True,
            ),
        ),
        policy=Policy(
            collection_targets=(CollectionTarget(name="national", share=(0.5, 0.6, 0.7), penalty_per_t=10_000.0),),
            carbon_price_per_t=80.0,
        ),
    )


def write_template(path: Path) -> None:
    """Write the example as a folder, or as a workbook where the path is one.

    Raises
    ------
    InvalidInput
        If there is a network already.
    """
    if is_workbook(path):
        write_workbook(example(), path)
        return
    if (path / FILE).exists():
        fault = Fault(place=FILE, problem="is there already", remedy="give another folder, or remove this one")
        raise InvalidInput(str(path), [fault])
    write(example(), path)
    for file in path.glob("*.csv"):
        write_atomically(file, f"# {TABLES[file.stem].about}\n{file.read_text(encoding='utf-8')}")
    write_atomically(path / FILE, HEADER + (path / FILE).read_text(encoding="utf-8"))
    write_atomically(path / "COLUMNS.md", columns_page())


def columns_page() -> str:
    """Return every table and column in Markdown: what it means, what it is where it is left out."""
    lines = [
        "# Tables and columns",
        "",
        "A table may be left out where nothing stands in it, a column where all its cells would have the default.",
        "Columns marked * may differ from period to period: `tonnes:2027` beside `tonnes`, or instead of it.",
        "",
        f"`{FILE}`: {', '.join(f'`{key}` ({meaning})' for key, meaning in TEXTS.items())}, `periods`, ",
        "`years_per_period` (1), `discount_rate` (0), `[distances]` (matrix files by name: CSV or NPZ), `[policy]`:",
        "",
        *_rows(tuple(policy_columns().values())),
    ]
    for table in TABLES.values():
        lines += ["", f"## {table.name}.csv", "", f"{table.about[:1].upper()}{table.about[1:]}.", "", *_rows(table)]
    return "\n".join(lines) + "\n"


def _rows(table: Table | tuple[Column, ...]) -> list[str]:
    columns = table.columns if isinstance(table, Table) else table
    head = ["| column | holds | without it | meaning |", "| --- | --- | --- | --- |"]
    return [*head, *map(_row, columns)]


def _row(column: Column) -> str:
    name = f"`{column.name}`*" if column.by_period else f"`{column.name}`"
    holds = " or ".join(f"`{c.value}`" for c in column.choices) if column.choices is not None else kind_words(column)
    return f"| {name} | {holds} | {'needed' if column.required else default_of(column)} | {meaning_of(column)} |"
