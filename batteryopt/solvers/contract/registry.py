"""Solvers by name: imported when they are asked for, so that one that is missing disturbs nobody."""

from __future__ import annotations

import importlib
from dataclasses import dataclass

from batteryopt.ground.errors import SolverUnavailable, nearest
from batteryopt.ground.scarce_memory import is_want_of_memory
from batteryopt.solvers.contract.adapter import Adapter


@dataclass(frozen=True, kw_only=True)
class _Entry:
    """Where an adapter lives, and what brings its solver."""

    module: str
    adapter: str
    install: str


_SOLVERS = {
    "highs": _Entry(module="highs.highs_models", adapter="HighsAdapter", install="pip install highspy"),
    "ipopt": _Entry(module="interior_point.ipopt", adapter="IpoptAdapter", install="pip install cyipopt-wheels casadi"),
    "scip": _Entry(module="scip.scip_solver", adapter="ScipAdapter", install="pip install pyscipopt"),
    "pounce": _Entry(
        module="interior_point.pounce", adapter="PounceAdapter", install="pip install 'batteryopt[pounce]'"
    ),
}


def known() -> tuple[str, ...]:
    """Return the names of all solvers that have an adapter, installed or not."""
    return tuple(_SOLVERS)


def get(name: str) -> Adapter:
    """Return the adapter of a solver: one of our own, or the one for whatever Pyomo finds on this machine.

    Raises
    ------
    SolverUnavailable
        If the name is not known, with the nearest that is, or the solver is not installed, with how to install it.
    """
    if name not in _SOLVERS:
        return _through_pyomo(name)
    adapter = _load(name)
    if adapter is None:
        raise SolverUnavailable(f"solver '{name}' is not installed; {_SOLVERS[name].install}")
    if isinstance(adapter, Exception) and is_want_of_memory(adapter):
        raise SolverUnavailable(f"solver '{name}' cannot be loaded: memory ran out ({adapter})")
    if isinstance(adapter, Exception):
        remedy = f"{_SOLVERS[name].install} --force-reinstall"
        raise SolverUnavailable(f"solver '{name}' is installed and cannot be loaded ({adapter}); {remedy}")
    return adapter


def installed() -> tuple[Adapter, ...]:
    """Return the adapters of the solvers that can be used on this machine."""
    adapters = (_load(name) for name in _SOLVERS)
    return tuple(adapter for adapter in adapters if isinstance(adapter, Adapter))


def available() -> tuple[Adapter, ...]:
    """Return every solver of this machine: those with an adapter of their own first, then those through Pyomo."""
    from batteryopt.solvers.through_pyomo.pyomo_solver import through_pyomo

    return (*installed(), *through_pyomo())


def _through_pyomo(name: str) -> Adapter:
    """Return the adapter for a solver that only Pyomo knows, or say what there is."""
    from batteryopt.solvers.through_pyomo.pyomo_solver import FACTORIES, INSTALL, PyomoAdapter, known_to_pyomo

    if known_to_pyomo(name):
        adapter = PyomoAdapter(name)
        if adapter.is_available():
            return adapter
    here = f"here are: {', '.join(adapter.name for adapter in available())}"
    if known_to_pyomo(name):
        remedy = INSTALL.get(name, "Pyomo does not find its program, its package or its licence")
        raise SolverUnavailable(f"solver '{name}' is not installed; {remedy}; {here}")
    raise SolverUnavailable(f"no solver '{name}'; {nearest(name, [*_SOLVERS, *FACTORIES])}; {here}")


def _load(name: str) -> Adapter | Exception | None:
    """Return a solver's adapter; None where its package is missing, and what it raised where it is broken.

    A library that lacks another, or was built for another machine, raises anything: it is one solver less, no more.
    """
    entry = _SOLVERS[name]
    try:
        module = importlib.import_module(f"batteryopt.solvers.{entry.module}")
        adapter: Adapter = getattr(module, entry.adapter)()
        return adapter if adapter.is_available() else None
    except ModuleNotFoundError:
        return None
    except Exception as error:
        return error
