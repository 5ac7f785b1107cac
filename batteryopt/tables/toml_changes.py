"""Changes to an instance in one TOML file: which of its keys can be changed, and what is wrong with a change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from batteryopt.ground.errors import Fault, InvalidInput, nearest
from batteryopt.tables.changes import Change, How, number_in, reckoned
from batteryopt.tables.input_faults import table_of
from batteryopt.tables.toml_input import InstanceT, TomlInstance

WORDS = {"true": True, "yes": True, "false": False, "no": False}


def changed(base: InstanceT, changes: Sequence[Change]) -> InstanceT:
    """Return a validated copy with changes, one after the other.

    ``key.2`` is the third item of a list, ``key`` all of them; ``parameters.key`` says the same as ``key``.

    Raises
    ------
    InvalidInput
        With every fault: a key that does not exist, a value that is none, what is out of range.
    """
    values: dict[str, Any] = {}
    faults: list[Fault] = []
    for change in changes:
        key = without_table(change.key, base)
        found = list(key_faults(base, key, of_all_items=change.how is not How.SET))
        faults += found
        if not found:
            try:
                _apply(base, values, key, change)
            except InvalidInput as error:
                faults += error.faults
    if not faults:
        try:
            return base.replace(**values)
        except InvalidInput as error:
            faults += error.faults
    raise InvalidInput(f"{base.name} with its changes", faults)


def sweepable(base: TomlInstance) -> list[str]:
    """Return the keys that hold numbers: those of the file's tables, none of its texts and switches."""
    return [name for name in _keys(base) if not isinstance(getattr(base, name), bool | str)]


def without_table(key: str, base: TomlInstance) -> str:
    """Return a key without the table that it stands under."""
    table, _, rest = key.partition(".")
    field = type(base).model_fields.get(rest.partition(".")[0])
    return rest if field is not None and table_of(field) == table else key


def key_faults(base: TomlInstance, key: str, *, of_all_items: bool = False, numbers: bool = False) -> Iterator[Fault]:
    """Yield what is wrong with a key.

    Parameters
    ----------
    of_all_items
        Whether the key of a list may stand for all its items.
    numbers
        Whether it must name a number.
    """
    known = sweepable(base) if numbers else _keys(base)
    name, _, index = key.partition(".")
    value = getattr(base, name, None) if name in known else None
    if name not in known:
        problem = "is no key with a number" if numbers else "is no key that can be changed"
        yield Fault(place=key, problem=problem, remedy=nearest(name, known))
    elif isinstance(value, tuple) and not (index.isdecimal() and int(index) < len(value)):
        if index or not of_all_items:
            last = f"{name}.{len(value) - 1}"
            yield Fault(place=key, problem=f"is a list of {len(value)}", remedy=f"name an item: {name}.0 to {last}")
    elif index and not isinstance(value, tuple):
        yield Fault(place=key, problem=f"{name} is no list", remedy=f"write {name}")


def _keys(base: TomlInstance) -> list[str]:
    return [name for name, field in type(base).model_fields.items() if table_of(field)]


def _apply(base: TomlInstance, values: dict[str, Any], key: str, change: Change) -> None:
    name, _, index = key.partition(".")
    old = values.get(name, getattr(base, name))
    if index:
        items = list(old)
        items[int(index)] = _new(items[int(index)], change)
        values[name] = tuple(items)
    else:
        values[name] = _new(old, change)


def _new(old: Any, change: Change) -> Any:
    if isinstance(old, tuple):
        return tuple(_new(item, change) for item in old)
    if change.how is How.SET and (old is None or isinstance(old, bool | str | Mapping)):
        return _word(old, change)
    if not isinstance(old, int | float) or isinstance(old, bool):
        problem = f"holds no number that {change.how.sign} could change"
        raise InvalidInput("changes", [Fault(place=change.key, problem=problem, remedy="put a value there with =")])
    return reckoned(change.how, old, number_in(change))


def _word(old: Any, change: Change) -> Any:
    """Return what a text stands for where no number is: yes or no, a text, or a number where there is none so far."""
    if not isinstance(change.value, str) or isinstance(old, str):
        return change.value
    if isinstance(old, bool):
        return WORDS.get(change.value.lower(), change.value)
    return number_in(change)
