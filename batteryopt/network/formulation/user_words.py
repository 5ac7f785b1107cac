"""What goes wrong while a user's rules are written, told with the names that the user wrote."""

from __future__ import annotations

import ast
import logging
import re
from collections.abc import Container, Coroutine, Generator, Iterator
from contextlib import contextmanager
from typing import Any

import pyomo.environ as pyo
from pyomo.common.errors import InvalidConstraintError, PyomoException
from pyomo.core.base.component import Component

from batteryopt.ground.errors import Fault, InvalidInput, nearest
from batteryopt.network.data.instance import Network

_NO_INDEX = re.compile(r"Index '(?P<key>.*)' is not valid for indexed component '(?P<name>[^']*)'", re.DOTALL)
_NO_COMPONENT = re.compile(r"object has no attribute '(?P<name>[^']*)'")
_CONSTRAINT = re.compile(r"[Cc]onstraint '(?P<name>[^']*)'")
_TRUTH = re.compile(r"Cannot convert non-constant Pyomo expression \((?P<what>.*?)\) to bool", re.DOTALL)
_MANY = re.compile(r"'(?P<kind>Indexed\w+)'")
_REPLACED = re.compile(r"replacing the Component attribute (?P<name>\S+)")


@contextmanager
def told_in_the_users_words(network: Network, model: Any, equations: Container[str] = ()) -> Iterator[None]:
    """Turn what Pyomo says of a name that is not there, or of a rule that says nothing, into `InvalidInput`.

    Other errors of the user's function are raised as they are.

    Parameters
    ----------
    equations
        Names of the formulation's own equations, which the model that users are given is without.
    """
    source = f"{network.name}: your rules"
    with _listening() as said:
        try:
            yield
        except KeyError as error:
            fault = _unknown_key(model, str(error.args[0]) if error.args else "")
            if fault is None:
                raise
            raise InvalidInput(source, [fault]) from error
        except AttributeError as error:
            fault = _unknown_component(model, error, equations)
            if fault is None:
                raise
            raise InvalidInput(source, [fault]) from error
        except (InvalidConstraintError, PyomoException, ValueError, IndexError, TypeError) as error:
            fault = says_nothing(str(error)) or _asks_python(str(error)) or _is_many(str(error))
            if fault is None:
                raise
            raise InvalidInput(source, [fault]) from error
    twice = [match["name"] for line in said for match in [_REPLACED.search(line)] if match]
    if twice:
        problem = "the name stands already, and what had it is lost"
        remedy = "give every rule and variable a name of its own"
        raise InvalidInput(source, [Fault(place=f"'{name}'", problem=problem, remedy=remedy) for name in twice])


@contextmanager
def _listening() -> Iterator[list[str]]:
    """Collect what Pyomo logs, in one piece, and print nothing: it tells a fault twice before it raises it."""
    said: list[str] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.append(" ".join(record.getMessage().split()))

    logger, listener = logging.getLogger("pyomo"), Listener()
    handlers, propagates = logger.handlers[:], logger.propagate
    logger.handlers, logger.propagate = [listener], False
    try:
        yield said
    finally:
        logger.handlers, logger.propagate = handlers, propagates


def _unknown_key(model: Any, message: str) -> Fault | None:
    """Return which part of a key is no name of the instance, or that the combination has no variable."""
    match = _NO_INDEX.search(message)
    if match is None:
        return None
    name, written = match["name"], match["key"]
    component = model.find_component(name)
    place = f"{name}[{written.strip('()')}]"
    if component is None:
        return Fault(place=place, problem="names no variable of the model", remedy="look at the component's own keys")
    key = _parsed(written)
    keys = [k if isinstance(k, tuple) else (k,) for k in component]
    if not keys or len(key) != len(keys[0]):
        count = len(keys[0]) if keys else 0
        remedy = f"{name} is {component.doc}" if keys else f"this network has no {name} at all"
        return Fault(place=place, problem=f"has {len(key)} names where there are {count}", remedy=remedy)
    for position, part in enumerate(key):
        known = {k[position] for k in keys}
        if part not in known:
            problem = f"names no variable of the model: there is none with {part!r}"
            return Fault(place=place, problem=problem, remedy=nearest(str(part), map(str, known)))
    problem = "names no variable of the model: nothing can ever be decided there"
    remedy = f"loop over the keys that there are: for key in model.{name.upper()}"
    return Fault(place=place, problem=problem, remedy=remedy)


