"""The documentation site builds without a warning, and opens from the disk without any network."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from docs.generate.docstrings import as_markdown

pytest.importorskip("mkdocs", reason="mkdocs is not installed (extra docs)")
webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
pytestmark = pytest.mark.xdist_group("site")
ROOT = Path(__file__).resolve().parents[2]
BROWSER, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
needs_browser = pytest.mark.skipif(BROWSER is None or DRIVER is None, reason="chromium or its driver is not installed")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND",
)
WIDTHS = {"phone": 390, "desktop": 1280}
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
WIDE = """
const limit = document.documentElement.clientWidth;
const scrolls = "pre, svg, math, table, .highlight, .md-typeset__scrollwrap, .md-sidebar, .md-search, .md-header";
const isWide = (part) => !part.closest(scrolls) && part.getBoundingClientRect().right > limit + 1;
const page = document.documentElement.scrollWidth > limit ? ["page"] : [];
return [...page, ...[...document.body.querySelectorAll("*")].filter(isWide).map((part) => part.tagName)];
"""
"""What reaches beyond the page's width and has no scrolling of its own."""


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


@pytest.fixture(scope="module")
def browser(tmp_path_factory) -> Iterator:
    options = webdriver.ChromeOptions()
    options.binary_location = BROWSER
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('browser')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(executable_path=DRIVER))
    yield driver
    driver.quit()


def faults(browser, page: Path) -> dict[str, list[str]]:
    browser.get("about:blank")
    for log in ("browser", "performance"):
        browser.get_log(log)
    found: dict[str, list[str]] = {}
    for name, width in WIDTHS.items():
        metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        browser.get(page.as_uri())
        found[f"wide on a {name}"] = browser.execute_script(WIDE)
    messages = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    sent = [m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"]
    found["requests"] = [url for url in sent if url.startswith(("http", "ws"))]
    found["errors"] = [entry["message"] for entry in browser.get_log("browser")]
    return found


@needs_browser
@pytest.mark.parametrize("name", SEEN)
def test_page_is_whole_without_a_network(browser, site, name):
    found = faults(browser, site / name)
    assert not any(found.values()), found


@needs_browser
def test_search_answers_from_the_disk(browser, site):
    from selenium.webdriver.common.by import By
    from selenium.webdriver.support.ui import WebDriverWait

    browser.get((site / "index.html").as_uri())
    field = browser.find_element(By.CSS_SELECTOR, ".md-search__input")
    field.click()
    field.send_keys("depots")
    results = WebDriverWait(browser, 20).until(
        lambda d: [link.get_attribute("href") for link in d.find_elements(By.CSS_SELECTOR, ".md-search-result__link")]
    )
    assert any("formulations/network.html" in link for link in results), results


@needs_browser
def test_a_broken_page_is_caught(browser, tmp_path):
    page = tmp_path / "broken.html"
    page.write_text(
        '<body><div style="width:3000px">wide</div><img src="http://example.invalid/a.png">'
        '<script>throw new Error("broken")</script></body>'
    )
    found = faults(browser, page)
    assert found["wide on a phone"]
    assert "http://example.invalid/a.png" in found["requests"]
    assert any("broken" in error for error in found["errors"])
    assert LOADED.search(page.read_text())
