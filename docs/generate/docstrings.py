"""Docstrings as the API reference shows them: literal blocks (``::``) become code blocks of Markdown."""

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


def as_markdown(text: str) -> str:
    """Return a docstring whose literal blocks are Markdown's."""
    return LITERAL.sub(lambda found: ":\n" if _ends_a_sentence(text, found.start()) else "\n", text)


def _ends_a_sentence(text: str, position: int) -> bool:
    return position > 0 and not text[position - 1].isspace()
