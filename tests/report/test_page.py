"""What stands on every page, and what is refused; the browser tests look at the rest."""

import json
import re

import pytest
from typer.testing import CliRunner

from batteryopt.cli import app
from batteryopt.ground.errors import InvalidInput
from batteryopt.report import words
from batteryopt.report.results import load
from batteryopt.report.write import load_all, write, write_exports, write_page

LARGEST_EMPTY_PAGE = 5_500_000
"""plotly.js alone has 4.8 million bytes; the largest plan may add a million."""


@pytest.fixture(params=["coordination_game", "retailers_game", "paths_game", "plan"])
def saved(request):
    return request.getfixturevalue(request.param)


@pytest.fixture
def text(saved, tmp_path):
    write_page([saved.folder], tmp_path / "page.html")
    return (tmp_path / "page.html").read_text(encoding="utf-8")


def test_page_holds_everything(saved, text):
    body = re.sub(r"<script>.*?</script>", "", text, flags=re.DOTALL)
    assert not re.findall(r'(?:src|href)="(?!data:|#)', body)
    assert len(text.encode()) < LARGEST_EMPTY_PAGE
    assert text.count("plotly.js v") == 1


def test_contents_lead_to_every_section(text):
    sections = re.findall(r'<section id="([^"]+)">', text)
    links = re.findall(r'<a href="#([^"]+)">([^<]+)</a>', text)
    assert [target for target, _ in links] == sections
    assert len(set(sections)) == len(sections) > 3
    assert links[-1] == ("repeat-it", "Repeat it")


def test_several_answers_are_told_apart(plan, other_plan, tmp_path):
    write_page([plan.folder, other_plan.folder], tmp_path / "page.html")
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    begins = re.findall(r'<li class=begins><a href="#([^"]+)">([^<]+)</a>', text)
    name = plan.name
    assert [title for _, title in begins] == ["Side by side", f"{name} (plan)", f"{name} (other)"]
    assert text.count('<section id="repeat-it">') == text.count('<section id="repeat-it-2">') == 1
    assert '<p class="kind">Network plan: other</p>' in text


def test_page_says_how_it_came_about(saved, text):
    for words_ in ("How sure is this?", "Repeat it", "batteryopt solve", "batteryopt report", "checks, all passed"):
        assert words_ in text
    for name, version in saved.document["versions"].items():
        assert f"{name} {version}" in text


def test_command_repeats_models_and_route(coordination_game, tmp_path):
    write_page([coordination_game.folder], tmp_path / "page.html")
    command = "batteryopt solve instance.toml --model centralized --model decentralized --model contract"
    text = (tmp_path / "page.html").read_text()
    assert command in text
    assert "--route closed-form --out result" in text


def test_command_repeats_a_frontier_with_its_options(compromises, tmp_path):
    write_page([compromises.folder], tmp_path / "page.html")
    command = "batteryopt frontier instance/ --between cost:collection --points 5 --gap 0.0 --out result"
    assert command in (tmp_path / "page.html").read_text()


def test_names_are_escaped(coordination_game, tmp_path):
    write_page([coordination_game.folder], tmp_path / "page.html")
    text = (tmp_path / "page.html").read_text()
    assert "A &lt;game&gt; &amp; its parts" in text
    assert "<game>" not in text


def test_failed_check_is_shown_open(coordination_game, tmp_path):
    document = json.loads((coordination_game.folder / "result.json").read_text())
    document["models"]["centralized"]["certificate"][0] |= {"passed": False, "residual": 0.5}
    (tmp_path / "result.json").write_text(json.dumps(document))
    write_page([tmp_path], tmp_path / "page.html")
    text = (tmp_path / "page.html").read_text()
    assert "<details open><summary>Centralised: 1 of" in text
    assert '<td class="fail">FAILED</td>' in text
    assert "5.0e-01" in text


def test_page_without_the_instance_has_the_results(coordination_game, tmp_path):
    (tmp_path / "result.json").write_text((coordination_game.folder / "result.json").read_text())
    write_page([tmp_path], tmp_path / "page.html")
    text = (tmp_path / "page.html").read_text()
    assert "Decisions and profits" in text
    assert "What it depends on" not in text
    assert "no copy of the instance" in text


