"""Every page in a real browser without a network: no request, no error, nothing too wide, no empty plot."""

from pathlib import Path

import pytest

from batteryopt.network.view.map import plan_map
from batteryopt.report import interactive_map
from batteryopt.report.write import write_page
from tests.browser import WIDTHS, bad_labels, errors, requests, show, too_wide, wait_for

PAGES = [["coordination_game"], ["retailers_game"], ["paths_game"], ["plan", "other_plan"], ["compromises"]]
SCROLLS = ".scroll, pre, svg"
"""What scrolls by itself where it is too wide."""
EMPTY = """
const marks = ".scatterlayer path, .barlayer path, .sankey-link, .contourlayer path, .heatmaplayer image";
const isSeen = (mark) => { const box = mark.getBoundingClientRect(); return box.width + box.height > 0; };
return [...document.querySelectorAll(".plot")]
  .filter((plot) => ![...plot.querySelectorAll(marks)].some(isSeen))
  .map((plot) => plot.dataset.name || "unnamed");
"""
"""Names of plots without a mark."""
READY = "return document.body.dataset.ready === 'yes'"
UNFOLD = "for (const part of document.querySelectorAll('main details')) part.open = true"
DRAWN = "return !window.batteryoptReport || window.batteryoptReport.drawn === window.batteryoptReport.expected"
CONTENTS = "document.querySelector('.contents details')"
LINKS = "[...document.querySelectorAll('.contents a')]"


def faults(browser, page: Path, width: int, *, is_dark: bool = False) -> dict[str, list[str]]:
    """Return everything wrong with a page at a width, by kind; what is folded away is unfolded and looked at too."""
    show(browser, page, width, is_dark=is_dark)
    wait_for(browser, READY)
    folded = too_wide(browser, SCROLLS)
    browser.execute_script(UNFOLD)
    wait_for(browser, DRAWN)
    return {
        "requests": requests(browser),
        "errors": [*browser.execute_script("return window.batteryoptReport?.errors ?? []"), *errors(browser)],
        "wide": [*folded, *too_wide(browser, SCROLLS)],
        "empty": browser.execute_script(EMPTY),
        "labels": bad_labels(browser),
    }


@pytest.fixture(params=PAGES, ids="-".join, scope="module")
def page(request, tmp_path_factory) -> Path:
    page = tmp_path_factory.mktemp("page") / "page.html"
    write_page([request.getfixturevalue(name).folder for name in request.param], page)
    return page


def test_page_is_whole_on_a_phone(browser, page):
    found = faults(browser, page, WIDTHS["phone"])
    assert not any(found.values()), found
    assert browser.execute_script("return window.batteryoptReport.drawn") >= 5


def test_page_is_whole_on_a_desktop_in_the_dark(browser, page):
    found = faults(browser, page, WIDTHS["desktop"], is_dark=True)
    assert not any(found.values()), found
    back, ink = browser.execute_script(
        "const style = getComputedStyle(document.body); return [style.backgroundColor, style.color]"
    )
    assert max(_levels(back)) < 64 < 192 < min(_levels(ink))


def _levels(color: str) -> list[int]:
    return [int(part) for part in color.removeprefix("rgb(").removesuffix(")").split(",")]


def test_contents_stay_in_view_and_say_where_one_is(browser, coordination_game, tmp_path):
    page = tmp_path / "page.html"
    write_page([coordination_game.folder], page)
    show(browser, page, WIDTHS["desktop"])
    wait_for(browser, READY)
    browser.execute_script(f"{LINKS}.find((link) => link.textContent === 'The contract').click()")
    assert wait_for(
        browser, "return document.querySelector('.contents [aria-current]')?.textContent === 'The contract'"
    )
    top = "document.getElementById('the-contract').getBoundingClientRect().top"
    assert 0 <= browser.execute_script(f"return {top}") < 100
    assert browser.execute_script("return document.querySelector('.contents').getBoundingClientRect().top") == 0


def test_contents_open_and_close_by_keyboard_on_a_phone(browser, coordination_game, tmp_path):
    from selenium.webdriver.common.keys import Keys

    page = tmp_path / "page.html"
    write_page([coordination_game.folder], page)
    show(browser, page, WIDTHS["phone"])
    wait_for(browser, READY)
    is_open = f"return {CONTENTS}.open"
    assert not browser.execute_script(is_open)
    browser.execute_script("document.querySelector('.contents summary').focus()")
    browser.switch_to.active_element.send_keys(Keys.ENTER)
    assert wait_for(browser, is_open)
    browser.switch_to.active_element.send_keys(Keys.TAB)
    browser.switch_to.active_element.send_keys(Keys.TAB)
    assert browser.switch_to.active_element.text == "Decisions and profits"
    browser.switch_to.active_element.send_keys(Keys.ESCAPE)
    assert not browser.execute_script(is_open)
    browser.switch_to.active_element.send_keys(Keys.ENTER)
    assert wait_for(browser, is_open)
    browser.switch_to.active_element.send_keys(Keys.TAB)
    browser.switch_to.active_element.send_keys(Keys.ENTER)
    assert wait_for(browser, f"return !{CONTENTS}.open")


