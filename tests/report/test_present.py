"""The methods that every answer has in Python: `table`, `plot`, `report` and the look in notebooks."""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import math
import re
from html.parser import HTMLParser

import numpy as np
import pyomo.environ as pyo
import pytest

from batteryopt import bilevel
from batteryopt.games.coordination import solve as coordination
from batteryopt.games.coordination.answer import CoordinationAnswer
from batteryopt.games.coordination.solution import Model
from batteryopt.games.differential import solve as differential_game
from batteryopt.ground.errors import InvalidInput
from batteryopt.ground.status import PointStatus, StopReason
from batteryopt.network import family as network
from batteryopt.network.data.objective import Objective
from batteryopt.report import notebook
from batteryopt.report.presentation import Presented, Tabular
from batteryopt.report.saved import as_json, json_text
from batteryopt.report.unsaved import Unsaved
from batteryopt.solvers.contract.provenance import Route, Run
from tests.report.conftest import GAME, PATHS

HOSTILE = '<script>alert("x")</script> & <b>'
MAIN = {"coordination": "Profits by player", "differential-game": "Efficiency m"}


@pytest.fixture(scope="module")
def results(hand_result):
    return {
        "coordination": coordination.solve(GAME, route="closed-form"),
        "differential-game": differential_game.solve(PATHS, route="closed-form"),
        "network": network.NetworkResult(instance=hand_result.instance, answer=hand_result.answer),
    }


@pytest.fixture(params=["coordination", "differential-game", "network"])
def kind(request):
    return request.param


@pytest.fixture(params=["result", "answer"])
def shown(request, results, kind) -> Presented:
    result = results[kind]
    return result if request.param == "result" else next(iter(result.models.values()))