def test_a_model_without_an_answer_is_named_with_its_reason(coordination_game, tmp_path):
    document = json.loads((coordination_game.folder / "result.json").read_text())
    keep = {"point_status": "none", "reason": "there is no cost to share"}
    empty = dict.fromkeys(("objective", "decisions", "profits", "terms", "pareto_region", "bound", "gap"))
    document["models"]["contract"] |= {**empty, **keep, "certificate": []}
    (tmp_path / "result.json").write_text(json.dumps(document))
    write_page([tmp_path], tmp_path / "page.html")
    text = (tmp_path / "page.html").read_text()
    assert "Contract: there is no cost to share." in text
    assert "The contract</h2>" not in text


def test_all_unreadable_folders_are_named_at_once(tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / "other/result.json").write_text('{"kind": "else", "instance": "x", "models": {}}')
    (tmp_path / "torn").mkdir()
    (tmp_path / "torn/result.json").write_text('{"kind"')
    with pytest.raises(InvalidInput) as caught:
        load_all([tmp_path, tmp_path / "other", tmp_path / "torn"])
    assert [fault.problem for fault in caught.value.faults] == [
        "holds no result.json",
        "is of kind 'else'",
        "is no result of batteryopt",
    ]


def test_every_claim_has_words(saved):
    for answer in saved.models.values():
        for check in answer["certificate"]:
            sentence = words.claim(check["name"])
            assert sentence.endswith(".")
            assert sentence.lower().rstrip(".") != check["name"].replace("-", " ")


@pytest.mark.parametrize(
    ("status", "gap", "sentence"),
    [
        ("optimal", 1e-9, "Proven optimal: no other answer can be better by more than a millionth."),
        ("optimal", 0.01, "Optimal within the gap asked for: no other answer can be better by more than 1.00%."),
        ("feasible", 0.25, "Feasible, not proven optimal: no other answer can be better by more than 25.00%."),
        ("locally-optimal", None, "Optimal among nearby answers; no global bound is known for this model."),
    ],
)
def test_verdict(status, gap, sentence):
    assert words.verdict({"point_status": status, "gap": gap, "objective": 1.0}) == sentence


def test_unsaved_results_have_the_same_page(hand_result, plan, tmp_path):
    write(hand_result, tmp_path / "unsaved.html")
    write_page([plan.folder], tmp_path / "saved.html")
    unsaved, saved = ((tmp_path / f"{name}.html").read_text() for name in ("unsaved", "saved"))
    how_to_repeat = re.compile(r"<h2>Repeat it</h2>.*?</section>", flags=re.DOTALL)
    assert "batteryopt.solve(instance)" in how_to_repeat.findall(unsaved)[0]
    assert "batteryopt solve instance/ --out result" in how_to_repeat.findall(saved)[0]
    assert how_to_repeat.sub("", unsaved) == how_to_repeat.sub("", saved)


def test_exports_are_what_their_endings_say(paths_game, tmp_path):
    files = write_exports([paths_game.folder], tmp_path / "new/exports", formats=("png", "svg", "pdf"))
    beginnings = {
        ".png": b"\x89PNG",
        ".svg": b"<?xml",
        ".pdf": b"%PDF",
        ".tex": b"\\begin{table}",
        ".md": b"",
        ".xlsx": b"PK",
    }
    assert {file.suffix for file in files} == set(beginnings)
    for file in files:
        assert file.read_bytes().startswith(beginnings[file.suffix])


def test_command_line(plan, tmp_path):
    run = CliRunner().invoke(app, ["report", str(plan.folder), "--out", str(tmp_path / "page.html")])
    assert run.exit_code == 0
    assert (tmp_path / "page.html").stat().st_size > 1_000_000
    assert CliRunner().invoke(app, ["report", str(tmp_path), "--out", str(tmp_path / "none.html")]).exit_code == 2
    assert not (tmp_path / "none.html").exists()


def test_tables_of_names_that_look_like_numbers_stay_text(plan, tmp_path):
    (tmp_path / "result.json").write_text((plan.folder / "result.json").read_text())
    (tmp_path / "stocks.csv").write_text("site,type,product,period,tonnes\n1,NA,7,2025,3.5\n")
    row = load(tmp_path).table("stocks").iloc[0]
    assert [row["site"], row["type"], row["product"], row["period"]] == ["1", "NA", "7", "2025"]
    assert row["tonnes"] == 3.5
