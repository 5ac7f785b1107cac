"""What may be asked of a solve, judged before it begins: the same for the command line and for Python."""

from __future__ import annotations

import contextlib
import inspect
import math
import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from batteryopt.ground.errors import Fault, SolverUnavailable, nearest
from batteryopt.solvers.contract.provenance import Route
from batteryopt.tables.input_faults import show

HUGE = 10**300
"""Whole numbers beyond it cannot be shown as others are."""
BOTH = "both"
ROUTES = (*(route.value for route in Route), BOTH)
"""By what an answer can be had."""


def faults_of_options(asked: Mapping[str, Any], spelled: Callable[[str], str] = str) -> Iterator[Fault]:
    """Yield what is wrong with the options that every solve has; None says that one was not given.

    Parameters
    ----------
    spelled
        From an option's name to how it was given, as ``--time-limit``.
    """
    if asked.get("route") is not None and asked["route"] not in ROUTES:
        problem, remedy = f"is {show(asked['route'])}", nearest(str(asked["route"]), ROUTES)
        yield Fault(place=spelled("route"), problem=problem, remedy=remedy)
    yield from _solver_faults(spelled("solver"), asked.get("solver"))
    yield from number_faults(spelled("time_limit"), asked.get("time_limit"), least=0.0, is_open=True)
    yield from number_faults(spelled("gap"), asked.get("gap"), least=0.0)
    for name in ("threads", "jobs"):
        yield from number_faults(spelled(name), asked.get(name), least=1, most=most_workers(), is_whole=True)
    yield from _rules_faults(spelled("rules"), asked.get("rules"))


def most_workers() -> int:
    """Return how many threads or processes may be asked for: more than a machine can begin take it down."""
    return max(64, 4 * (os.cpu_count() or 1))


def _solver_faults(place: str, name: Any) -> Iterator[Fault]:
    if name is None:
        return
    if not isinstance(name, str):
        yield Fault(place=place, problem=f"is {show(name)}", remedy="expected a solver's name, such as 'highs'")
        return
    from batteryopt.solvers.contract import registry

    try:
        registry.get(name)
    except SolverUnavailable as error:
        problem, _, remedy = str(error).partition("; ")
        yield Fault(place=place, problem=problem, remedy=remedy)


def _rules_faults(place: str, rules: Any) -> Iterator[Fault]:
    remedy = "expected a function that is given the model and adds to it"
    if rules is None:
        return
    if not callable(rules):
        yield Fault(place=place, problem=f"is {show(rules)}", remedy=remedy)
        return
    with contextlib.suppress(ValueError):  # what is written in C may not tell what it takes
        signature = inspect.signature(rules)
        try:
            signature.bind("the model")
        except TypeError as error:
            problem = f"cannot be called with the model alone: {error}"
            yield Fault(place=place, problem=problem, remedy=remedy)


def number_faults(
    place: str, value: Any, *, least: float, most: float = math.inf, is_open: bool = False, is_whole: bool = False
) -> Iterator[Fault]:
    """Yield what is wrong with a number that was asked for; None says that it was not."""
    if value is None:
        return
    what = "a whole number" if is_whole else "a number"
    remedy = f"expected {what} {'above' if is_open else 'of at least'} {least:g}"
    if isinstance(value, bool) or not hasattr(value, "__float__") or (is_whole and not hasattr(value, "__index__")):
        yield Fault(place=place, problem=f"is {show(value)}", remedy=remedy)
        return
    is_enough = value > least or (value == least and not is_open)
    if is_enough and value <= most and not (isinstance(value, float) and math.isinf(value)):
        return
    limit = "" if math.isinf(most) else f", and at most {most:g} on this machine"
    problem = "is huge" if HUGE <= abs(value) < math.inf else f"is {value:g}"
    yield Fault(place=place, problem=problem, remedy=remedy + limit)
