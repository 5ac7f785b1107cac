"""``reproduce --plot``: pictures and their data in a folder, or one page beside what the papers print."""

from __future__ import annotations

import base64
import io
import re

import pandas as pd
import pytest

from batteryopt import families
from batteryopt.games.differential.paper.contradicted import FAULTS
from batteryopt.games.differential.paper.drawn_figures import redrawn
from batteryopt.games.differential.paper.numbered import CONTENTS
from batteryopt.games.differential.paper.published import BASE_CASE, SECOND_CASE
from batteryopt.games.differential.paper.statements import STATEMENTS
from batteryopt.games.shell import gallery
from batteryopt.games.shell.reproduction import Figure, Reproduction, Verdict
from batteryopt.ground.certificate import Certificate, Check
from tests.browser import WIDTHS
from tests.command_line import invoke
from tests.report.test_browser import faults

NUMBERS = ["Fig. 1", "Fig. 2a", "Fig. 2b", "Fig. 3a", "Fig. 3b", "Fig. 3c", "Fig. 4a", "Fig. 4b", "Fig. 5"]
FILES = ["fig-1", "fig-2a", "fig-2b", "fig-3a", "fig-3b", "fig-3c", "fig-4a", "fig-4b", "fig-5"]


def reproduction(kind: str, *, figures: int) -> Reproduction:
    """Return the differential game's paper by formula alone, with so many of its drawn figures, under a kind."""
    number = Figure(
        place="Fig. 1",
        quantity="least share <δ>",
        printed=0.25,
        formula=0.2476,
        optimizer=0.2476,
        agrees=True,
        about=("Fig. 1",),
    )
    wrong = Figure(
        place="Fig. 1",
        quantity="largest",
        printed=0.5,
        formula=0.55,
        optimizer=0.55,
        agrees=False,
        reason="misread",
        about=("Fig. 1",),
    )
    passed = Certificate((Check(name="c", residual=0.0, tolerance=1.0),))
    return Reproduction(
        kind=kind,
        paper="Somebody: A paper",
        instance="base case",
        source="made up",
        figures=(number, wrong),
        faults=tuple(fault.at(BASE_CASE) for fault in FAULTS[:2]),
        statements=tuple(statement.tried((BASE_CASE, SECOND_CASE)) for statement in STATEMENTS[:2]),
        verdicts=(Verdict(model="a", route="closed-form", solver="formula", certificate=passed),),
        redrawn=redrawn({})[:figures],
        contents=CONTENTS,
    )


@pytest.fixture
def quick(monkeypatch):
    """Nothing is solved: what is drawn and written is tried here, not what it says."""

    def found(family, _announce):
        return reproduction(family.kind, figures=2)

    monkeypatch.setattr(families.Family, "reproduction", found)


def test_the_folder_has_a_picture_and_the_data_of_every_figure(quick, tmp_path):
    out = tmp_path / "figures"
    shown = invoke("reproduce", "differential-game", "--plot", out)
    assert shown.exit_code == 0
    assert f"wrote 6 files into {out}" in shown.stderr
    assert {p.name for p in out.iterdir()} - {"batteryopt-files.json"} == {
        f"{name}.{ending}" for name in FILES[:2] for ending in ("png", "svg", "csv")
    }
    assert (out / "fig-1.png").read_bytes().startswith(b"\x89PNG")
    table = pd.read_csv(out / "fig-1.csv")
    assert list(table.columns) == ["series", "route", "share", "present_value"]
    assert len(table) == 41 * 4
    assert table["present_value"].tolist() == pytest.approx(redrawn({})[0].frame["present_value"].tolist(), rel=1e-12)


def test_of_both_papers_each_has_a_folder(monkeypatch, tmp_path):
    monkeypatch.setattr(families.Family, "reproduction", lambda family, _: reproduction(family.kind, figures=1))
    assert invoke("reproduce", "all", "--json", "--plot", tmp_path / "both").exit_code == 0
    for kind in ("coordination", "differential-game"):
        assert (tmp_path / "both" / kind / "fig-1.svg").is_file()


