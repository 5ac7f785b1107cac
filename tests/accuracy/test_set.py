"""Problems as files, solutions judged from files, two benchmarks compared, and what users bring."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import highspy
import pandas as pd
import pytest

from batteryopt.accuracy import problems
from batteryopt.accuracy.brought import options_of
from batteryopt.accuracy.digits import exact
from batteryopt.accuracy.exported import ExportedSet, export
from batteryopt.accuracy.problem_class import class_of
from batteryopt.accuracy.rational_words import word_of
from batteryopt.accuracy.solution_file import Naming, SolutionFile
from batteryopt.ground.errors import InvalidInput
from tests.command_line import invoke

LINE = "line-plain-4x6-0"
PARABOLA = '''
import pyomo.environ as pyo
from batteryopt.accuracy import AccuracyProblem, Evaluation, Truth

def build():
    """The least of (x - 1)^2 on [0, 3] is 0 at 1."""
    model = pyo.ConcreteModel()
    model.x = pyo.Var(bounds=(0, 3))
    model.cost = pyo.Objective(expr=(model.x - 1) ** 2)
    return model

def truth():
    def evaluate(point):
        x = point["x"]
        return Evaluation(objective=(x - 1) ** 2, violation=max(0, -x, x - 3))
    return Truth(variables=("x",), objective=0, decisions={"x": 1}, evaluate=evaluate)

def problems(seed, quick):
    yield AccuracyProblem(family="mine", name="parabola", size=1, build=build, find_truth=truth)

def right(model, tolerance, time_limit):
    model.x.value = 1.0
    return "optimal"

def liar(model, tolerance, time_limit):
    model.x.value = 2.0
    return "optimal"

def honest(model, tolerance, time_limit):
    return "failed"
'''


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    place = tmp_path_factory.mktemp("set") / "set"
    cases = problems(["facility-location", "ill-conditioned", "no-solution"], quick=True)
    export(cases, place, seed=0)
    return place


def judged(folder: Path, path: Path) -> tuple[int, str]:
    found = invoke("accuracy", "judge", folder, path, "--json")
    rows = json.loads(found.stdout)["runs"]
    return found.exit_code, rows[0]["verdict"]


def test_every_quick_problem_is_one_of_the_full_benchmark_by_which_it_is_judged():
    full = {case.name for case in problems()}
    assert {case.name for case in problems(quick=True) if case.levels == 1} <= full


def test_the_mps_file_has_the_very_numbers(folder):
    """Read by HiGHS from the file and from Pyomo's model, whose costs have six decimals: the same optimum, 3,328."""
    highs = highspy.Highs()
    highs.setOptionValue("output_flag", False)
    highs.readModel(str(folder / f"{LINE}.mps"))
    highs.setOptionValue("mip_rel_gap", 0.0)
    highs.run()
    assert highs.getInfo().objective_function_value == pytest.approx(3328.0, abs=1e-9)
    assert json.loads((folder / f"{LINE}.json").read_text())["objective"] == "3328.0"


def test_a_file_of_names_and_values_is_judged(folder, tmp_path):
    """Ill-conditioned "plain-4-0": its exact decisions, and then one of them moved by a hundredth."""
    exact = json.loads((folder / "plain-4-0.json").read_text())
    assert exact["class"] == "QP"
    path = tmp_path / "plain-4-0.sol"
    path.write_text("".join(f"{name} {value}\n" for name, value in exact["decisions"].items()))
    assert judged(folder, path) == (0, "right")
    path.write_text(path.read_text() + "=bound= 0.43\n")  # above the optimum, 0.42813...
    assert judged(folder, path) == (5, "claimed-a-false-bound")
    moved = dict(exact["decisions"]) | {"x[1]": str(float(exact["decisions"]["x[1]"]) + 0.01)}
    path.write_text("".join(f"{name} {value}\n" for name, value in moved.items()))
    assert judged(folder, path) == (5, "said-solved-and-was-not")
    path.write_text("=stat= infeasible\n")
    assert judged(folder, path) == (5, "said-no-solution-and-there-is")
    path.write_text("=stat= failed\n")
    assert judged(folder, path) == (0, "failed-and-said-so")


@pytest.mark.parametrize(("number", "verdict"), [(0, "right"), (200, "said-no-solution-and-there-is")])
def test_ampl_s_form_is_read_beside_the_names(folder, tmp_path, number, verdict):
    """As AMPL's programs write it: a message, three options, sizes, no duals, values in the order of the .col file."""
    exact = json.loads((folder / "plain-4-0.json").read_text())["decisions"]
    names = (folder / "plain-4-0.col").read_text().split()
    rows = len((folder / "plain-4-0.row").read_text().split()) - 1  # the last one is the objective
    values = [exact[name] for name in names]
    head = ["a solver: done", "", "Options", "3", "1", "1", "0", str(rows), "0", str(len(names)), str(len(names))]
    path = tmp_path / "plain-4-0.sol"
    path.write_text("\n".join([*head, *values, f"objno 0 {number}"]) + "\n")
    assert judged(folder, path)[1] == verdict


