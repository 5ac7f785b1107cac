"""Validated instances to commented TOML files that read back to the last bit."""

from __future__ import annotations

import os
from typing import Any

from pydantic.fields import FieldInfo

from batteryopt.ground.files import write_atomically
from batteryopt.tables.input_faults import meaning_of, table_of
from batteryopt.tables.toml_input import TomlInstance

_LINE_WIDTH = 110


def write(instance: TomlInstance, path: str | os.PathLike[str]) -> None:
    """Write an instance as a commented TOML file; reading it gives an equal instance."""
    write_atomically(path, to_toml(instance))


def to_toml(instance: TomlInstance) -> str:
    """Return an instance as TOML: each key under its table, its meaning and unit as a comment.

    A field that is None has no value in TOML: its key is written as a comment, ready to be filled in.
    """
    fields = type(instance).model_fields
    tables = list(dict.fromkeys(table_of(field) for field in fields.values()))
    blocks = [f'kind = "{instance.kind}"\n']
    for table in sorted(tables, key=bool):
        names = [name for name, field in fields.items() if table_of(field) == table]
        lines = [_key_line(name, fields[name], getattr(instance, name)) for name in names]
        blocks.append("".join([f"\n[{table}]\n" if table else "", *lines]))
    return "".join(blocks)


def _key_line(name: str, field: FieldInfo, value: Any) -> str:
    comment = f"# {meaning_of(field)}\n" if field.description else ""
    return f"{comment}# {name} =\n" if value is None else f"{comment}{name} = {_value(value)}\n"


def _value(value: Any) -> str:
    """Return a value in TOML's notation; Python's shortest float notation is exact and valid TOML."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return '"' + "".join(_escape(char) for char in value) + '"'
    if isinstance(value, tuple):
        return _array([_value(item) for item in value])
    return repr(value)


def _array(items: list[str]) -> str:
    """Return an array on one line, or wrapped where it is long."""
    one_line = f"[{', '.join(items)}]"
    if len(one_line) <= _LINE_WIDTH:
        return one_line
    lines, line = [], ""
    for item in items:
        if line and len(line) + len(item) + 2 > _LINE_WIDTH:
            lines.append(line.rstrip())
            line = ""
        line += f"{item}, "
    return "[\n" + "".join(f"  {line}\n" for line in [*lines, line.rstrip()]) + "]"


def _escape(char: str) -> str:
    if char in '"\\':
        return f"\\{char}"
    return char if char.isprintable() or ord(char) > 0x9F else f"\\u{ord(char):04X}"
