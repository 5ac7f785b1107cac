"""A model taken to pieces for reading: its sets, variables, expressions, constraints and objectives."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a part of a model is, in the order in which a reader wants them."""

    SET = "Sets"
    FOLLOWER = "Followers"
    VARIABLE = "Variables"
    EXPRESSION = "Expressions"
    CONSTRAINT = "Constraints"
    OBJECTIVE = "Objectives"


@dataclass(frozen=True, kw_only=True)
class Part:
    """One component.

    Attributes
    ----------
    name
        As in the model; what a follower owns has the follower's name before it.
    over
        Sets that it is indexed by.
    doc
        Meaning and unit, the model's own words.
    count
        Members in the example.
    limits
        Domain and bounds of a variable, in the example.
    example
        One of its members, written out.
    models
        Models of the family that have it.
    """

    kind: Kind
    name: str
    over: tuple[str, ...] = ()
    doc: str
    count: int
    limits: str = ""
    example: str = ""
    models: tuple[str, ...] = ()


def merged(parts: Iterable[Part]) -> list[Part]:
    """Return each part once, with all models that have it; an objective stays one of its model."""
    found: dict[tuple[str, str, str], Part] = {}
    for part in parts:
        own = part.doc if part.kind is Kind.OBJECTIVE else ""
        key = part.kind, part.name, own
        before = found.get(key)
        models = (
            part.models if before is None else (*before.models, *(m for m in part.models if m not in before.models))
        )
        found[key] = dataclasses.replace(before or part, models=models)
    return list(found.values())


def page(parts: Sequence[Part], models: Sequence[str] = ()) -> str:
    """Return the parts as Markdown: a table a kind, and the examples of what has any below it.

    Raises
    ------
    ValueError
        If a part does not say what it means.
    """
    silent = [f"{part.kind.name.lower()} {part.name}" for part in parts if not part.doc.strip()]
    if silent:
        raise ValueError(f"give these a doc= in the model that says what they mean: {', '.join(silent)}")
    lines: list[str] = []
    for kind in Kind:
        mine = [part for part in parts if part.kind is kind]
        if mine:
            lines += [f"## {kind.value}", "", *_table(mine, models), "", *_examples(mine)]
    return "\n".join(lines)


def _table(parts: Sequence[Part], models: Sequence[str]) -> list[str]:
    columns = {
        "name": [f"`{part.name}`" for part in parts],
        "over": [f"`{', '.join(part.over)}`" if part.over else "" for part in parts],
        "meaning": [cell(part.doc) for part in parts],
        "members": [f"{part.count:,}" for part in parts],
        "domain": [part.limits for part in parts],
        "models": [_models(part, models) if len(models) > 1 else "" for part in parts],
    }
    shown = {head: column for head, column in columns.items() if any(column)}
    rows = [tuple(shown), ("---",) * len(shown), *zip(*shown.values(), strict=True)]
    return ["| " + " | ".join(row) + " |" for row in rows]


def _models(part: Part, models: Sequence[str]) -> str:
    return "all" if set(part.models) >= set(models) else ", ".join(part.models)


def _examples(parts: Sequence[Part]) -> list[str]:
    shown = [part for part in parts if part.example]
    if not shown:
        return []
    lines = ['<details markdown="1">', f"<summary>One of each, written out ({len(shown)})</summary>", ""]
    for part in shown:
        lines += [f"**`{part.name}`**: {cell(part.doc)}", "", "```", *part.example.splitlines(), "```", ""]
    return [*lines, "</details>", ""]


def cell(text: str) -> str:
    """Return text that may stand in a cell of a Markdown table, as it is."""
    for character in "\\|*_<":
        text = text.replace(character, f"\\{character}" if character != "<" else "&lt;")
    return text
