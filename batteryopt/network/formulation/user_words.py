"""What goes wrong while a user's rules are written, told with the names that the user wrote."""

from __future__ import annotations

import ast
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pyomo.environ as pyo
from pyomo.common.errors import InvalidConstraintError

from batteryopt.ground.errors import Fault, InvalidInput, nearest
from batteryopt.network.data.instance import Network

_NO_INDEX = re.compile(r"Index '(?P<key>.*)' is not valid for indexed component '(?P<name>[^']*)'", re.DOTALL)
_NO_COMPONENT = re.compile(r"object has no attribute '(?P<name>[^']*)'")
_CONSTRAINT = re.compile(r"[Cc]onstraint '(?P<name>[^']*)'")
_REPLACED = re.compile(r"replacing the Component attribute (?P<name>\S+)")


@contextmanager
def told_in_the_users_words(network: Network, model: Any) -> Iterator[None]:
    """Turn what Pyomo says of a name that is not there, or of a rule that says nothing, into `InvalidInput`.

    Other errors of the user's function are raised as they are.
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
            fault = _unknown_component(model, error)
            if fault is None:
                raise
            raise InvalidInput(source, [fault]) from error
        except (InvalidConstraintError, ValueError) as error:
            fault = _says_nothing(str(error))
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


def _unknown_component(model: Any, error: AttributeError) -> Fault | None:
    match = _NO_COMPONENT.search(str(error))
    if match is None or not isinstance(error.obj, type(model)):
        return None
    name = match["name"]
    names = [str(component.local_name) for component in model.component_objects((pyo.Var, pyo.Set, pyo.Expression))]
    if name == "objective":
        remedy = "rules cannot change what is minimised; model.cost_terms, model.emissions ... are there to be limited"
    else:
        remedy = nearest(name, names)
    return Fault(place=f"model.{name}", problem="is no variable, set or expression of the model", remedy=remedy)


def _says_nothing(message: str) -> Fault | None:
    """Return that a constraint came out as a plain True or False, or as no comparison at all."""
    match = _CONSTRAINT.search(message)
    if match is None:
        return None
    place, text = f"rule '{match['name']}'", " ".join(message.split())
    if "trivial" in text.lower() or "always" in text.lower():
        remedy = "look at its sums: do they run over anything?"
        return Fault(place=place, problem="names no variable of the model", remedy=remedy)
    if "returned None" in text:
        return Fault(place=place, problem="its function returns nothing", remedy="return the comparison")
    if "does not have a proper value" in text:
        remedy = "end it with <= , >= or == and what it must keep"
        return Fault(place=place, problem="is no comparison", remedy=remedy)
    return None
