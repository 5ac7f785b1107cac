"""The public face of the model: a network in, a Pyomo model out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pyomo.environ as pyo

from batteryopt.network.data.instance import Network
from batteryopt.network.data.objective import Objective
from batteryopt.network.formulation.algebra import Formulation
from batteryopt.network.formulation.formulate import formulate
from batteryopt.network.formulation.objective import weighted
from batteryopt.network.formulation.pyomo_model import to_pyomo
from batteryopt.network.formulation.widened import open_to_rules
from batteryopt.solvers.through_pyomo.doors import marked


@dataclass(frozen=True, kw_only=True, eq=False)
class Details:
    """What a plan is read off a model with: its formulation, and what is minimised."""

    m: Formulation
    weights: Mapping[Objective, float]


def make_model(
    network: Network,
    *,
    objective: Objective | Mapping[Objective, float] = Objective.COST,
    is_tight: bool = True,
) -> pyo.ConcreteModel:
    """Return a network as a Pyomo model, to be read, changed, and solved by anything that takes Pyomo models.

    Every variable and equation is indexed by names (``model.shipped["Jinan", "Qingdao", "road", "pack", "2025"]``)
    and has a ``doc``. ``model.pprint()`` shows them; the page "Network" under "Formulations" has them with their
    mathematics. `plan_of` turns the solved model into a plan with its certificate.

    Nothing in it is true of the best plan only: equal sites are not ordered, and there may be more trips than the load
    needs. So any further rule may be added.

    Parameters
    ----------
    objective
        What to minimise (collection: maximise, here as the least of its negative), or weights of several.
    is_tight
        False leaves out the cuts, which follow from the other equations and make the relaxation stronger.

    Raises
    ------
    InvalidInput
        If the network has several futures: choose one with ``network.in_scenario(name)``.
    """
    weights = {objective: 1.0} if isinstance(objective, Objective) else dict(objective)
    m = formulate(network, weights, is_tight=is_tight)
    open_to_rules(m)
    costs = weighted(m, weights)
    model = to_pyomo(m, costs.vector, constant=costs.constant)
    model.name = network.name
    return marked(model, network, "design", Details(m=m, weights=weights))