class Tags(HTMLParser):
    """The tags of a piece of HTML, and whether each is closed where it should be."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.seen: set[str] = set()
        self.addresses: list[str] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.seen.add(tag)
        self.open.append(tag)
        self.addresses += [value for name, value in attrs if name in ("src", "href")]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_tables_hold_the_answer_in_full_precision(results):
    game = results["coordination"]
    found = game.table()
    assert list(found.columns[:3]) == ["Centralised", "Decentralised", "Contract"]
    assert found.loc["Retail price (money/vehicle)", "Contract"] == game["contract"].solution.retail_price
    assert found.loc["Profit, supply chain (money)", "Centralised"] == game["centralized"].objective
    assert math.isnan(found.loc["Profit, retailer (money)", "Centralised"])
    paths = results["differential-game"]
    worth = paths["decentralized"].solution.present_value
    assert paths.table().loc["Retailer", "Decentralised"] == worth.retailers[0]
    assert paths.table().attrs["caption"] == "Present values at the start (money)"
    plan = results["network"]
    # worked out in data/networks/hand/README.md
    assert plan.table().loc["Net present cost"].tolist() == [pytest.approx(-7640.0), "EUR"]
    assert plan.table("status")["Objective"].tolist() == pytest.approx([-7640.0])


def test_an_answer_alone_shows_itself_alone(results):
    assert list(results["coordination"]["contract"].table().columns) == ["Contract"]
    assert [trace.name for trace in results["differential-game"]["integrated"].plot().data] == ["Integrated"]
    assert results["network"]["design"].table().equals(results["network"].table())


def test_status_says_how_sure_each_route_is(results):
    status = coordination.solve(GAME, ["decentralized"]).table("status")
    assert status.index.tolist() == ["Decentralised, by optimiser", "Decentralised, by formula"]
    assert (status["Checks passed"] == status["Checks"]).all()
    assert (status["Checks"] > 0).all()


def test_the_main_picture_comes_first(results, kind, shown):
    title = shown.plot().layout.title.text
    assert title == MAIN.get(kind, "What stands where, and what travels")


def test_every_picture_has_marks_and_no_colour_of_the_page(shown):
    with pytest.raises(InvalidInput) as refusal:
        shown.plot("nothing")
    names = str(refusal.value).rpartition("known: ")[2].split(", ")
    assert len(names) >= 4
    for name in names:
        figure = shown.plot(name)
        assert figure.data
        assert "var(--" not in figure.to_json()


def test_unknown_names_are_refused_with_those_there_are(shown):
    with pytest.raises(
        InvalidInput, match=r"there is no table named 'statsu'; did you mean 'status'\? known: .*status"
    ):
        shown.table("statsu")
    with pytest.raises(InvalidInput, match=r"there is no plot named 'xyz'; known: \w+"):
        shown.plot("xyz")


def test_the_map_shows_one_period_at_a_time(results):
    figure = results["network"].plot("map")
    (slider,) = figure.layout.sliders
    assert [step.label for step in slider.steps] == ["first", "second"]
    by_step = [step.args[0]["visible"] for step in slider.steps]
    assert {len(seen) for seen in by_step} == {len(figure.data)}
    assert [trace.visible is not False for trace in figure.data] == by_step[-1]
    for seen in by_step:
        tonnes = [trace.text for trace, is_seen in zip(figure.data, seen, strict=True) if is_seen and trace.text]
        assert any("capacity" in text for texts in tonnes for text in texts)
    once = [all(seen[i] for seen in by_step) for i in range(len(figure.data))]
    assert [a != b for a, b in zip(*by_step, strict=True)] == [not always for always in once]


def test_report_writes_the_page_and_gives_its_path(shown, tmp_path):
    path = shown.report(tmp_path / "page.html")
    assert path == tmp_path / "page.html"
    text = path.read_text(encoding="utf-8")
    assert "Repeat it" in text
    assert "Made in Python" in text
    tags = [
        found for found in re.findall(r"<(?:script|link|img|iframe)[^>]*>", text) if "src=" in found or "href=" in found
    ]
    assert tags == ['<link rel="icon" href="data:,">']


def test_a_page_that_cannot_be_written_is_refused(results, tmp_path):
    with pytest.raises(InvalidInput, match="cannot be written"):
        results["coordination"].report(tmp_path / "no" / "such" / "page.html")


def test_in_a_notebook_everything_stands_in_the_html(shown):
    tags = Tags(shown._repr_html_())
    assert tags.seen <= {"div", "b", "span", "table", "thead", "tbody", "tr", "th", "td"}
    assert tags.open == []
    assert "✓" in shown._repr_html_()
    assert "proven optimal" in shown._repr_html_()


def test_in_a_notebook_colours_are_the_notebook_s_own(shown):
    text = shown._repr_html_()
    assert set(re.findall(r"(?<![-\w])color:([^;\"]+)", text)) <= {"inherit", notebook.GOOD, notebook.BAD}
    assert set(re.findall(r"background:([^;\"]+)", text)) == {"transparent"}


def test_names_are_escaped(results, kind, tmp_path):
    result = results[kind]
    instance = (
        dataclasses.replace(result.instance, name=HOSTILE)
        if kind == "network"
        else result.instance.model_copy(update={"name": HOSTILE})
    )
    result = dataclasses.replace(result, instance=instance)
    shown = result._repr_html_()
    assert "script" not in Tags(shown).seen
    assert "&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt; &amp; &lt;b&gt;" in shown
    assert 'alert("x")' not in result.report(tmp_path / "page.html").read_text(encoding="utf-8")


def test_without_a_solution_the_reason_is_shown(results):
    run = Run(route=Route.OPTIMIZER, solver="none", stop_reason=StopReason.INFEASIBLE, point_status=PointStatus.NONE)
    answer = CoordinationAnswer(model=Model.CONTRACT, solution=None, run=run, reason="x < 0 & nothing helps")
    assert "no answer, x &lt; 0 &amp; nothing helps" in answer._repr_html_()
    assert answer.table().index.tolist() == ["Contract, by optimiser"]
    with pytest.raises(InvalidInput, match=r"nothing to draw.*x < 0 & nothing helps"):
        answer.plot()
    assert results["coordination"]["contract"].plot().data


def test_a_failed_check_is_said_loudly(results):
    good = results["coordination"]["contract"]
    (first, *_) = good.certificate
    failed = dataclasses.replace(first, residual=1.0, tolerance=0.5)
    bad = dataclasses.replace(good, certificate=type(good.certificate)((failed,)))
    assert f"1 of 1 checks FAILED: {first.name}" in bad._repr_html_()


def test_without_plotly_it_says_what_to_install(results, kind, monkeypatch, tmp_path):
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *rest: None if name == "plotly" else find(name, *rest)
    )
    for method in (results[kind].plot, lambda: results[kind].report(tmp_path / "page.html")):
        with pytest.raises(InvalidInput, match=r"plotly: is not installed; pip install 'batteryopt\[plot\]'"):
            method()
    assert len(results[kind].table())
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("ending", "start"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")])
def test_a_picture_is_a_file_of_its_kind(results, ending, start):
    assert results["coordination"].picture("profits", ending).startswith(start)


def test_a_picture_is_of_the_same_things_as_the_plot(results, kind):
    title = results[kind].plot().layout.title.text.partition("<")[0]
    words = re.findall("<!-- (.*?) -->", results[kind].picture(ending="svg").decode())  # matplotlib notes each text so
    assert title in words


def test_an_ending_that_is_none_is_refused(results):
    with pytest.raises(InvalidInput, match="ending: is 'gif'"):
        results["coordination"].picture(ending="gif")


def test_a_chosen_template_of_plotly_is_kept(results):
    settings = importlib.import_module("plotly.io").templates
    before = settings.default
    try:
        settings.default = "plotly_dark"
        assert results["coordination"].plot().layout.template == settings["plotly_dark"]
    finally:
        settings.default = before
    assert results["coordination"].plot().layout.template == settings["plotly_white"]


def test_a_bilevel_answer_has_a_table_and_a_look():
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 10))
    m.cost = pyo.Objective(expr=(m.x - 3) ** 2)
    m.reply = bilevel.Follower()
    m.reply.y = pyo.Var(bounds=(0, 10))
    m.reply.cost = pyo.Objective(expr=(m.reply.y - m.x) ** 2)
    answer = bilevel.solve(m)
    assert isinstance(answer, Tabular)
    assert not isinstance(answer, Presented)
    assert answer.table().loc[["x", "reply.y"], "Value"].tolist() == pytest.approx([3.0, 3.0], abs=1e-4)
    assert "✓" in answer._repr_html_()
    assert Tags(answer._repr_html_()).open == []


def test_at_a_prompt_an_answer_is_a_line(results):
    """The optimum of the hand network is derived in its README."""
    assert repr(results["network"]) == "<network 'Two cities and a smelter': design -7640 (optimal)>"
    for result in results.values():
        assert len(repr(result)) < 300
        assert all(name in repr(result) for name in result.models)


def test_frozen_answers_stay_frozen(shown):
    with pytest.raises(dataclasses.FrozenInstanceError):
        shown.plot = None


def kinds_in(value):
    """Return plain data with the type of each of its parts beside it."""
    if isinstance(value, dict):
        return {key: kinds_in(item) for key, item in value.items()}
    return [kinds_in(item) for item in value] if isinstance(value, list) else (type(value), value)


def test_what_is_shown_is_what_json_would_bring_back(shown):
    view = shown._view()
    assert kinds_in(Unsaved.of(view).document) == kinds_in(json.loads(json_text(view.document)))


def test_what_json_has_not_becomes_null_text_and_list():
    found = as_json(
        {1: (float("nan"), float("inf"), np.float64(2.0)), "kind": Objective.COST, "none": None, "is": True}
    )
    expected = {"1": [None, None, 2.0], "kind": "cost", "none": None, "is": True}
    assert kinds_in(found) == kinds_in(expected)
