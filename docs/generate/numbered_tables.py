"""The tables of contents of the papers: everything numbered in them, and where it is reproduced or judged."""

from __future__ import annotations

from batteryopt.games.shell.numbering import CODE, DOCS, NOTHING, Numbered, PaperContents
from docs.generate.parts import cell

_VERDICTS = {True: "yes", False: "no", None: ""}


def contents_table(contents: PaperContents) -> str:
    """Return a table of contents as Markdown."""
    lines = ["| number | what it is | where it is reproduced or judged | as printed |", "| --- | --- | --- | --- |"]
    lines += [_row(contents, item) for item in contents.items]
    return "\n".join(lines)


def _row(contents: PaperContents, item: Numbered) -> str:
    where = "; ".join(_place(place) for place in item.places)
    return f"| {item.label} | {cell(item.words)} | {where} | {_VERDICTS[contents.is_as_printed(item)]} |"


def _place(place: str) -> str:
    """Return a place as Markdown: code as code, a page as a link from ``reference/``, the rest in words."""
    kind, _, name = place.partition(" ")
    if kind == CODE:
        return f"`{name.removeprefix('batteryopt.')}`"
    if kind == DOCS:
        target = name.removeprefix("reference/") if name.startswith("reference/") else f"../{name}"
        return f"[{name.rpartition('/')[2].removesuffix('.md').replace('-', ' ')}]({target})"
    return cell(place if kind == NOTHING else f"{kind}: {name}")
