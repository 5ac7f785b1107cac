"""Keeps the generated parts of the pages as they would be generated now: ``python -m docs.generate``.

They are committed, so that a page reads in the repository as it does on the site. A part stands between two lines, ::

    <!-- generated: NAME -->
    <!-- end of NAME -->
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from docs.generate.contents import GENERATED

DOCS = Path(__file__).resolve().parents[1]
PART = re.compile(
    r"^<!-- generated: (?P<name>\S+) -->\n(?P<text>.*?)^<!-- end of (?P=name) -->$", re.MULTILINE | re.DOTALL
)
REFRESH = "make pages"
"""The command that mends a stale page."""


def refreshed(text: str) -> str:
    """Return a page with its generated parts made anew."""
    return PART.sub(_part, text)


def _part(found: re.Match[str]) -> str:
    name = found["name"]
    lines = (line.rstrip() for line in GENERATED[name]().strip().splitlines())
    body = "\n".join(lines)
    return f"<!-- generated: {name} -->\n\n{body}\n\n<!-- end of {name} -->"


def pages() -> Iterator[Path]:
    """Yield every page that has a generated part."""
    for path in sorted(DOCS.rglob("*.md")):
        if "<!-- generated: " in path.read_text(encoding="utf-8"):
            yield path


def stale() -> list[Path]:
    """Return the pages whose generated parts are not what they would be now."""
    return [page for page in pages() if refreshed(text := page.read_text(encoding="utf-8")) != text]


def refresh() -> list[Path]:
    """Write every stale page anew, and return them."""
    found = stale()
    for page in found:
        page.write_text(refreshed(page.read_text(encoding="utf-8")), encoding="utf-8")
    return found
