"""An option that a solver does not take is a fault of who gave it, and no finding about the solver."""

from __future__ import annotations

from collections.abc import Iterable

import pyomo.environ as pyo

from batteryopt.accuracy.contest import Contestant
from batteryopt.ground.errors import BatteryOptError, Fault, InvalidInput, UnsupportedOption

PROBE_TOLERANCE, PROBE_SECONDS = 1e-6, 10.0
"""Every solver takes these: what is refused beside them is the option."""


def refuse_bogus_options(contestants: Iterable[Contestant]) -> None:
    """Raise where a contestant was given native options that its solver does not take, all faults at once.

    Raises
    ------
    InvalidInput
        Naming solver and option, in the solver's own words.
    """
    faults = []
    for who in contestants:
        words = _refusal_of(who) if getattr(who, "options", None) else ""
        if words:
            remedy = "give a name and a value from the solver's own list"
            faults.append(Fault(place="--option", problem=f"{who.name}: {words}", remedy=remedy))
    if faults:
        raise InvalidInput("options", faults)


def _refusal_of(who: Contestant) -> str:
    """Return what a solver says of its options when it is given the smallest of models; empty where it takes them."""
    try:
        who.solve(_smallest(), PROBE_TOLERANCE, PROBE_SECONDS)
    except UnsupportedOption as error:
        return str(error)
    except BatteryOptError:  # of the model, which another problem may not share
        return ""
    except ValueError as error:
        return str(error)
    return ""


def _smallest() -> pyo.ConcreteModel:
    """Return ``min x`` with ``x >= 1`` as a row."""
    model = pyo.ConcreteModel(name="probe")
    model.x = pyo.Var(bounds=(0, 2), initialize=1.5)
    model.row = pyo.Constraint(expr=model.x >= 1)
    model.cost = pyo.Objective(expr=model.x)
    return model
