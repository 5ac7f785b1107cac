"""Generated parts of pages are committed, and are what they would be now."""

from __future__ import annotations

import pytest

from batteryopt.network.formulation.build import build
from docs.generate import pages
from docs.generate.contents import GENERATED
from docs.generate.network_math import EQUATIONS, SOMETIMES, TERMS, mathematics
from docs.generate.parts import Kind, Part
from tests.network.everything import everything


def test_the_committed_pages_are_fresh():
    """Otherwise: `make pages`, and commit what it changes."""
    stale = [page.relative_to(pages.DOCS).as_posix() for page in pages.stale()]
    assert stale == [], f"stale: run `{pages.REFRESH}` (python -m docs.generate) and commit"


def test_every_generated_part_stands_on_a_page():
    asked = {found["name"] for page in pages.pages() for found in pages.PART.finditer(page.read_text(encoding="utf-8"))}
    assert asked == set(GENERATED)


def test_a_stale_page_is_noticed_and_mended(tmp_path, monkeypatch):
    page = tmp_path / "page.md"
    page.write_text("before\n\n<!-- generated: words -->\n\nold\n\n<!-- end of words -->\n\nafter\n")
    monkeypatch.setattr(pages, "DOCS", tmp_path)
    monkeypatch.setitem(GENERATED, "words", lambda: "new")
    assert pages.stale() == [page]
    assert pages.refresh() == [page]
    assert page.read_text() == "before\n\n<!-- generated: words -->\n\nnew\n\n<!-- end of words -->\n\nafter\n"
    assert pages.stale() == []


def test_every_equation_has_its_mathematics_and_none_is_left_over():
    rows = build(everything()).rows
    assert {name for name, family in rows.items() if len(family)} | set(SOMETIMES) == set(EQUATIONS)


def test_an_equation_without_mathematics_is_refused():
    part = Part(kind=Kind.CONSTRAINT, name="brand_new", doc="something", count=1)
    with pytest.raises(ValueError, match="brand_new"):
        mathematics([part])
    assert "opening" in TERMS
