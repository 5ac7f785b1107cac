"""A notebook as a page: its text, its code, and what was printed and drawn when it was last executed."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
from nbconvert import MarkdownExporter

_STYLE = re.compile(r"<style scoped>.*?</style>", re.DOTALL)


def page_of(path: Path) -> tuple[str, dict[str, bytes]]:
    """Return a notebook's Markdown and its pictures by file name."""
    notebook = nbformat.read(path, as_version=4)
    resources = {"unique_key": path.stem, "output_files_dir": f"{path.stem}-pictures"}
    body, found = MarkdownExporter().from_notebook_node(notebook, resources=resources)
    return _STYLE.sub("", body), dict(found["outputs"])
