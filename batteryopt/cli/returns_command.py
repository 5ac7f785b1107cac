"""The command `returns`: a network's table of returns from registrations."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from batteryopt.cli.exits import ExitStatus, guarded, refuse, refuse_taken
from batteryopt.cli.options import ForceOption
from batteryopt.cli.streams import say, write_result

if TYPE_CHECKING:
    from batteryopt.network.fleet.survival import Life, Sales

YEARS = 10
"""How many years are told where --to is not given."""
USUAL_LIFE, USUAL_SPREAD = 15.0, 4.0

RegistrationsOption = Annotated[
    Path,
    typer.Option(metavar="FILE", help="Vehicles by place and year: site, year, vehicles; or site and a column a year."),
]
LifeOption = Annotated[float | None, typer.Option(metavar="YEARS", help="Mean life of a battery.  [15]")]
SpreadOption = Annotated[
    float | None, typer.Option(metavar="YEARS", help="Standard deviation of battery (or car) lives.  [4]")
]
ScaleOption = Annotated[
    float | None, typer.Option(metavar="YEARS", help="Weibull scale of battery lives, instead of --life.")
]
ShapeOption = Annotated[float | None, typer.Option(metavar="K", help="Weibull shape, beside --scale.")]
CarLifeOption = Annotated[
    float | None, typer.Option(metavar="YEARS", help="Mean life of a car: packs return at the first of both ends.")
]
CarSpreadOption = Annotated[
    float | None, typer.Option(metavar="YEARS", help="Standard deviation of car lives, where it is another.")
]
SparesOption = Annotated[float, typer.Option(metavar="SHARE", help="Share of failed batteries replaced by a new one.")]
SalesOption = Annotated[
    str, typer.Option(metavar="year-end|mid-year", help="When in their year vehicles are registered.")
]
KgPerPackOption = Annotated[float | None, typer.Option(metavar="KG", help="Mass of a pack.")]
KwhPerPackOption = Annotated[float | None, typer.Option(metavar="KWH", help="Energy of a pack, instead.")]
KgPerKwhOption = Annotated[float | None, typer.Option(metavar="KG", help="Mass of a pack for each kWh of it.")]
ShareOption = Annotated[
    list[str] | None,
    typer.Option(metavar="PRODUCT=SHARE", help="A product and its share of the packs; repeat, to a sum of 1."),
]
GrowthOption = Annotated[
    float | None,
    typer.Option(metavar="RATE", help="Growth of registrations a year after the last known; else there are none."),
]


@guarded
def returns(
    registrations: RegistrationsOption,
    life: LifeOption = None,
    spread: SpreadOption = None,
    scale: ScaleOption = None,
    shape: ShapeOption = None,
    car_life: CarLifeOption = None,
    car_spread: CarSpreadOption = None,
    spares: SparesOption = 0.0,
    sales: SalesOption = "year-end",
    kg_per_pack: KgPerPackOption = None,
    kwh_per_pack: KwhPerPackOption = None,
    kg_per_kwh: KgPerKwhOption = None,
    share: ShareOption = None,
    growth: GrowthOption = None,
    from_: Annotated[int | None, typer.Option("--from", metavar="YEAR", help="First year of returns.")] = None,
    to: Annotated[int | None, typer.Option(metavar="YEAR", help="Last year of returns.")] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE.csv", help="Where to write returns.csv; else it is printed.")
    ] = None,
    overwrite: ForceOption = False,
) -> ExitStatus:
    """Turn registrations into the packs that return each year, as a network's returns.csv."""
    from batteryopt.ground.files import write_atomically
    from batteryopt.network.fleet.fleet_returns import Fleet, returned_t, returns_csv
    from batteryopt.network.fleet.registrations import read_registrations

    refuse_taken(out, overwrite=overwrite)
    fleet = Fleet(
        battery=battery_life(life, spread, scale, shape),
        car=car_life_of(car_life, car_spread, spread),
        spares=spares,
        sales=sales_called(sales),
        kg_per_pack=pack_mass(kg_per_pack, kwh_per_pack, kg_per_kwh),
        shares=product_shares(share),
        growth=growth,
    )
    table = read_registrations(registrations)
    first = table.last_year + 1 if from_ is None else from_
    last = first + YEARS - 1 if to is None else to
    tonnes = returned_t(table, fleet, first_year=first, last_year=last)
    when = {"year-end": "the end", "mid-year": "the middle"}[fleet.sales]
    say(
        f"packs live {fleet.battery.mean_years:.4g} years on average (Weibull scale {fleet.battery.scale_years:.6g}, "
        f"shape {fleet.battery.shape:.6g}); vehicles are registered at {when} of their year"
    )
    if growth is None and last > table.last_year + 1:
        say(f"no vehicles are registered after {table.last_year}: --growth says otherwise")
    text = returns_csv(tonnes, first)
    if out is None:
        write_result(text)
    else:
        write_atomically(out, text)
        say(f"wrote {out}: {sum(map(sum, tonnes.values())):,.0f} t from {first} to {last}")
    return ExitStatus.SOLVED


def battery_life(life: float | None, spread: float | None, scale: float | None, shape: float | None) -> Life:
    """Return the life of a battery that options say."""
    from batteryopt.network.fleet.survival import Life

    if scale is None and shape is None:
        return Life.of_mean(USUAL_LIFE if life is None else life, USUAL_SPREAD if spread is None else spread)
    if life is not None:
        raise refuse("--life", "is given beside --scale or --shape", "give --life and --spread, or --scale and --shape")
    if scale is None or shape is None:
        missing = "--scale" if scale is None else "--shape"
        raise refuse(missing, "is missing", "Weibull's law needs --scale and --shape")
    return Life(scale_years=scale, shape=shape)


def car_life_of(life: float | None, car_spread: float | None, spread: float | None) -> Life | None:
    """Return the life of a car that options say; None: for ever."""
    from batteryopt.network.fleet.survival import Life

    if life is None:
        if car_spread is not None:
            raise refuse("--car-spread", "is given without --car-life", "give both, or neither")
        return None
    given = spread if car_spread is None else car_spread
    return Life.of_mean(life, USUAL_SPREAD if given is None else given)


def sales_called(word: str) -> Sales:
    """Return when vehicles are registered, by its word."""
    from batteryopt.ground.errors import nearest
    from batteryopt.network.fleet.survival import Sales

    if word not in [*Sales]:
        raise refuse("--sales", f"is '{word}'", nearest(word, [*Sales]))
    return Sales(word)


def pack_mass(kg_per_pack: float | None, kwh_per_pack: float | None, kg_per_kwh: float | None) -> float | None:
    """Return the mass of a pack in kg that options say."""
    if kwh_per_pack is None and kg_per_kwh is None:
        return kg_per_pack
    if kg_per_pack is not None or kwh_per_pack is None or kg_per_kwh is None:
        raise refuse("--kwh-per-pack", "needs --kg-per-kwh and no --kg-per-pack", "say the mass of a pack in one way")
    return kwh_per_pack * kg_per_kwh


def product_shares(words: list[str] | None) -> dict[str, float] | None:
    """Return the shares of products that options say; None where none are given."""
    shares: dict[str, float] = {}
    for word in words or ():
        name, _, number = word.rpartition("=")
        try:
            share = float(number)
        except ValueError:
            share = float("nan")
        if not name or share != share:
            raise refuse("--share", f"is '{word}'", "expected a product and its share, as in lfp_pack=0.4")
        if name in shares:
            raise refuse("--share", f"'{name}' is given twice", "name it once")
        shares[name] = share
    return shares or None
