"""Every page in a real browser without a network: no request, no error, nothing too wide, no empty plot."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from batteryopt.report.write import write_page

webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
BROWSER, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
pytestmark = [
    pytest.mark.skipif(BROWSER is None or DRIVER is None, reason="chromium or its driver is not installed"),
    pytest.mark.xdist_group("browser"),
]
PAGES = [["coordination_game"], ["paths_game"], ["plan", "other_plan"], ["compromises"]]
WIDTHS = {"phone": 390, "desktop": 1280}
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND",
)
DRAWN = """
const marks = ".scatterlayer path, .barlayer path, .sankey-link, .contourlayer path, .heatmaplayer image";
const isSeen = (mark) => { const box = mark.getBoundingClientRect(); return box.width + box.height > 0; };
return [...document.querySelectorAll(".plot")]
  .filter((plot) => ![...plot.querySelectorAll(marks)].some(isSeen))
  .map((plot) => plot.dataset.name || "unnamed");
"""
"""Names of plots without a mark."""
WIDE = """
const limit = document.documentElement.clientWidth;
const isWide = (element) => !element.closest(".scroll, pre, svg") && element.getBoundingClientRect().right > limit + 1;
const page = document.documentElement.scrollWidth > limit ? ["page"] : [];
return [...page, ...[...document.body.querySelectorAll("*")].filter(isWide).map((element) => element.tagName)];
"""
"""What reaches beyond the page's width and has no scrolling of its own."""


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


def faults(browser, page: Path, width: int) -> dict[str, list[str]]:
    """Return everything wrong with a page at a width, by kind."""
    from selenium.webdriver.support.ui import WebDriverWait

    metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    for log in ("browser", "performance"):
        browser.get_log(log)
    browser.get(page.as_uri())
    WebDriverWait(browser, 40).until(lambda d: d.execute_script("return document.body.dataset.ready === 'yes'"))
    state = browser.execute_script("return window.batteryoptReport || {errors: [], drawn: 0, expected: 0}")
    return {
        "requests": _requests(browser),
        "errors": [*state["errors"], *(entry["message"] for entry in browser.get_log("browser"))],
        "wide": browser.execute_script(WIDE),
        "empty": browser.execute_script(DRAWN),
        "undrawn": [] if state["drawn"] == state["expected"] else [f"{state['drawn']} of {state['expected']}"],
    }


def _requests(browser) -> list[str]:
    import json

    messages = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    sent = [m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"]
    return [url for url in sent if not url.startswith(("file:", "data:", "blob:"))]


@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS)
@pytest.mark.parametrize(
    "names", [["coordination_game"], ["paths_game"], ["plan", "other_plan"], ["compromises"]], ids="-".join
)
def test_page_is_whole(browser, request, tmp_path, names, width):
    page = tmp_path / "page.html"
    write_page([request.getfixturevalue(name).folder for name in names], page)
    found = faults(browser, page, width)
    assert not any(found.values()), found
    assert browser.execute_script("return window.batteryoptReport.drawn") >= 5


def test_slider_changes_the_map(browser, plan, tmp_path):
    page = tmp_path / "page.html"
    write_page([plan.folder], page)
    if faults(browser, page, WIDTHS["desktop"])["undrawn"]:
        pytest.fail("the page is not drawn")
    slide = """
    const slider = document.querySelector("[data-control=period]");
    slider.value = arguments[0]; slider.dispatchEvent(new Event("input"));
    return document.querySelector(".controls output").textContent;
    """
    assert [browser.execute_script(slide, value) for value in (0, 1)] == ["first", "second"]


def test_lines_are_coloured_by_product_where_asked(browser, plan, tmp_path):
    page = tmp_path / "page.html"
    write_page([plan.folder], page)
    assert not any(faults(browser, page, WIDTHS["phone"]).values())
    choose = """
    const choice = document.querySelector("[data-control=color]");
    choice.value = arguments[0]; choice.dispatchEvent(new Event("input"));
    return [...document.querySelectorAll("[data-key]")].filter((key) => !key.hidden).map((key) => key.textContent);
    """
    modes = [mode.name for mode in plan.instance.modes if mode.name in set(plan.table("flows")["mode"])]
    assert browser.execute_script(choose, 1) == ["black mass"]  # packs are shredded where they return
    assert browser.execute_script(choose, 0) == modes
    assert browser.execute_script("return window.batteryoptReport.errors") == []


def test_paper_shows_what_the_screen_folds_away(browser, plan, tmp_path):
    page = tmp_path / "page.html"
    write_page([plan.folder], page)
    assert not any(faults(browser, page, WIDTHS["desktop"]).values())
    browser.execute_script("window.dispatchEvent(new Event('beforeprint'))")
    assert browser.execute_script("return [...document.querySelectorAll('details')].every((part) => part.open)")


def test_a_broken_page_is_caught(browser, tmp_path):
    """The tests above would see each fault: here is a page with all of them."""
    page = tmp_path / "broken.html"
    page.write_text(
        '<body data-ready="yes"><div style="width:3000px">wide</div><div class="plot" data-name="nothing"></div>'
        '<img src="http://example.invalid/a.png"><script>throw new Error("broken")</script></body>'
    )
    found = faults(browser, page, WIDTHS["phone"])
    assert found["requests"] == ["http://example.invalid/a.png"]
    assert any("broken" in error for error in found["errors"])
    assert found["empty"] == ["nothing"]
    assert "page" in found["wide"]
