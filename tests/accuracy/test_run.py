"""The benchmark as a whole: resumed, in several processes, quick, on the command line, as a page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, ClassVar

import pandas as pd
import pyomo.environ as pyo
import pytest
from typer.testing import CliRunner

from batteryopt.accuracy import FAMILIES, Solver, accuracy_run, contestants, problems, reading, run
from batteryopt.accuracy.__main__ import main
from batteryopt.accuracy.accuracy_page import page
from batteryopt.accuracy.accuracy_plots import profile
from batteryopt.accuracy.contestants import absent
from batteryopt.accuracy.document import BEGIN, END, write_document
from batteryopt.accuracy.problem import AccuracyProblem
from batteryopt.accuracy.run_columns import COLUMNS
from batteryopt.cli import app
from batteryopt.ground.errors import InvalidInput, UnsupportedModel
from batteryopt.solvers.through_pyomo.pyomo_solver import FACTORIES
from tests.accuracy import liars

FEW = problems(["no-solution", "facility-location"], quick=True)
HIGHS = contestants(["highs"])
ABSENT = absent()


class Interrupted(liars.Honest):
    """Is interrupted at its second problem."""

    name = "highs"
    solved = 0

    def solve(self, model: object, options: object = None, **rest: object) -> object:
        if self.solved == 1:
            raise KeyboardInterrupt
        self.solved += 1
        return super().solve(model, options, **rest)


def test_an_interrupted_benchmark_goes_on_where_it_was(tmp_path: Path) -> None:
    journal = tmp_path / "runs.journal"
    with pytest.raises(KeyboardInterrupt):
        run(FEW, [Solver(Interrupted())], tolerances=[1e-6], journal=journal)
    told: list[int] = []
    frame = run(FEW, HIGHS, tolerances=[1e-6], journal=journal, on_progress=told.append)
    assert told[0] == 1
    assert list(frame["problem"]) == [p.name for p in FEW]


def test_another_benchmark_does_not_take_the_journal(tmp_path: Path) -> None:
    journal = tmp_path / "runs.journal"
    run(FEW[:1], HIGHS, tolerances=[1e-6], journal=journal)
    with pytest.raises(InvalidInput, match=r"tolerances(.|\n)*an unfinished benchmark is kept here"):
        run(FEW[:1], HIGHS, tolerances=[1e-4], journal=journal)


def test_other_code_does_not_take_the_journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = tmp_path / "runs.journal"
    run(FEW[:1], HIGHS, tolerances=[1e-6], journal=journal)
    monkeypatch.setattr(accuracy_run, "code_digest", lambda: "another")
    with pytest.raises(InvalidInput, match=r"code(.|\n)*an unfinished benchmark is kept here"):
        run(FEW[:1], HIGHS, tolerances=[1e-6], journal=journal)


def test_a_changed_line_is_other_code(tmp_path: Path) -> None:
    digests = set()
    for text in ("a = 1\n", "a = 2\n"):
        folder = tmp_path / str(len(digests))
        folder.mkdir()
        (folder / "one.py").write_text(text)
        digests.add(accuracy_run.code_digest(folder))
    assert len(digests) == 2


def test_two_processes_find_what_one_finds() -> None:
    one, two = (run(FEW[:2], HIGHS, tolerances=[1e-6], jobs=jobs) for jobs in (1, 2))
    same = ["problem", "contestant", "verdict", "objective_error", "violation"]
    pd.testing.assert_frame_equal(one[same], two[same])


def test_every_problem_can_be_told_by_its_name() -> None:
    names = [p.name for p in problems()]
    assert len(names) == len(set(names))


def rows(**changes: list[object]) -> pd.DataFrame:
    """Two problems by two contestants: a is right on both in 1 and 4 s, b on the first only, in 2 s."""
    base = {
        "family": ["f"] * 4,
        "problem": ["p", "q", "p", "q"],
        "variant": ["plain", "hard", "plain", "hard"],
        "size": [2] * 4,
        "levels": [1] * 4,
        "contestant": ["a", "a", "b", "b"],
        "tolerance": [1e-6] * 4,
        "point_status": ["optimal"] * 4,
        "verdict": ["right", "right", "right", "said-solved-and-was-not"],
        "objective_error": [0.0, 1e-9, 1e-8, 1e-2],
        "decision_error": [0.0] * 4,
        "violation": [0.0] * 4,
        "follower_gain": [float("nan")] * 4,
        "bound_excess": [float("nan")] * 4,
        "seconds": [1.0, 4.0, 2.0, 1.0],
    }
    return pd.DataFrame({**base, **changes})


def test_a_performance_profile_by_hand() -> None:
    """On p, a is fastest and b takes twice as long; on q only a is right, for b's answer does not count."""
    assert profile(rows()) == {"a": ([1.0, 1.0], [0.5, 1.0]), "b": ([2.0], [0.5])}


def test_the_words_come_from_the_data() -> None:
    words = reading(rows())
    assert "2 problems, 2 contestants, 4 runs: in 3 the word given was right, in 1 it would have misled." in words
    assert "Never misleading here: a." in words
    assert "b misled in 1 of 2 runs, most of all on hard (1)." in words


