"""The benchmark's page in a real browser without a network, at a desk and on a phone."""

from __future__ import annotations

from pathlib import Path

import pytest

from batteryopt.accuracy import contestants, problems, run
from batteryopt.accuracy.accuracy_page import page
from batteryopt.accuracy.accuracy_plots import styles_of
from batteryopt.ground.status import StopReason
from tests.accuracy.liars import Teller
from tests.browser import errors, requests, show, too_wide, wait_for

WIDTHS = (1280, 400)
SCROLLS = ".wide, svg"
DRAWN = "return document.querySelectorAll('.js-plotly-plot .main-svg').length >= 6"
CLIPPED = "return [...document.querySelectorAll('.wide')].filter(w => w.scrollWidth > w.clientWidth + 1).length"
STAYS = """
const table = document.querySelector('.wide'), name = table.querySelector('td');
const before = name.getBoundingClientRect().left;
table.scrollLeft = 200;
return Math.abs(name.getBoundingClientRect().left - before) < 1;
"""
SMALLEST = """
const sizes = [...document.querySelectorAll('p, li, td, th')].map(part => parseFloat(getComputedStyle(part).fontSize));
return Math.min(...sizes);
"""
NAMES = ["highs", "raw:highs", "ipopt", "raw:ipopt", "engine:strong-duality"]


@pytest.fixture(scope="module")
def saved(tmp_path_factory) -> Path:
    cases = problems(["no-solution", "degenerate-lp", "stackelberg"], quick=True)[:7]
    liar = Teller(StopReason.INFEASIBLE)
    frame = run(cases, [*contestants(NAMES), liar], tolerances=[1e-4, 1e-6, 1e-9])
    assert "said-infeasible-for-unbounded-or-the-reverse" in set(frame["verdict"])
    path = tmp_path_factory.mktemp("accuracy") / "accuracy.html"
    path.write_text(page(frame), encoding="utf-8")
    return path


@pytest.mark.slow
@pytest.mark.parametrize("width", WIDTHS)
def test_the_page_is_whole_at_a_desk_and_readable_on_a_phone(browser, saved, width):
    show(browser, saved, width)
    wait_for(browser, DRAWN)
    assert too_wide(browser, SCROLLS) == []
    assert requests(browser) == []
    assert errors(browser) == []
    assert browser.execute_script(SMALLEST) >= 12
    if width == max(WIDTHS):
        assert browser.execute_script(CLIPPED) == 0, "a table is clipped"
    else:
        assert browser.execute_script(STAYS), "the names of a table scroll away"


def test_a_solver_keeps_its_colour_on_both_tracks():
    styles = styles_of(["highs", "scip", "raw:highs", "raw:scip"])
    assert styles["highs"][0] == styles["raw:highs"][0] != styles["scip"][0] == styles["raw:scip"][0]
    assert styles["raw:highs"][1] == f"{styles['highs'][1]}-open"
