"""The formulation of a network for what is asked: its objective, and facilities that are kept as a plan has them."""

from __future__ import annotations

from collections.abc import Mapping

from batteryopt.ground.errors import Fault, InvalidInput
from batteryopt.network.data.instance import Network
from batteryopt.network.data.objective import Objective
from batteryopt.network.formulation.algebra import Formulation
from batteryopt.network.formulation.build import build
from batteryopt.network.formulation.fix import fix_facilities
from batteryopt.network.formulation.objective import harden
from batteryopt.network.plan.solution import Solution


def formulate(
    network: Network,
    weights: Mapping[Objective, float],
    *,
    facilities: Solution | None = None,
    is_tight: bool = True,
) -> Formulation:
    """Return the formulation for an objective: with facilities kept, and soft rules made hard where cost is absent.

    Raises
    ------
    InvalidInput
        If the network has several futures: what returns in one of them is not there in another.
    """
    network = network.only_future
    if network.scenarios:
        names = ", ".join(scenario.name for scenario in network.scenarios)
        fault = Fault(
            place="scenarios",
            problem=f"there are several futures ({names}), and a plan is for one",
            remedy=f"plan for all: --model stochastic; or choose one: --scenario {network.scenarios[0].name}; "
            "in Python: network.in_scenario(...)",
        )
        raise InvalidInput(network.name, [fault])
    m = build(network, is_tight=is_tight)
    if facilities is not None:
        fix_facilities(m, facilities)
    if Objective.COST not in weights:
        harden(m)
    return m
