"""The page of each family's formulation: small instances that use all of it, built and taken to pieces."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from batteryopt.games.coordination.model.build import build as build_coordination
from batteryopt.games.coordination.solution import Model as Coordination
from batteryopt.games.differential.data.instance import DifferentialGameInstance
from batteryopt.games.differential.model.build import Bargain
from batteryopt.games.differential.model.build import build as build_game
from batteryopt.games.differential.model.mesh import first_grid
from batteryopt.games.differential.paper.published import BASE_CASE
from batteryopt.games.differential.solution import Model as Game
from batteryopt.network.formulation.build import build as build_network
from batteryopt.tables.toml_input import TomlInstance
from docs.generate import network_math, network_parts, pyomo_parts
from docs.generate.parts import Part, cell, merged, page
from tests.games.coordination.everything import two_by_two
from tests.network.everything import everything

BARGAIN = Bargain(manufacturer_reserve=1.0, retailer_reserve=2.0, retailer_weight=1.0, manufacturer_weight=1.0)


def constrained_game() -> DifferentialGameInstance:
    """Return the paper's differential game with an end and with every constraint there is."""
    return BASE_CASE.replace(
        horizon_length=24.0,
        salvage_values=(1.0,),
        nonnegative_demands=True,
        nonnegative_margins=True,
        price_caps=(40.0, 40.0),
        innovation_caps=(9.0,),
        innovation_budget=500.0,
    )


def coordination_parts() -> list[Part]:
    """Return the parts of the coordination game's models."""
    instance = two_by_two()
    return merged(_of_models(Coordination, lambda model: [build_coordination(instance, model)]))


def differential_game_parts() -> list[Part]:
    """Return the parts of the differential game's models, without and with all constraints."""
    return merged(_of_models(Game, _games))


def network_model_parts() -> list[Part]:
    """Return the parts of the network's formulation."""
    return list(network_parts.parts_of(build_network(everything())))


PARTS = {
    "coordination": coordination_parts,
    "differential-game": differential_game_parts,
    "network": network_model_parts,
}
"""Parts of each family's models, by the name of its page."""


def formulation(family: str) -> str:
    """Return the generated part of a family's page."""
    models = {"coordination": list(Coordination), "differential-game": list(Game)}.get(family, [])
    parts = PARTS[family]()
    text = page(parts, [model.value for model in models])
    return f"{network_math.mathematics(parts)}\n{text}" if family == "network" else text


def _games(model: Game) -> Iterator[Any]:
    kept_by_leader = BASE_CASE.replace(nonnegative_demands=True)  # alone; beside other limits its retailers keep it
    for instance in (BASE_CASE, constrained_game(), *([kept_by_leader] if model is Game.DECENTRALIZED else [])):
        grid = first_grid(instance, 2)
        if model is not Game.CONTRACT:
            yield build_game(instance, model, grid)
            continue
        yield build_game(instance, model, grid, share=0.4)
        yield build_game(instance, model, grid, bargain=BARGAIN)


def _of_models(models: Iterable[Any], builds: Any) -> Iterator[Part]:
    for model in models:
        for m in builds(model):
            yield from pyomo_parts.parts_of(m, model.value)


# ---- parameters ------------------------------------------------------------------------------------------------------


def parameters(kind: type[TomlInstance]) -> str:
    """Return an instance's keys as Markdown: meaning, unit, table of the file and default."""
    lines = ["| key | meaning | unit | table | default |", "| --- | --- | --- | --- | --- |"]
    for name, field in kind.model_fields.items():
        extra = field.json_schema_extra
        assert isinstance(extra, Mapping)
        default = "required" if field.is_required() else _default(field.default)
        table = f"`[{extra['table']}]`" if extra["table"] else "top of the file"
        lines.append(
            f"| `{name}` | {cell(field.description or '')} | {cell(str(extra['unit']))} | {table} | {default} |"
        )
    return "\n".join(lines)


def _default(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    return "empty" if value in ((), "") else cell(f"{value:g}" if isinstance(value, float) else str(value))
