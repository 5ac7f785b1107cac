"""A part of a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Section:
    """A part of a page under one heading; its blocks are HTML.

    Attributes
    ----------
    title
        The heading; empty where an answer begins, whose blocks bring a heading of their own.
    blocks
        What stands below it.
    label
        What the table of contents calls a part without a heading.
    """

    title: str
    blocks: Sequence[str]
    label: str = ""