def test_names_and_numbers_of_all_figures():
    figures = redrawn({})
    assert [figure.number for figure in figures] == NUMBERS
    assert [figure.file_name for figure in figures] == FILES


def test_the_page_has_every_figure_beside_what_is_printed(quick, tmp_path):
    page = tmp_path / "page.html"
    assert invoke("reproduce", "differential-game", "--plot", page).exit_code == 0
    text = page.read_text(encoding="utf-8")
    section = text[text.index("<h2>Fig. 1") : text.index("<h2>Fig. 2a")]
    assert "least share &lt;δ&gt;: 0.25" in section
    assert re.search(r'class="ok">agrees</b> least share', section)
    assert re.search(r'class="fail">does not agree</b> largest: 0\.5.*Ours: 0\.55 \(misread\)', section)
    for title in (
        "What the paper states",
        "Where the paper contradicts its own model",
        "Everything numbered in the paper",
    ):
        assert title in text
    data = re.search(r'download="fig-1.csv" href="data:text/csv;charset=utf-8;base64,([^"]+)"', section)
    assert len(pd.read_csv(io.BytesIO(base64.b64decode(data[1])))) == 41 * 4


@pytest.mark.parametrize("name", ["figures.png", "figures.pdf", "table.csv"])
def test_what_is_neither_a_folder_nor_a_page_is_refused_before_anything_is_solved(monkeypatch, tmp_path, name):
    monkeypatch.setattr(families.Family, "reproduction", lambda *_: pytest.fail("solved"))
    found = invoke("reproduce", "coordination", "--plot", tmp_path / name)
    assert found.exit_code == 2
    assert "--plot" in found.stderr
    assert not (tmp_path / name).exists()


@pytest.mark.parametrize("name", ["page.html", "plain"])
def test_a_file_of_the_user_s_is_not_replaced_unasked(quick, tmp_path, name):
    mine = tmp_path / name
    mine.write_text("mine", encoding="utf-8")
    assert invoke("reproduce", "differential-game", "--plot", mine).exit_code == 2
    assert mine.read_text(encoding="utf-8") == "mine"


def test_overwrite_replaces_a_page(quick, tmp_path):
    mine = tmp_path / "page.html"
    mine.write_text("mine", encoding="utf-8")
    assert invoke("reproduce", "differential-game", "--plot", mine, "--overwrite").exit_code == 0
    assert "<!DOCTYPE html>" in mine.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "width", [WIDTHS["phone"], pytest.param(WIDTHS["desktop"], marks=pytest.mark.slow)], ids=["phone", "desktop"]
)
def test_the_page_is_whole_in_a_browser(browser, tmp_path, width):
    """All kinds of drawings but for the coordination paper's scheme and region, which a page of its own shows below."""
    page = tmp_path / "page.html"
    page.write_text(gallery.page_of({"k": reproduction("k", figures=9)}), encoding="utf-8")
    found = faults(browser, page, width)
    assert not any(found.values()), found


def test_a_scheme_and_a_region_are_whole_in_a_browser(browser, tmp_path):
    from dataclasses import replace

    from batteryopt.games.coordination.paper import drawn_figures
    from batteryopt.games.coordination.paper.published import TABLE_2_INSTANCE
    from batteryopt.games.coordination.solution import Model
    from batteryopt.games.coordination.solve import solve

    models = (Model.CENTRALIZED, Model.DECENTRALIZED, Model.CONTRACT)
    formula = solve(TABLE_2_INSTANCE, models, route="closed-form")
    drawn = drawn_figures.redrawn(replace(formula, closed_form=formula.models))
    assert len(drawn) == 3
    page = tmp_path / "page.html"
    page.write_text(gallery.page_of({"k": replace(reproduction("k", figures=0), redrawn=drawn)}), encoding="utf-8")
    found = faults(browser, page, WIDTHS["phone"])
    assert not any(found.values()), found
    names = "return [...document.querySelectorAll('.plot')].map((plot) => plot._fullLayout.hoverlabel.namelength)"
    assert set(browser.execute_script(names)) == {-1}  # under the pointer, whole
