"""The code of a Markdown page, run as a reader would, and what is printed compared with what is shown."""

from __future__ import annotations

import contextlib
import io
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_FENCE = re.compile(r"^```(\w*)[ \t]*\n(.*?)^```[ \t]*$", re.MULTILINE | re.DOTALL)
_VERSION = re.compile(r"^\d+(\.\d+){2,}[:,]?$")
ROUNDING = 1e-4
"""Numbers below this are residuals: how small one is differs from machine to machine."""


@dataclass(frozen=True)
class CodeBlock:
    """One fenced block and the line it starts on."""

    language: str
    text: str
    line: int


def blocks_of(page: Path) -> list[CodeBlock]:
    """Return the fenced blocks of a page."""
    text = page.read_text(encoding="utf-8")
    return [CodeBlock(m.group(1), m.group(2), text.count("\n", 0, m.start()) + 1) for m in _FENCE.finditer(text)]


def run_page(page: Path) -> int:
    """Run the page's ``python`` blocks in one namespace and return how many there were.

    A ``text`` block straight after one shows what that one prints.

    Raises
    ------
    AssertionError
        If the shown text is not what is printed, up to rounding and version numbers.
    """
    namespace: dict[str, Any] = {"__name__": page.stem}
    printed, count = "", 0
    for block in blocks_of(page):
        if block.language == "python":
            output = io.StringIO()
            code = compile("\n" * block.line + block.text, str(page), "exec")
            with contextlib.redirect_stdout(output):
                exec(code, namespace)
            printed, count = output.getvalue(), count + 1
        elif block.language == "text":
            assert_same_text(block.text, printed, f"{page.name}, line {block.line}")
    return count


def assert_same_text(shown: str, printed: str, place: str) -> None:
    """Compare word by word; numbers as numbers."""
    first, second = shown.split(), printed.split()
    same = len(first) == len(second) and all(map(_same_word, first, second))
    assert same, f"{place} shows\n{shown}\nbut this is printed:\n{printed}"


def _same_word(first: str, second: str) -> bool:
    if first == second or (_VERSION.match(first) and _VERSION.match(second)):
        return True
    one, other = _number(first), _number(second)
    if one is None or other is None:
        return False
    return math.isclose(one, other, rel_tol=1e-3, abs_tol=ROUNDING)


def _number(word: str) -> float | None:
    try:
        return float(word.strip("()[],;:"))
    except ValueError:
        return None
