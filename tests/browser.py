"""A real browser without a network, and what it sees wrong with a page: for all tests that look at pages."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

WIDTHS = {"phone": 390, "desktop": 1280}
HEIGHT = 900
PATIENCE_S = 120
"""How long to wait for what a page does by itself; a shared machine may be slow, and that is not a failure."""
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND",
)
_WIDE = """
const limit = document.documentElement.clientWidth;
const isWide = (part) => !part.closest(arguments[0]) && part.getBoundingClientRect().right > limit + 1;
const page = document.documentElement.scrollWidth > limit ? ["page"] : [];
return [...page, ...[...document.body.querySelectorAll("*")].filter(isWide).map((part) => part.tagName)];
"""
_LABELS = """
const corners = (text) => {
  const box = text.getBBox(), to = text.getScreenCTM(), [right, low] = [box.x + box.width, box.y + box.height];
  return [[box.x, box.y], [right, box.y], [right, low], [box.x, low]]
    .map(([x, y]) => [to.a * x + to.c * y + to.e, to.b * x + to.d * y + to.f]);
};
const span = (quad, [x, y]) => {
  const along = quad.map((corner) => corner[0] * x + corner[1] * y);
  return [Math.min(...along), Math.max(...along)];
};
const common = (quad, other, way) => {
  const [a, b] = [span(quad, way), span(other, way)];
  return Math.min(a[1], b[1]) - Math.max(a[0], b[0]);
};
const sides = (quad) => [0, 1].map((k) => {
  const side = [quad[k + 1][0] - quad[k][0], quad[k + 1][1] - quad[k][1]], size = Math.hypot(...side) || 1;
  return [side[0] / size, side[1] / size];
});
const depth = (quad, other) => Math.min(...[...sides(quad), ...sides(other)].map((way) => common(quad, other, way)));
const isSeen = (text) => text.textContent.trim() && !text.closest(".hoverlayer, .modebar")
  && text.getBoundingClientRect().width > 0
  && text.checkVisibility({opacityProperty: true, visibilityProperty: true});
const found = [];
for (const plot of document.querySelectorAll(".plot")) {
  const name = plot.dataset.name ?? "unnamed", frame = plot.getBoundingClientRect();
  const texts = [...plot.querySelectorAll("svg text")].filter(isSeen).map((text) => [text.textContent, corners(text)]);
  texts.forEach(([words, quad], place) => {
    const [left, right] = span(quad, [1, 0]), [top, bottom] = span(quad, [0, 1]);
    if (left < frame.left - 1 || right > frame.right + 1 || top < frame.top - 1 || bottom > frame.bottom + 1)
      found.push(`${name}: "${words}" is cut`);
    for (const [others, other] of texts.slice(place + 1))
      if (depth(quad, other) > 2) found.push(`${name}: "${words}" lies on "${others}"`);
  });
}
return found;
"""
"""Texts of plots that reach out of them, or lie on another by more than two pixels each way they run, turned or not."""


@contextmanager
def started(profile: Path) -> Iterator[Any]:
    """Start the browser with an empty profile; the test is skipped by name where there is none."""
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    program, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if program is None or driver is None:
        pytest.skip("chromium or its driver is not installed")
    options = webdriver.ChromeOptions()
    options.binary_location = program
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    browser = webdriver.Chrome(options=options, service=webdriver.ChromeService(executable_path=driver))
    try:
        yield browser
    finally:
        browser.quit()


def show(browser, page: Path, width: int, *, is_dark: bool = False) -> None:
    """Open a page at a width, as a phone where it is narrow; what earlier pages logged is forgotten."""
    browser.get("about:blank")
    metrics = {"width": width, "height": HEIGHT, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    scheme = {"name": "prefers-color-scheme", "value": "dark" if is_dark else "light"}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
    for log in ("browser", "performance"):
        browser.get_log(log)
    browser.get(page.as_uri())


def wait_for(browser, script: str) -> Any:
    """Return what a script returns, once that is true."""
    from selenium.webdriver.support.ui import WebDriverWait

    return WebDriverWait(browser, PATIENCE_S).until(lambda shown: shown.execute_script(script))


def requests(browser) -> list[str]:
    """Return the addresses that were asked for since the page was opened, but for what lies on the disk."""
    messages = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    sent = [m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"]
    opened = [m["params"]["url"] for m in messages if m["method"] == "Network.webSocketCreated"]
    return [url for url in (*sent, *opened) if not url.startswith(("file:", "data:", "blob:", "about:"))]


def errors(browser) -> list[str]:
    """Return what the console has said since the page was opened."""
    return [entry["message"] for entry in browser.get_log("browser")]


def too_wide(browser, scrolls: str) -> list[str]:
    """Return what reaches beyond the page's width and lies in nothing that scrolls, which a selector names."""
    return browser.execute_script(_WIDE, scrolls)


def bad_labels(browser) -> list[str]:
    """Return the labels of plots that are cut, or that lie on others."""
    return browser.execute_script(_LABELS)
