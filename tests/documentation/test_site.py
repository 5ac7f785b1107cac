"""The documentation site builds without a warning, and opens from the disk without any network."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from docs.generate.docstrings import as_markdown
from tests.browser import WIDTHS, errors, requests, show, too_wide, wait_for

pytest.importorskip("mkdocs", reason="mkdocs is not installed (extra docs)")
ROOT = Path(__file__).resolve().parents[2]
SEEN = (
    "index.html",
    "tutorials/network.html",
    "formulations/coordination.html",
    "formulations/network.html",
    "reference/api/network.html",
    "reference/network-tables.html",
)
"""One page of each kind."""
LOADED = re.compile(r"<(?:script|img|iframe|source)[^>]*\ssrc=[\"']?(https?:)?//|<link[^>]*\shref=[\"']?(https?:)?//")
SCROLLS = "pre, svg, math, table, .highlight, .md-typeset__scrollwrap, .md-sidebar, .md-search, .md-header"
"""What scrolls by itself where it is too wide."""


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert built.returncode == 0, built.stderr
    return folder


def pages(site: Path) -> list[Path]:
    return [page for page in sorted(site.rglob("*.html")) if page.name != "404.html"]


def test_no_page_loads_anything_from_elsewhere(site):
    assert len(pages(site)) > 25
    found = {page.name: LOADED.findall(page.read_text(encoding="utf-8")) for page in pages(site)}
    assert not any(found.values()), found


def test_what_a_page_asks_for_is_there(site):
    texts = {page.relative_to(site).as_posix(): page.read_text(encoding="utf-8") for page in pages(site)}
    assert not [name for name, text in texts.items() if "generated:" in text or "arithmatex" in text]
    assert "closed_is_not_open" in texts["formulations/network.html"]
    assert "<math" in texts["formulations/coordination.html"]
    assert "collection_targets.csv" in texts["reference/network-tables.html"]
    assert "batteryopt import relog" in texts["reference/command-line.html"]
    assert "0.1.0, not yet released" in texts["changelog.html"]


def test_literal_blocks_of_docstrings_become_code():
    assert as_markdown("As in::\n\n    m = 1\n") == "As in:\n\n    m = 1\n"
    assert as_markdown("First.\n\n::\n\n    m = 1\n") == "First.\n\n\n\n    m = 1\n"


def faults(browser, page: Path, width: int) -> dict[str, list[str]]:
    show(browser, page, width)
    return {"wide": too_wide(browser, SCROLLS), "requests": requests(browser), "errors": errors(browser)}


@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS)
@pytest.mark.parametrize("name", SEEN)
def test_page_is_whole_without_a_network(browser, site, name, width):
    found = faults(browser, site / name, width)
    assert not any(found.values()), found


def test_search_answers_from_the_disk(browser, site):
    from selenium.webdriver.common.by import By

    show(browser, site / "index.html", WIDTHS["desktop"])
    field = browser.find_element(By.CSS_SELECTOR, ".md-search__input")
    field.click()
    field.send_keys("depots")
    links = "[...document.querySelectorAll('.md-search-result__link')].map((link) => link.href)"
    assert wait_for(browser, f"return {links}.some((link) => link.includes('formulations/network.html'))")


def test_a_broken_page_is_caught(browser, tmp_path):
    page = tmp_path / "broken.html"
    page.write_text(
        '<body><div style="width:3000px">wide</div><img src="http://example.invalid/a.png">'
        '<script>throw new Error("broken")</script></body>'
    )
    found = faults(browser, page, WIDTHS["phone"])
    assert "page" in found["wide"]
    assert "http://example.invalid/a.png" in found["requests"]
    assert any("broken" in error for error in found["errors"])
    assert LOADED.search(page.read_text())
