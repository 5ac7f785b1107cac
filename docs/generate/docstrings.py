"""Docstrings as the API reference shows them: literal blocks become code of Markdown, enums list all members."""

from __future__ import annotations

import re
from typing import Any

import griffe

LITERAL = re.compile(r"::\n(?=\n+[ ]{4})")
ROLE = re.compile(r"(?<!`)`([A-Za-z_][\w.]*)`(?!`)")


class LiteralBlocks(griffe.Extension):
    """Rewrites the few marks of reStructuredText that our docstrings use."""

    def on_instance(self, *, obj: griffe.Object, **_: Any) -> None:
        """Change the docstring of whatever griffe has just read."""
        if obj.docstring is not None:
            obj.docstring.value = as_markdown(obj.docstring.value)


class EnumMembers(griffe.Extension):
    """Lists all members of an enum, with their values and what words they have, in the docstring of their class."""

    def on_class_members(self, *, cls: griffe.Class, **_: Any) -> None:
        """Look at a class once its members are known."""
        if cls.docstring is None or not any("Enum" in str(base) or str(base).endswith("Flag") for base in cls.bases):
            return
        lines = []
        for member in cls.members.values():
            if member.is_attribute and member.name.isupper() and not member.name.startswith("_"):
                words = "" if member.docstring is None else member.docstring.value.strip().replace("\n", "\n    ")
                lines += [member.name, f"    `{member.value}` {words}".rstrip()]
                member.docstring = None  # it stands in the list, and not once more on its own
        if lines:
            cls.docstring.value = "\n".join([cls.docstring.value.rstrip(), "", "Attributes", "----------", *lines])


def as_markdown(text: str) -> str:
    """Return a docstring whose literal blocks are Markdown's."""
    return LITERAL.sub(lambda found: ":\n" if _ends_a_sentence(text, found.start()) else "\n", text)


def _ends_a_sentence(text: str, position: int) -> bool:
    return position > 0 and not text[position - 1].isspace()