def test_slider_changes_the_map(browser, plan, tmp_path):
    page = tmp_path / "page.html"
    write_page([plan.folder], page)
    assert not any(faults(browser, page, WIDTHS["desktop"]).values())
    slide = """
    const slider = document.querySelector("[data-control=period]");
    slider.value = arguments[0]; slider.dispatchEvent(new Event("input"));
    return document.querySelector(".controls output").textContent;
    """
    assert [browser.execute_script(slide, value) for value in (0, 1)] == ["first", "second"]


def test_map_has_a_scale_of_round_length_and_names_its_few_places(browser, plan, tmp_path):
    page = tmp_path / "page.html"
    write_page([plan.folder], page)
    assert not any(faults(browser, page, WIDTHS["desktop"]).values())
    texts = 'return [...document.querySelectorAll("[data-name=map] .textpoint text")].map((text) => text.textContent)'
    shown = {text.strip() for text in browser.execute_script(texts)}
    assert {"Aston", "Bray"} <= shown
    (scale,) = (text for text in shown if text.endswith(" km"))
    assert scale.rstrip(" km").rstrip("0") in ("1", "2", "5")


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


def test_paper_shows_what_the_screen_folds_away(browser, coordination_game, tmp_path):
    """All of it drawn before the browser goes on to print; the screen is folded as before when it is done."""
    page = tmp_path / "page.html"
    write_page([coordination_game.folder], page)
    show(browser, page, WIDTHS["desktop"])
    wait_for(browser, READY)
    folded = "[...document.querySelectorAll('main details')].filter((part) => !part.open).length"
    before = browser.execute_script(f"return {folded}")
    assert before > 0
    printed = f"window.dispatchEvent(new Event('beforeprint')); const left = {folded};"
    empty = EMPTY.replace("return [...", "return [left, [...", 1).rstrip().removesuffix(";") + "];"
    assert browser.execute_script(printed + empty) == [0, []]
    browser.execute_script("window.dispatchEvent(new Event('afterprint'))")
    assert browser.execute_script(f"return {folded}") == before


def test_a_broken_page_is_caught(browser, tmp_path):
    """The tests above would see each fault: here is a page with all of them."""
    page = tmp_path / "broken.html"
    page.write_text(
        '<body data-ready="yes"><div style="width:3000px">wide</div><div class="plot" data-name="nothing"></div>'
        '<div class="plot" data-name="labels" style="width:200px"><svg width="200" height="130">'
        '<text y="50">one</text>'
        '<text x="5" y="55">other</text><text x="180" y="20">too long for it</text>'
        '<text transform="translate(30 90) rotate(-30)">turned</text>'
        '<text transform="translate(30 120) rotate(-30)">turned, too</text>'
        "</svg></div>"
        '<img src="http://example.invalid/a.png"><script>throw new Error("broken")</script></body>'
    )
    found = faults(browser, page, WIDTHS["phone"])
    assert found["requests"] == ["http://example.invalid/a.png"]
    assert any("broken" in error for error in found["errors"])
    assert found["empty"] == ["nothing", "labels"]
    assert found["labels"] == ['labels: "one" lies on "other"', 'labels: "too long for it" is cut']
    assert "page" in found["wide"]


MAP = """
const map = [...document.querySelectorAll(".plot")].find((plot) => plot.dataset.name === "map");
return map.data.filter((trace) => trace.hoverinfo === "skip" || trace.marker?.symbol).map((trace) => ({
  mode: trace.mode, x: trace.x, y: trace.y, width: trace.marker ? null : trace.line?.width ?? null,
  size: trace.marker?.size ?? null, symbol: trace.marker?.symbol ?? null, opacity: trace.opacity ?? null,
}));
"""
"""The lines and markers of the map that a page has drawn."""


def test_the_page_draws_the_map_that_notebooks_and_pictures_show(browser, plan, tmp_path):
    """Each flow and facility of the last period at the same place, as wide or large; a page adds names and a scale."""
    page = tmp_path / "page.html"
    write_page([plan.folder], page)
    show(browser, page, WIDTHS["desktop"])
    wait_for(browser, READY)
    browser.execute_script(UNFOLD)
    wait_for(browser, DRAWN)
    drawn = browser.execute_script(MAP)
    content = plan_map(plan)
    traces = interactive_map.traces(content, len(content["periods"]) - 1)
    told = [trace for trace in traces if None not in trace["x"][:1]]
    lines = [trace for trace in told if trace.get("opacity") == 0.75]
    markers = [trace for trace in told if trace.get("marker", {}).get("symbol")]
    assert lines
    assert markers
    ours = [(t["x"], t["y"], pytest.approx(t["line"]["width"])) for t in lines]
    assert ours == [(t["x"], t["y"], t["width"]) for t in drawn if t["opacity"] == 0.75]
    ours = [(t["x"], t["y"], t["marker"]["symbol"], pytest.approx(t["marker"]["size"])) for t in markers]
    assert ours == [(t["x"], t["y"], t["symbol"], t["size"]) for t in drawn if t["symbol"]]
