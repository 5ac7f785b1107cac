"""What pages may ask for, by name."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from batteryopt.games.coordination.data.instance import CoordinationInstance
from batteryopt.games.coordination.data.regions import CoordinationNetwork
from batteryopt.games.coordination.paper.numbered import CONTENTS as COORDINATION_PAPER
from batteryopt.games.differential.data.general import GeneralDifferentialGame
from batteryopt.games.differential.data.instance import DifferentialGameInstance
from batteryopt.games.differential.paper.numbered import CONTENTS as DIFFERENTIAL_GAME_PAPER
from batteryopt.network.tables.template import columns_page
from benchmarks.location.page import growth, peers_table, published_table
from benchmarks.location.page import table as location_benchmark
from docs.generate.command_line import command_line
from docs.generate.formulations import PARTS, formulation, parameters
from docs.generate.numbered_tables import contents_table


def network_tables() -> str:
    """Return the tables of a network without their title: the page has one."""
    return columns_page().partition("\n")[2].strip()


GENERATED: dict[str, Callable[[], str]] = {
    **{f"formulation-{family}": partial(formulation, family) for family in PARTS},
    "keys-coordination": partial(parameters, CoordinationInstance),
    "keys-coordination-network": partial(parameters, CoordinationNetwork),
    "keys-differential-game": partial(parameters, DifferentialGameInstance),
    "keys-general-differential-game": partial(parameters, GeneralDifferentialGame),
    "network-tables": network_tables,
    "command-line": command_line,
    "paper-coordination": partial(contents_table, COORDINATION_PAPER),
    "paper-differential-game": partial(contents_table, DIFFERENTIAL_GAME_PAPER),
    "location-benchmark": location_benchmark,
    "location-growth": growth,
    "location-published": published_table,
    "location-peers": peers_table,
}
