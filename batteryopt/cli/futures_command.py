"""The command `futures`: a network with futures that are drawn, from returns, prices and disruptions."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from batteryopt.cli import options as given
from batteryopt.cli import returns_command as fleet_options
from batteryopt.cli.exits import ExitStatus, delivered, guarded, refuse
from batteryopt.cli.refused_input import Refusals
from batteryopt.cli.streams import clean_stdout, results, say, write_result
from batteryopt.ground.files import refuse_existing

if TYPE_CHECKING:
    from batteryopt.network.draws.made_futures import MadeFutures

COUNT = 100


def _band(text: str) -> Any:
    """Return an option for a band."""
    return typer.Option(metavar="SHARE", help=f"{text}: nine of ten lie within this share of their median.")


@guarded
def futures(
    network: given.InstanceArgument,
    source: Annotated[
        list[str],
        typer.Option("--from", metavar="returns|prices|disruptions", help="What is uncertain; repeat for several."),
    ],
    count: Annotated[int, typer.Option(metavar="N", help="How many futures are drawn.")] = COUNT,
    seed: Annotated[int, typer.Option(metavar="S", help="The same seed draws the same futures.")] = 0,
    reduce: Annotated[
        int | None, typer.Option(metavar="K", help="Keep the K that stand best for all, with their probabilities.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR|FILE.xlsx", help="The network with its futures; else a folder beside it is made."),
    ] = None,
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The fan of futures with the base in it: .html, .png or .svg.")
    ] = None,
    registrations: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Returns from vehicles by place and year, instead of around the tables'."),
    ] = None,
    life: fleet_options.LifeOption = None,
    spread: fleet_options.SpreadOption = None,
    scale: fleet_options.ScaleOption = None,
    shape: fleet_options.ShapeOption = None,
    car_life: fleet_options.CarLifeOption = None,
    car_spread: fleet_options.CarSpreadOption = None,
    spares: fleet_options.SparesOption = 0.0,
    sales: fleet_options.SalesOption = "year-end",
    kg_per_pack: fleet_options.KgPerPackOption = None,
    kwh_per_pack: fleet_options.KwhPerPackOption = None,
    kg_per_kwh: fleet_options.KgPerKwhOption = None,
    share: fleet_options.ShareOption = None,
    growth: fleet_options.GrowthOption = None,
    life_band: Annotated[float, _band("Lives, with --registrations")] = 0.15,
    use_band: Annotated[float, _band("Use of vehicles, with --registrations; twice the use ages twice as fast")] = 0.1,
    returns_band: Annotated[float, _band("Returns, without --registrations")] = 0.3,
    growth_band: Annotated[float, _band("Growth of returns, or of registrations, in a year")] = 0.05,
    price_band: Annotated[
        list[str] | None,
        typer.Option(metavar="SHARE|PRODUCT=SHARE", help="Prices, of all products or of one; repeat.  [0.3]"),
    ] = None,
    correlation: Annotated[
        float, typer.Option(metavar="RHO", help="Of the logarithms of any two products' prices, and of their returns.")
    ] = 0.5,
    chance: Annotated[float, typer.Option(metavar="P", help="That a site is out of order at some time.")] = 0.1,
    lasts: Annotated[int, typer.Option(metavar="N", help="Periods that a site is out of order.")] = 1,
    type_: Annotated[
        list[str] | None, typer.Option("--type", metavar="NAME", help="Types of facilities that fail; repeat.  [all]")
    ] = None,
    together: Annotated[bool, typer.Option("--together", help="All sites of a region fail together.")] = False,
    json: given.JsonOption = False,
    overwrite: given.ForceOption = False,
) -> ExitStatus:
    """Draw futures of a network, keep a few that stand for all, and write the network with them."""
    from batteryopt.network.draws.made_futures import drawn_futures
    from batteryopt.network.draws.recipe import FuturesRecipe
    from batteryopt.network.tables.export import put_network, tables_beside

    refusals = Refusals()
    family, base = refusals.instance(network)
    if family is not None and family.kind != "network":
        raise refuse("NETWORK", f"is of kind '{family.kind}'", "only networks have futures")
    place = beside(network) if out is None else out
    with refusals:
        _refuse_places(network, place, plot, overwrite=overwrite)
    recipe: FuturesRecipe | None = None
    with refusals:
        common, bands = _price_bands(price_band or ())
        battery = fleet_options.battery_life(life, spread, scale, shape)
        car = fleet_options.car_life_of(car_life, car_spread, spread)
        recipe = FuturesRecipe(
            sources=tuple(dict.fromkeys(source)),
            registrations=None if registrations is None else str(registrations.resolve()),
            battery=(battery.scale_years, battery.shape),
            car=None if car is None else (car.scale_years, car.shape),
            spares=spares,
            sales=fleet_options.sales_called(sales).value,
            kg_per_pack=fleet_options.pack_mass(kg_per_pack, kwh_per_pack, kg_per_kwh),
            shares=fleet_options.product_shares(share),
            growth=growth,
            life_band=life_band,
            use_band=use_band,
            returns_band=returns_band,
            growth_band=growth_band,
            price_band=common,
            price_bands=bands,
            correlation=correlation,
            chance=chance,
            lasts=lasts,
            types=tuple(type_ or ()),
            is_regional=together,
        )
    refusals.raise_all()
    assert recipe is not None
    with clean_stdout():
        made = drawn_futures(base, recipe.samplers(), count=count, seed=seed, keep=reduce)

    def show() -> None:
        _show(made, json=json)

    def keep_it() -> None:
        how = recipe.to_json(count=count, seed=seed, reduce=reduce)
        put_network(made.network, place, tables_beside(network), {recipe_file(): how.encode()})
        if plot is not None:
            _draw(made, plot)
            say(f"wrote {plot}")
        say(f"wrote {place}; next: batteryopt solve {place} --model stochastic --gap 0.01")

    return delivered(show, keep_it)


def recipe_file() -> str:
    """Return the name of the file that says how futures were drawn."""
    from batteryopt.network.draws.recipe import FILE

    return FILE


def beside(network: Path) -> Path:
    """Return where a network with futures goes unless it is said: beside the network, whose files stay as they are."""
    folder = network.parent if network.name == "network.toml" else network
    folder = folder.resolve()
    return folder.with_name(f"{folder.stem if folder.suffix == '.xlsx' else folder.name}-futures{_ending(folder)}")


def _ending(path: Path) -> str:
    return ".xlsx" if path.suffix == ".xlsx" else ""


# ---- what is wrong with the options ----------------------------------------------------------------------------------


def _refuse_places(network: Path, place: Path, plot: Path | None, *, overwrite: bool) -> None:
    from batteryopt.report.plots import LIBRARIES

    own = network.resolve()
    if place.resolve() in (own, own.parent if own.name == "network.toml" else own):
        raise refuse("--out", "is the network itself", "give another place")
    refuse_existing(place, "--out", overwrite=overwrite)
    if plot is None:
        return
    refuse_existing(plot, "--plot", overwrite=overwrite)
    libraries = {**LIBRARIES, ".svg": "matplotlib"}
    if plot.suffix not in libraries:
        raise refuse("--plot", f"'{plot}' has no ending we draw", "expected .html, .png or .svg")
    import importlib.util

    library = libraries[plot.suffix]
    if importlib.util.find_spec(library) is None:
        raise refuse("--plot", f"{library} is not installed", "pip install 'batteryopt[plot]'")


def _price_bands(words: list[str] | tuple[str, ...]) -> tuple[float, dict[str, float]]:
    """Return the band of all products, and those of single ones."""
    common, bands = 0.3, {}
    for word in words:
        name, equals, number = word.rpartition("=")
        try:
            band = float(number)
        except ValueError:
            band = math.nan
        if not (math.isfinite(band) and band >= 0) or (equals and not name):
            raise refuse("--price-band", f"is '{word}'", "expected a share such as 0.3, or PRODUCT=SHARE")
        if name:
            bands[name] = band
        else:
            common = band
    return common, bands


# ---- what is said and drawn ------------------------------------------------------------------------------------------


def _show(made: MadeFutures, *, json: bool) -> None:
    from batteryopt.report.saved import json_text

    if json:
        write_result(json_text(made.to_json()))
        return
    from batteryopt.network.view.fan import in_words, kept_table

    with results() as console:
        console.print(f"[bold]Futures of {made.base.name}[/bold]")
        for text in in_words(made):
            console.print(text, soft_wrap=True)
        console.print(_screen(kept_table(made)))


def _screen(content: Any) -> Any:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD)
    for column in content.columns:
        table.add_column(column, justify="left" if column == "Future" else "right")
    for row in content.rows[:20]:
        table.add_row(*map(str, row))
    if len(content.rows) > 20:
        table.add_row(f"and {len(content.rows) - 20} more")
    return table


def _draw(made: MadeFutures, path: Path) -> None:
    from batteryopt.ground.files import write_atomically
    from batteryopt.network.view.fan import fan_charts, fan_page

    if path.suffix == ".html":
        write_atomically(path, fan_page(made))
        return
    from batteryopt.report.figures import sheet

    write_atomically(path, sheet(fan_charts(made), path.suffix[1:]))
