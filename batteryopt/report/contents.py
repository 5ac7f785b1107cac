"""The table of contents of a page: it stays in view, folds into one line on a phone, and works by keyboard."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A line of the contents.

    Attributes
    ----------
    title
        What people read.
    target
        The `id` of the section that it leads to.
    begins
        Whether an answer begins there; what follows belongs to it.
    """

    title: str
    target: str
    begins: bool


def targets(titles: Sequence[str]) -> list[str]:
    """Return an `id` for each of some titles: its words, and a number where others have the same."""
    found: list[str] = []
    for title in titles:
        stem = re.sub(r"\W+", "-", title.lower()).strip("-") or "part"
        found.append(next(name for name in _numbered(stem) if name not in found))
    return found


def _numbered(stem: str) -> Iterator[str]:
    yield stem
    number = 2
    while True:
        yield f"{stem}-{number}"
        number += 1


def navigation(entries: Sequence[Entry]) -> str:
    """Return the contents; open, so that they are there without any script too."""
    lines = "".join(
        f'<li{" class=begins" if entry.begins else ""}><a href="#{html.escape(entry.target)}">'
        f"{html.escape(entry.title)}</a></li>"
        for entry in entries
    )
    return (
        '<nav class="contents" aria-label="Contents"><details open><summary>Contents<span></span></summary>'
        f"<ol>{lines}</ol></details></nav>\n"
    )
