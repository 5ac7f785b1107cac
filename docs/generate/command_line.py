"""The command line's own help as a page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import typer

from batteryopt.cli import app
from docs.generate.parts import cell


def command_line() -> str:
    """Return every command with its arguments and options."""
    return "\n".join(_group(typer.main.get_command(app), "batteryopt"))


def _group(group: Any, before: str) -> Iterator[str]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            if command.params:  # does something by itself, too
                yield from _command(command, f"{before} {name}")
            yield from _group(command, f"{before} {name}")
        else:
            yield from _command(command, f"{before} {name}")


def _command(command: Any, name: str) -> Iterator[str]:
    yield from (f"## {name}", "", cell((command.help or "").strip()), "")
    yield from ("| argument or option | meaning | default |", "| --- | --- | --- |")
    for parameter in command.params:
        flags = ", ".join(f"`{flag}`" for flag in parameter.opts) if parameter.param_type_name == "option" else ""
        words = parameter.metavar or parameter.name.upper()
        shown = flags or f"`{words}`"
        if flags and not getattr(parameter, "is_flag", False):
            shown += f" `{words}`"
        yield f"| {shown} | {cell(' '.join((parameter.help or '').split()))} | {_default(parameter)} |"
    yield ""


def _default(parameter: Any) -> str:
    if parameter.required:
        return "required"
    value = parameter.default
    return "" if value is None or value is False or callable(value) else f"`{getattr(value, 'value', value)}`"