def test_the_page_needs_no_network() -> None:
    text = page(rows())
    assert "Plotly.newPlot" in text
    assert '<script src="http' not in text
    assert "<link" not in text.split("<script", 1)[0]
    assert "b misled in 1 of 2 runs" in text


@pytest.mark.slow
def test_the_quick_benchmark_on_the_command_line(tmp_path: Path) -> None:
    """All families and every solver and method that is here; nobody who is right is called wrong."""
    result = CliRunner().invoke(app, ["accuracy", "--quick", "--jobs", "2", "--out", str(tmp_path), "--json"])
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    runs = pd.DataFrame(found["runs"])
    assert {"highs", "ipopt", "scip", "engine:auto"} <= set(runs["contestant"])
    assert runs["family"].nunique() == len(FAMILIES)
    assert sum(runs["verdict"] == "right") > 15  # time limits may stop others on a busy machine
    of_sites = runs[(runs["problem"] == "line-plain-4x6-0") & (runs["contestant"] == "highs")].iloc[0]
    assert of_sites["verdict"] == "right"
    assert of_sites["objective_error"] < 1e-12
    for name in ("runs.csv", "runs.parquet", "accuracy.html"):
        assert (tmp_path / name).stat().st_size > 0
    assert not (tmp_path / "runs.journal").exists()
    saved = pd.read_csv(tmp_path / "runs.csv")
    assert len(saved) == len(runs)
    assert {"cores", "python", "highspy"} <= set(saved.columns)


def test_wrong_words_on_the_command_line_are_refused_all_at_once() -> None:
    result = CliRunner().invoke(app, ["accuracy", "--family", "coordinaton", "--solver", "hihgs", "--jobs", "0"])
    assert result.exit_code == 2
    for word in ("did you mean 'coordination'?", "did you mean 'highs'?", "--jobs"):
        assert word in result.stderr


def test_a_problem_is_for_one_level_of_contestants() -> None:
    assert {type(p) for p in problems(quick=True)} == {AccuracyProblem}
    frame = run(FEW[:1], contestants(["engine:auto"]), tolerances=[1e-6])
    assert frame.empty


def test_a_solver_without_an_adapter_is_judged_through_pyomo(monkeypatch: pytest.MonkeyPatch) -> None:
    """A double stands for a commercial solver: found by the name that Pyomo has for it, and told in its own words."""
    pyo.SolverFactory.register("gurobi_double", doc="HiGHS behind the name")(GurobiDouble)
    monkeypatch.setitem(FACTORIES, "gurobi", ("gurobi_double",))
    GurobiDouble.told.clear()
    assert "gurobi" not in absent()
    frame = run(FEW, contestants(["gurobi"]), tolerances=[1e-4, 1e-9], time_limit=3.0)
    of_sites = frame[frame["problem"] == "line-plain-4x6-0"]
    assert list(of_sites["verdict"]) == ["right", "right"]
    assert set(of_sites["version"]) == {"11.0.3"}
    (loose, tight) = [t for t in GurobiDouble.told if t["variables"] == 28][:2]
    assert (loose["TimeLimit"], loose["Threads"]) == (3.0, 1)
    assert (loose["MIPGap"], loose["FeasibilityTol"], loose["OptimalityTol"]) == (1e-4, 1e-4, 1e-4)
    assert (tight["MIPGap"], tight["FeasibilityTol"]) == (0.0, 1e-9)


class GurobiDouble:
    """Pyomo's interface to a solver, as far as it is used; remembers what it was told, and has HiGHS do the work."""

    told: ClassVar[list[dict[str, Any]]] = []

    def available(self, exception_flag: bool = True) -> bool:
        return True

    def version(self) -> tuple[int, ...]:
        return (11, 0, 3)

    def solve(self, model: Any, *, tee: bool, load_solutions: bool, options: dict[str, Any]) -> Any:
        assert not tee
        variables = sum(1 for _ in model.component_data_objects(pyo.Var))
        self.told.append({**options, "variables": variables})
        return pyo.SolverFactory("appsi_highs").solve(model, load_solutions=load_solutions)


def test_any_solver_of_pyomo_s_is_judged_by_its_name_there() -> None:
    """A double under a name that no list of ours has; without it the name is none."""
    words = ["accuracy", "--quick", "--family", "degenerate-lp", "--solver", "nobodys_double", "--json"]
    refused = CliRunner().invoke(app, words)
    assert refused.exit_code == 2
    assert "there is no 'nobodys_double' here" in refused.stderr
    pyo.SolverFactory.register("nobodys_double", doc="HiGHS behind the name")(GurobiDouble)
    try:
        found = CliRunner().invoke(app, words)
    finally:
        pyo.SolverFactory.unregister("nobodys_double")
    assert found.exit_code == 0, found.output
    rows = json.loads(found.stdout)["runs"]
    assert {row["contestant"] for row in rows} == {"nobodys_double"}
    assert {row["verdict"] for row in rows} == {"right"}


