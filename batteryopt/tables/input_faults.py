"""The faults that pydantic finds, in words for people; and what an instance's fields know of themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pydantic
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from batteryopt.ground.errors import Fault, nearest

_TYPE_WORDS = {
    "float_type": "a number",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "string_type": "a text in quotes",
    "bool_type": "true or false",
    "tuple_type": "a list",
}
_LIMIT_WORDS = {"greater_than": "above", "greater_than_equal": "at least", "less_than": "below"} | {
    "less_than_equal": "at most"
}


def faults_of(error: pydantic.ValidationError, model: type[BaseModel]) -> list[Fault]:
    """Return every fault of a pydantic error: the field as its place, and what is expected there."""
    return [_fault_of(detail, model) for detail in error.errors(include_url=False)]


def _fault_of(detail: Any, model: type[BaseModel]) -> Fault:
    first, *rest = detail["loc"]
    place = str(first) + "".join(f"[{index}]" for index in rest)
    if detail["type"] == "extra_forbidden":
        return Fault(place=place, problem="unknown key", remedy=nearest(str(first), model.model_fields))
    meaning = meaning_of(model.model_fields[str(first)])
    if detail["type"] == "missing":
        what = "is missing: too few items" if rest else "is missing"
        return Fault(place=place, problem=what, remedy=f"expected {meaning}")
    expected = _expectation(detail["type"], detail.get("ctx", {}), detail["msg"])
    return Fault(place=place, problem=f"is {show(detail['input'])}", remedy=f"expected {expected} ({meaning})")


def _expectation(kind: str, context: Mapping[str, Any], message: str) -> str:
    """Return in words what pydantic expected."""
    if kind in _TYPE_WORDS:
        return _TYPE_WORDS[kind]
    if kind == "finite_number":
        return "a finite number"
    if kind in _LIMIT_WORDS:
        (limit,) = context.values()
        return f"a value {_LIMIT_WORDS[kind]} {limit:g}"
    if kind == "too_short":
        return f"at least {context['min_length']} items, not {context['actual_length']}"
    if kind == "too_long":
        return f"at most {context['max_length']} items"
    return message[:1].lower() + message[1:]


def show(value: Any) -> str:
    """Return a value as a person would name it, with its type where that is the trouble."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f"the text {value!r}" if len(value) <= 40 else f"the text {value[:37]!r}..."
    if isinstance(value, list | tuple):
        return f"a list of {len(value)}"
    if isinstance(value, Mapping):
        return "a table"
    if isinstance(value, int) and abs(value) >= 10**40:
        return f"a whole number of {len(str(abs(value)))} digits" if abs(value) < 10**4000 else "a huge whole number"
    return repr(value) if isinstance(value, int | float) else f"{value} ({type(value).__name__})"


def meaning_of(field: FieldInfo) -> str:
    """Return a field's description with its unit."""
    unit = _extra(field, "unit")
    return f"{field.description}, in {unit}" if unit else str(field.description)


def _extra(field: FieldInfo, key: str) -> str:
    extra = field.json_schema_extra
    return str(extra.get(key, "")) if isinstance(extra, dict) else ""


def table_of(field: FieldInfo) -> str:
    """Return the TOML table that a field stands under; empty for the top of the file."""
    return _extra(field, "table")