@pytest.mark.skipif(shutil.which("cbc") is None or shutil.which("awk") is None, reason="needs cbc and awk")
def test_a_solver_of_another_language_is_scored_without_python(folder, tmp_path):
    """CBC's program reads the MPS file; one line of awk makes lines of names and values."""
    solving = f"cbc {folder / f'{LINE}.mps'} -solve -solution out.txt > log.txt"
    naming = f"awk 'NR>1 {{print $2, $3}}' out.txt > {LINE}.sol"
    subprocess.run(f"{solving} && {naming}", shell=True, check=True, cwd=tmp_path, timeout=60)
    assert judged(folder, tmp_path / f"{LINE}.sol") == (0, "right")


def test_what_cannot_be_judged_is_told_all_at_once(folder, tmp_path):
    (tmp_path / f"{LINE}.sol").write_text("foo 1\n=stat= bar\nis_open[0] z\n")
    (tmp_path / "nothing.sol").write_text("")
    (tmp_path / "plain-4-0.sol").write_text("Options\n3\n1\n")
    found = invoke("accuracy", "judge", folder, *(tmp_path / f"{n}.sol" for n in (LINE, "nothing", "plain-4-0")))
    assert found.exit_code == 2
    for words in (
        "'foo' (line 1)",
        "claims 'bar'",
        "'z' for a number",
        "'nothing' is no problem",
        "not as AMPL writes",
    ):
        assert words in found.stderr


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes by name here")
def test_a_pipe_is_no_solution_and_no_benchmark(folder, tmp_path):
    os.mkfifo(tmp_path / "plain-4-0.sol")
    for words in (("judge", folder, tmp_path / "plain-4-0.sol"), ("compare", tmp_path / "plain-4-0.sol", folder)):
        found = invoke("accuracy", *words)
        assert found.exit_code == 2
        assert "is a pipe or a device" in found.stderr