def test_what_a_contestant_refuses_it_refuses_at_every_tolerance() -> None:
    calls: list[float] = []

    class Refusing(liars.Honest):
        name = "refusing"

        def solve(self, model: object, options: Any = None, **rest: object) -> Any:
            calls.append(options.feasibility_tolerance)
            raise UnsupportedModel("not for me")

    frame = run(FEW[:1], [Solver(Refusing())], tolerances=[1e-4, 1e-6, 1e-9])
    assert list(frame["verdict"]) == ["not-for-it"] * 3
    assert list(frame["tolerance"]) == [1e-4, 1e-6, 1e-9]
    assert calls == [1e-4]


def test_a_tolerance_that_a_solver_does_not_take_is_no_refusal_of_the_problem() -> None:
    """HiGHS takes 1e-10 at least; asked for less first, it is asked again."""
    frame = run(FEW[:2], HIGHS, tolerances=[1e-12, 1e-6])
    assert list(frame["verdict"]) == ["not-at-that-tolerance", "right"] * 2
    assert "highs takes no tolerance of 1e-12: 2 runs are missing." in reading(frame)
    assert "2 runs: in 2 the word given was right" in reading(frame)


def test_a_benchmark_that_judges_nobody_says_so() -> None:
    frame = run(FEW[:1], HIGHS, tolerances=[1e-12])
    assert reading(frame) == (
        "Nothing was judged: all of the 1 runs asked for were refused, as in the column 'message'."
    )
    assert "Nothing was judged" in page(frame)


def test_tolerances_are_chosen_on_the_command_line(tmp_path: Path) -> None:
    words = ["accuracy", "--quick", "--family", "no-solution", "--solver", "highs", "--json"]
    result = CliRunner().invoke(app, [*words, "--tolerance", "1e-7", "--tolerance", "1e-3", "--tolerance", "1e-7"])
    assert result.exit_code == 0, result.output
    assert [r["tolerance"] for r in json.loads(result.stdout)["runs"]] == [1e-3, 1e-7] * 3
    refused = CliRunner().invoke(app, [*words, "--tolerance", "0", "--tolerance", "nan", "--solver", ABSENT[0]])
    assert refused.exit_code == 2
    for word in ("--tolerance: is 0", "--tolerance: is nan", f"'{ABSENT[0]}' is not installed on this machine"):
        assert word in refused.stderr


def test_solvers_for_none_of_the_families_are_refused() -> None:
    result = CliRunner().invoke(app, ["accuracy", "--quick", "--family", "no-solution", "--solver", "engine:auto"])
    assert result.exit_code == 2
    assert "none that is named is for a family that is named" in result.stderr


MEASURED = {"date": ["2026-01-31"] * 4, "cores": [2] * 4, "highspy": ["1.2.3"] * 4}
UNMEASURED = {name: [float("nan")] * 4 for name in COLUMNS if name not in rows()}
TOLD = {"solver": ["a", "a", "b", "b"], "version": ["1.10", "1.10", "2", "2"], "message": [""] * 4}
TOLD |= {"stop_reason": ["converged"] * 4}


def test_a_page_of_the_documentation_is_made_from_a_run(tmp_path: Path) -> None:
    rows(**{**UNMEASURED, **TOLD}, **MEASURED).to_csv(tmp_path / "runs.csv", index=False)
    page_path = tmp_path / "page.md"
    page_path.write_text(f"# Title\n\nby hand\n\n{BEGIN}\nold\n{END}\n\nbelow\n")
    write_document(tmp_path, page_path)
    text = page_path.read_text()
    assert text.startswith("# Title\n\nby hand\n")
    assert text.endswith("below\n")
    assert "old" not in text
    assert "On 2026-01-31, 2 problems of 1 families, 4 runs" in text
    assert "cores 2, highspy 1.2.3." in text
    assert "Solvers: a 1.10, b 2." in text
    assert "| b | 2 | 1 | 1 | 0 | 0 | 0 |" in text  # runs, right, misled, modest, stopped, failed
    assert "| b | 1/2 (1) |" in text
    assert "- b misled in 1 of 2 runs, most of all on hard (1)." in text
    once = text
    write_document(tmp_path, page_path)
    assert page_path.read_text() == once


@pytest.mark.parametrize("text", ["no marks", f"{END} {BEGIN}", f"{BEGIN} {BEGIN} {END}", f"{BEGIN} {END} {END}"])
def test_a_page_without_its_marks_stays_as_it_is(tmp_path: Path, text: str) -> None:
    rows(**{**UNMEASURED, **TOLD}, **MEASURED).to_csv(tmp_path / "runs.csv", index=False)
    page_path = tmp_path / "page.md"
    page_path.write_text(text)
    with pytest.raises(InvalidInput, match="once each"):
        write_document(tmp_path, page_path)
    assert page_path.read_text() == text


def test_runs_of_no_benchmark_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page_path = tmp_path / "page.md"
    page_path.write_text(f"{BEGIN}{END}")
    assert main([str(tmp_path), str(page_path)]) == 2
    assert "no such file" in capsys.readouterr().err
    (tmp_path / "runs.csv").write_text("family,problem\n")
    assert main([str(tmp_path), str(page_path)]) == 2
    assert "lacks variant" in capsys.readouterr().err
    assert main([]) == 2