def _parsed(written: str) -> tuple[Any, ...]:
    try:
        value = ast.literal_eval(written)
    except (ValueError, SyntaxError):
        return (written,)
    # Pyomo writes a bare name without quotes: what looks like a number there may have been a name
    return value if isinstance(value, tuple) else (written,)


def _unknown_component(model: Any, error: AttributeError, equations: Container[str]) -> Fault | None:
    match = _NO_COMPONENT.search(str(error))
    if match is None or not isinstance(error.obj, type(model)):
        return None
    name = match["name"]
    names = [str(component.local_name) for component in model.component_objects((pyo.Var, pyo.Set, pyo.Expression))]
    if name == "objective":
        remedy = "rules cannot change what is minimised; model.cost_terms, model.emissions ... are there to be limited"
    elif name in equations:
        problem = "is an equation of the network, which rules cannot take away or change"
        remedy = "rules only add; change the tables, or the whole model: batteryopt.model(network)"
        return Fault(place=f"model.{name}", problem=problem, remedy=remedy)
    else:
        remedy = nearest(name, names)
    return Fault(place=f"model.{name}", problem="is no variable, set or expression of the model", remedy=remedy)


def says_nothing(message: str) -> Fault | None:
    """Return that a constraint came out as a plain True or False, or as no comparison at all."""
    match = _CONSTRAINT.search(message)
    if match is None:
        return None
    place, text = f"rule '{match['name']}'", " ".join(message.split())
    if "strict inequality" in text:
        return Fault(
            place=place, problem="is strict: < or >", remedy="write <= or >=, with a margin where one is meant"
        )
    if "non-finite" in text:
        remedy = "leave the rule out where there is no limit"
        return Fault(place=place, problem="has a limit that is not a finite number", remedy=remedy)
    if "multiple indices" in text:
        remedy = "its function takes the model and then each name: def rule(model, site)"
        return Fault(place=place, problem="one comparison for many names", remedy=remedy)
    if "trivial" in text.lower() or "always" in text.lower():
        remedy = "look at its sums: do they run over anything?"
        return Fault(place=place, problem="names no variable of the model", remedy=remedy)
    if "returned None" in text:
        return Fault(place=place, problem="its function returns nothing", remedy="return the comparison")
    if "does not have a proper value" in text:
        remedy = "end it with <= , >= or == and what it must keep"
        return Fault(place=place, problem="is no comparison", remedy=remedy)
    return None


def _asks_python(message: str) -> Fault | None:
    """Return that a comparison was used as if its truth were known: by ``if``, ``and``, ``!=``, ``min``."""
    match = _TRUTH.search(message)
    if match is None:
        return None
    problem = "is decided by the solver, and Python cannot ask for it (if, and, or, not, !=, min, max)"
    remedy = "say it as a sum with 0-1 variables, with <= , >= or =="
    return Fault(place=" ".join(match["what"].split()), problem=problem, remedy=remedy)


def _is_many(message: str) -> Fault | None:
    """Return that a variable with names was used as if it were a number."""
    match = _MANY.search(message)
    if match is None:
        return None
    remedy = "name one, model.is_open[...], or take the sum of many: sum(model.is_open[...] for ...)"
    return Fault(
        place="rules", problem=f"many variables at once ({match['kind']}) where one number is needed", remedy=remedy
    )


def left_outside(model: Any, returned: object, before: Container[str]) -> list[Fault]:
    """Return what a user wrote and did not put into the model, where Pyomo does not see it.

    Parameters
    ----------
    returned
        What the function returned: nothing, or, as is usual in Pyomo, the model.
    before
        Attributes that the model had.
    """
    remedy = "give it a name in the model: model.NAME = Constraint(expr=...)"
    faults = [
        Fault(place=f"model.{name}", problem="is a comparison or a sum, and no constraint of the model", remedy=remedy)
        for name, value in vars(model).items()
        if name not in before and _is_expression(value) and not isinstance(value, Component)
    ]
    if isinstance(returned, Generator | Coroutine):
        returned.close()
        problem = "is a function that does not run when it is called (yield, async)"
        faults.append(Fault(place="rules", problem=problem, remedy="write a plain function"))
    elif hasattr(returned, "is_expression_type") and getattr(returned, "model", lambda: None)() is not model:
        faults.append(Fault(place="rules", problem="what it returns is not in the model", remedy=remedy))
    return faults


def _is_expression(value: Any) -> bool:
    return hasattr(value, "is_expression_type") and bool(value.is_expression_type())
