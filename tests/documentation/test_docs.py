"""Every page of the documentation runs as it stands, in a folder with the repository's data."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.code_blocks import assert_same_text, blocks_of, run_page

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGES = sorted(DOCS.rglob("*.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(DOCS)))
def test_page_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "data").symlink_to(DOCS.parent / "data")
    monkeypatch.chdir(tmp_path)
    has_code = any(block.language == "python" for block in blocks_of(page))
    assert (run_page(page) > 0) == has_code


def test_there_are_pages():
    assert {"tutorial.md", "which-method-when.md", "reading-a-certificate.md"} <= {page.name for page in PAGES}


def test_a_page_that_shows_something_else_than_it_prints_fails(tmp_path: Path):
    page = tmp_path / "page.md"
    page.write_text("```python\nprint('price', 2.0)\n```\n\n```text\nprice 2.5\n```\n")
    with pytest.raises(AssertionError, match="line 5"):
        run_page(page)


def test_numbers_are_compared_as_numbers():
    assert_same_text("gain 1.0e-09 of 112.5, scip 10.0.0:", "gain 3e-11 of 112.50001, scip 10.0.1:", "here")
    with pytest.raises(AssertionError):
        assert_same_text("gain 1", "gain 2", "here")
    with pytest.raises(AssertionError):
        assert_same_text("gain 1", "gain 1 2", "here")