def test_a_set_that_was_changed_is_refused(folder, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    (copy / f"{LINE}.mps").write_text("ROWS\n")
    (copy / "plain-4-0.nl").unlink()
    with pytest.raises(InvalidInput, match="is not as it was written") as refused:
        ExportedSet.at(copy)
    assert "plain-4-0.nl: is missing" in str(refused.value)
    with pytest.raises(InvalidInput, match="holds no set of problems"):
        ExportedSet.at(tmp_path)


def test_a_variable_without_a_line_is_zero(tmp_path):
    path = tmp_path / "x.sol"
    path.write_text("y(0) 2\n")
    found = SolutionFile.read(path, Naming(columns=["x", "y[0]"], column_aliases={"y(0)": "y[0]"}))
    assert found.values == {"x": 0.0, "y[0]": 2.0}


def runs(place: Path, *verdicts: str) -> Path:
    table = {"problem": ["a", "b", "c"], "contestant": "s", "tolerance": 1e-6, "verdict": [*verdicts]}
    place.mkdir()
    pd.DataFrame(table).to_csv(place / "runs.csv", index=False)
    return place


def test_two_benchmarks_are_compared(tmp_path):
    one = runs(tmp_path / "one", "right", "said-solved-and-was-not", "right")
    two = runs(tmp_path / "two", "right", "right", "stopped-by-a-limit")
    found = invoke("accuracy", "compare", one, two)
    assert found.exit_code == 5
    assert "worse   c, s, 1e-06: right -> stopped-by-a-limit" in found.stdout
    assert "changed b, s, 1e-06: said-solved-and-was-not -> right" in found.stdout
    assert "3 runs in both; 2 verdicts differ, 1 for the worse" in found.stdout
    assert invoke("accuracy", "compare", one, one).exit_code == 0
    assert invoke("accuracy", "compare", one, tmp_path / "none").exit_code == 2


def test_runs_that_are_gone_are_counted_and_no_runs_are_no_benchmark(tmp_path):
    """Of three runs one is gone in the other, which has one of its own: nothing got worse, and that is said too."""
    one = runs(tmp_path / "one", "right", "right", "right")
    table = pd.read_csv(one / "runs.csv")
    table["problem"] = ["a", "b", "new"]
    table.to_csv(tmp_path / "two.csv", index=False)
    found = invoke("accuracy", "compare", one, tmp_path / "two.csv")
    assert found.exit_code == 0
    assert "2 runs in both; 0 verdicts differ" in found.stdout
    assert "not compared: 1 runs of" in found.stdout.replace("\n", " ")
    found = invoke("accuracy", "compare", one, tmp_path / "two.csv", "--json")
    assert [json.loads(found.stdout)[name] for name in ("runs", "only_before", "only_after")] == [2, 1, 1]
    table[:0].to_csv(tmp_path / "none.csv", index=False)
    empty = invoke("accuracy", "compare", one, tmp_path / "none.csv")
    assert empty.exit_code == 2
    assert "has no runs" in empty.stderr


def test_own_problems_and_own_solvers_are_judged(tmp_path, monkeypatch):
    (tmp_path / "parabola_mine.py").write_text(PARABOLA)
    monkeypatch.chdir(tmp_path)
    own = [word for name in ("right", "liar", "honest") for word in ("--contestant", f"parabola_mine:{name}")]
    found = invoke("accuracy", "--problem", "parabola_mine.py", *own, "--tolerance", 1e-6, "--json")
    assert found.exit_code == 0, found.output
    verdicts = {row["contestant"]: row["verdict"] for row in json.loads(found.stdout)["runs"]}
    assert verdicts == {
        "parabola_mine:right": "right",
        "parabola_mine:liar": "said-solved-and-was-not",
        "parabola_mine:honest": "failed-and-said-so",
    }


def test_a_native_option_makes_a_contestant_of_its_own():
    words = ("accuracy", "--quick", "--family", "ill-conditioned", "--option", "highs:presolve=off", "--json")
    rows = json.loads(invoke(*words).stdout)["runs"]
    assert {row["contestant"] for row in rows} == {"highs", "highs(presolve=off)"}


def test_an_option_is_read_as_what_it_looks_like():
    found = options_of(["highs:a=1", "highs:b=0.5", "highs:c=true", "highs:d=ipm"], ["highs"])
    assert found == {"highs": {"a": 1, "b": 0.5, "c": True, "d": "ipm"}}


def test_what_is_brought_wrongly_is_told_at_once(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = ("--contestant", "nowhere:x", "--option", "highs", "--class", "LPP", "--problem", "none.py")
    found = invoke("accuracy", *words)
    assert found.exit_code == 2
    for said in ("--class: there is no 'LPP'", "--option: is 'highs'", "--problem: 'none.py' is no Python file"):
        assert said in found.stderr
    assert "'nowhere' cannot be imported" in invoke("accuracy", "--contestant", "nowhere:x").stderr


def test_problems_of_a_class_alone_are_run():
    found = invoke("accuracy", "--quick", "--class", "milp", "--solver", "highs", "--json")
    assert {row["family"] for row in json.loads(found.stdout)["runs"]} == {
        "facility-location",
        "whole-numbers",
        "recycling-network",
        "lot-sizing",
    }


def test_classes_are_those_of_the_models():
    found = {case.name: class_of(case.build(), case.levels).value for case in problems(quick=True)}
    assert found[LINE] == "MILP"
    assert found["plain-4-0"] == "QP"
    assert found["linear-infeasible"] == "LP"
    assert {found[case.name] for case in problems(["stackelberg"], quick=True)} == {"bilevel"}


AWK = re.search(r"```awk\n(.*?)```", (Path(__file__).parents[2] / "docs/accuracy.md").read_text(), re.DOTALL)


@pytest.mark.skipif(shutil.which("awk") is None, reason="needs awk")
def test_the_solver_in_awk_of_the_documentation_is_right(tmp_path):
    assert AWK is not None
    assert len(AWK.group(1).splitlines()) <= 22
    (tmp_path / "knapsack.awk").write_text(AWK.group(1))
    export(problems(["whole-numbers"], quick=True), tmp_path / "set", seed=0)
    for name in ("knapsack-zero-one-8-0", "knapsack-strongly-correlated-8-0"):
        solving = f"awk -f knapsack.awk set/{name}.mps > {name}.sol"
        subprocess.run(solving, shell=True, check=True, cwd=tmp_path, timeout=60)
        assert judged(tmp_path / "set", tmp_path / f"{name}.sol") == (0, "right")


def terms_of_mps(path: Path) -> tuple[dict[str, dict[str, Fraction]], dict[str, Fraction]]:
    """Return columns (row to coefficient) and right sides of an MPS file, in rationals."""
    columns: dict[str, dict[str, Fraction]] = {}
    sides: dict[str, Fraction] = {}
    part = ""
    for line in path.read_text().splitlines():
        words = line.split()
        if not line.startswith(" "):
            part = words[0]
        elif part == "COLUMNS":
            columns.setdefault(words[0], {})[words[1]] = Fraction(words[2])
        elif part == "RHS":
            sides[words[1]] = Fraction(words[2])
    return columns, sides


def test_an_optimum_is_proven_from_the_files_alone(tmp_path):
    """Transport: what the duals leave of every cost is the reduced cost, and the duals' value is the flows' cost."""
    export(problems(["network-flow"], quick=True), tmp_path / "set", seed=0)
    name = "transport-4x5-0"
    found = json.loads((tmp_path / f"set/{name}.json").read_text())
    rational, naming = found["rational"], found["names_in_mps"]
    columns, sides = terms_of_mps(tmp_path / f"set/{name}.mps")
    duals = {mps: Fraction(rational["multipliers"].get(row, 0)) for mps, row in found["rows_in_mps"].items()}
    assert rational["is_exact"]
    assert len(duals) == 9
    for column, own in naming.items():
        terms = columns[column]
        left = terms.pop("cost", Fraction(0)) - sum(duals[row] * a for row, a in terms.items())
        assert left == Fraction(rational["reduced_costs"].get(own, 0)) >= 0
    assert sum(duals[row] * side for row, side in sides.items()) == Fraction(rational["objective"])


def test_fractions_are_found_again_from_fifty_digits():
    assert word_of(exact(22) / 7) == "22/7"
    assert word_of(exact("-0.125")) == "-1/8"
    assert word_of(Fraction(3, 9)) == "1/3"
    assert word_of(exact(10) ** 30) == str(10**30)


def test_a_set_of_other_problems_is_refused(folder, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    about = json.loads((copy / "set.json").read_text())
    del about["set_version"]
    (copy / "set.json").write_text(json.dumps(about))
    with pytest.raises(InvalidInput, match="set 1\\), and this is"):
        ExportedSet.at(copy)


PROGRAM = """#!{python}
import sys
stub, told = sys.argv[1], sys.argv[2:]
assert told == ["-AMPL", "tol=1e-06", "max=2", "quiet=1"], told
head = open(stub + ".nl").read()
if {is_mute}:
    sys.exit("no licence")
with open(stub + ".sol", "w") as out:
    out.write("toy solver: done\\n\\nOptions\\n3\\n1\\n1\\n0\\n0\\n0\\n1\\n1\\n{value}\\nobjno 0 {number}\\n")
"""


@pytest.mark.skipif(os.name == "nt", reason="a script is no program there")
@pytest.mark.parametrize(
    ("value", "number", "is_mute", "verdict"),
    [
        (1.0, 0, False, "right"),
        (2.0, 0, False, "said-solved-and-was-not"),
        (1.0, 200, False, "said-no-solution-and-there-is"),
        (1.0, 400, False, "stopped-with-the-optimum-in-hand"),
        (1.0, 0, True, "failed-and-said-so"),
    ],
)
def test_a_solver_s_own_program_is_judged(tmp_path, monkeypatch, value, number, is_mute, verdict):
    program = tmp_path / "toy"
    program.write_text(PROGRAM.format(python=sys.executable, value=value, number=number, is_mute=is_mute))
    program.chmod(0o755)
    (tmp_path / "parabola_for_toy.py").write_text(PARABOLA)
    monkeypatch.chdir(tmp_path)
    told = f"ampl:{program} tol={{tolerance}} max={{seconds}} quiet=1"
    found = invoke("accuracy", "--quick", "--problem", "parabola_for_toy.py", "--contestant", told, "--json")
    assert found.exit_code == 0, found.output
    (row,) = json.loads(found.stdout)["runs"]
    assert (row["verdict"], row["contestant"], row["track"]) == (verdict, "ampl:toy(quiet=1)", "raw")
    assert row["raw_status"] == ("" if is_mute else "toy solver: done")
    assert ("no licence" in row["message"]) == is_mute


@pytest.mark.skipif(shutil.which("pounce") is None, reason="needs pounce on the PATH")
def test_pounce_s_own_program_is_judged():
    words = ("accuracy", "--quick", "--family", "ill-conditioned", "--tolerance", 1e-6, "--json")
    found = invoke(*words, "--contestant", "ampl:pounce tol={tolerance}", "--solver", "raw:pounce")
    rows = json.loads(found.stdout)["runs"]
    assert {row["contestant"] for row in rows} == {"raw:pounce", "ampl:pounce"}
    assert {row["verdict"] for row in rows} == {"right"}


def test_a_program_that_is_not_there_is_a_fault():
    assert "there is no program 'nowhere'" in invoke("accuracy", "--contestant", "ampl:nowhere tol=1").stderr
