"""Duals and reduced costs in solution files: read in both forms, and judged as a solver's own are."""

from __future__ import annotations

import json
import shutil
import subprocess
from fractions import Fraction
from pathlib import Path

import pytest

from batteryopt.accuracy import problems
from batteryopt.accuracy.ampl_program import AmplProgram
from batteryopt.accuracy.ampl_solution import AmplSolution
from batteryopt.accuracy.exported import export
from batteryopt.accuracy.families.degenerate_lp import problems as degenerate
from batteryopt.accuracy.solution_file import Naming, SolutionFile
from batteryopt.ground.errors import InvalidInput
from tests.command_line import invoke

TRANSPORT = "transport-4x5-0"
CUBE = next(case.name for case in degenerate(0, quick=True) if "klee" in case.name)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    place = tmp_path_factory.mktemp("set") / "set"
    export(
        [c for c in problems(["degenerate-lp", "network-flow"], quick=True) if c.name in (TRANSPORT, CUBE)],
        place,
        seed=0,
    )
    return place


def judged(folder: Path, path: Path) -> tuple[int, str, str]:
    found = invoke("accuracy", "judge", folder, path, "--json")
    (row,) = json.loads(found.stdout)["runs"]
    return found.exit_code, row["verdict"], row["dual_verdict"]


def exact_lines(folder: Path, name: str, *, mps: bool) -> list[str]:
    """Return the exact answer as a file of names and values: decisions, multipliers and reduced costs."""
    about = json.loads((folder / f"{name}.json").read_text())
    answer = about["rational"]
    columns, rows = {}, {}
    if mps:  # an equation, and a row of one side, stand once in the MPS file
        columns = {own: called for called, own in about["names_in_mps"].items()}
        rows = {own: called for called, own in about["rows_in_mps"].items()}
    number = lambda word: float(Fraction(word))  # noqa: E731 (short, and used in three lines)
    return [
        *(f"{columns.get(n, n)} {number(v)!r}" for n, v in about["decisions"].items()),
        *(f"=dual= {rows.get(n, n)} {number(v)!r}" for n, v in answer["multipliers"].items()),
        *(f"=rc= {columns.get(n, n)} {number(v)!r}" for n, v in answer["reduced_costs"].items()),
    ]


@pytest.mark.parametrize("name", [TRANSPORT, CUBE])
@pytest.mark.parametrize("mps", [False, True])
def test_duals_by_name_are_judged(folder, tmp_path, name, mps):
    """The exact ones are right, in a minimisation and in a maximisation; one sign turned round, they are not."""
    path = tmp_path / f"{name}.sol"
    lines = exact_lines(folder, name, mps=mps)
    path.write_text("\n".join(lines) + "\n")
    assert judged(folder, path) == (0, "right", "right")
    turned = next(k for k, line in enumerate(lines) if line.startswith("=dual="))
    head, _, value = lines[turned].rpartition(" ")
    path.write_text("\n".join([*lines[:turned], f"{head} {-float(value)!r}", *lines[turned + 1 :]]) + "\n")
    assert judged(folder, path) == (0, "right", "wrong")
    printed = invoke("accuracy", "judge", folder, path).stdout
    assert f"{name}: duals wrong (dual residual" in printed


def test_no_duals_are_no_wrong_duals(folder, tmp_path):
    path = tmp_path / f"{TRANSPORT}.sol"
    path.write_text("\n".join(line for line in exact_lines(folder, TRANSPORT, mps=False) if line[0] != "=") + "\n")
    assert judged(folder, path) == (0, "right", "")


@pytest.mark.skipif(shutil.which("pounce") is None, reason="needs pounce's own program")
@pytest.mark.parametrize("name", [TRANSPORT, CUBE])
def test_duals_of_ampl_s_form_are_judged(folder, tmp_path, name):
    """An interior-point program of another maker writes duals and, as suffixes, the multipliers of bounds."""
    copied = shutil.copy(folder / f"{name}.nl", tmp_path)
    told = [shutil.which("pounce"), str(Path(copied).with_suffix("")), "-AMPL", "tol=1e-9"]
    subprocess.run(told, capture_output=True, check=True, timeout=60)
    assert judged(folder, tmp_path / f"{name}.sol") == (0, "right", "right")


@pytest.mark.skipif(shutil.which("pounce") is None, reason="needs pounce's own program")
def test_a_program_s_duals_are_in_its_word():
    """Of the transport problem every place's balance has a dual; reduced costs of 0 are left out by the program."""
    (case,) = (c for c in problems(["network-flow"], quick=True) if c.name == TRANSPORT)
    word = AmplProgram.at("pounce tol={tolerance}").solve(case.build(), 1e-9, 5.0)
    assert len(word.duals) == 9
    assert set(word.reduced_costs) < {f"flow[{i},{j}]" for i in range(4) for j in range(4, 9)}


LINES = """solver: done

Options
3
1
1
0
2
2
2
2
-1.5
0
4
5.5
objno 0 0
suffix 4 1 13 0 0
ipopt_zL_out
1 0.25
suffix 4 2 13 0 0
ipopt_zU_out
0 -3
1 -1
suffix 5 1 3 0 0
rc
0 7
suffix 0 1 8 0 0
sstatus
0 1
""".splitlines()
"""Two duals, two values, multipliers of both bounds; and two suffixes that are not read: a row's, and a status."""


def test_ampl_s_form_in_full():
    found = AmplSolution.of_lines(LINES, LINES.index("Options"))
    assert (found.claim, found.message) == ("optimal", "solver: done")
    assert (found.duals, found.values) == ([-1.5, 0.0], [4.0, 5.5])
    assert found.reduced_costs == {0: -3.0, 1: -0.75}


def test_who_has_which_dual_is_said_by_the_row_file(tmp_path):
    path = tmp_path / "x.sol"
    path.write_text("\n".join(LINES))
    found = SolutionFile.read(path, Naming(columns=["x", "y"], rows=["first", "second"]))
    assert found.duals == {"first": -1.5, "second": 0.0}
    assert found.reduced_costs == {"x": -3.0, "y": -0.75}
    with pytest.raises(InvalidInput, match="2 duals for 1 constraints"):
        SolutionFile.read(path, Naming(columns=["x", "y"], rows=["first"]))


def test_two_rows_of_one_constraint_add_up(tmp_path):
    """A range stands twice in an MPS file: of its two sides one has a dual."""
    path = tmp_path / "x.sol"
    path.write_text("x 1\n=dual= r_l_row_ 0.5\n=dual= r_u_row_ 0\n=dual= strange 1\n=rc= x\n")
    naming = Naming(columns=["x"], rows=["row"], row_aliases={"r_l_row_": "row", "r_u_row_": "row"})
    with pytest.raises(InvalidInput) as refused:
        SolutionFile.read(path, naming)
    assert "'strange' (line 4): no constraint" in str(refused.value)
    assert "has 'x' for a number; expected: =rc= NAME VALUE" in str(refused.value)
    path.write_text("x 1\n=dual= r_l_row_ 0.5\n=dual= r_u_row_ 0\n")
    assert SolutionFile.read(path, naming).duals == {"row": 0.5}
