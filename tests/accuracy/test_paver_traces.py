"""A benchmark as PAVER reads it: fields in their order, claims as GAMS numbers them, the truth beside."""

from __future__ import annotations

import pandas as pd
import pytest

from batteryopt import accuracy
from batteryopt.accuracy.contestants import contestants
from batteryopt.accuracy.paver_traces import FIELDS, model_status, traces_of, truth_of, write_traces
from batteryopt.ground.errors import InvalidInput
from tests.command_line import invoke


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    cases = accuracy.problems(["degenerate-lp", "no-solution"], quick=True)
    return accuracy.run(cases, contestants(["raw:highs", "ipopt"]), tolerances=[1e-6])


def records(text: str) -> list[dict[str, str]]:
    """Read a trace file by its own definition, as PAVER does."""
    lines = text.splitlines()
    assert lines[:2] == ["* Trace Record Definition", "* GamsSolve"]
    assert lines[3] == "*"
    fields = lines[2].removeprefix("* ").split(",")
    return [dict(zip(fields, line.split(","), strict=True)) for line in lines[4:]]


def test_a_file_a_contestant_with_gams_s_numbers(frame):
    """Klee and Minty's cube of three dimensions is maximised: 5^3; what is infeasible has no objective."""
    files = traces_of(frame)
    assert set(files) == {"raw-highs@1e-06.trc", "ipopt@1e-06.trc"}
    by_name = {row["InputFileName"]: row for row in records(files["raw-highs@1e-06.trc"])}
    cube = by_name["klee-minty-3"]
    assert (cube["ModelType"], cube["Direction"], cube["SolverName"]) == ("LP", "1", "raw:highs@1e-06")
    assert (cube["ModelStatus"], cube["SolverStatus"]) == ("1", "1")
    assert float(cube["ObjectiveValue"]) == 125.0
    assert float(cube["SolverTime"]) > 0
    none = by_name[next(p for p, k in zip(frame.problem, frame.what_there_is, strict=True) if k == "infeasible")]
    assert (none["ModelStatus"], none["ObjectiveValue"]) == ("19", "NA")
    assert list(cube) == list(FIELDS)


@pytest.mark.parametrize(
    ("stop_reason", "point_status", "number"),
    [
        ("converged", "optimal", 1),
        ("converged", "locally-optimal", 2),
        ("time-limit", "feasible", 7),
        ("numerical-trouble", "infeasible", 6),
        ("time-limit", "none", 14),
        ("infeasible", "none", 19),
        ("unbounded", "none", 18),
        ("infeasible-or-unbounded", "none", 14),
    ],
)
def test_claims_as_gams_numbers_them(stop_reason, point_status, number):
    assert model_status(stop_reason, point_status) == number


def test_the_truth_is_beside(frame):
    lines = truth_of(frame).splitlines()
    assert "=opt= klee-minty-3 125.0" in lines
    assert {line.split()[0] for line in lines} == {"=opt=", "=inf=", "=unbnd="}
    assert len(lines) == frame["problem"].nunique()


def test_on_the_command_line(frame, tmp_path):
    runs = tmp_path / "runs.csv"
    frame.to_csv(runs, index=False)
    found = invoke("accuracy", "traces", runs, "--out", tmp_path / "traces")
    assert found.exit_code == 0
    assert "wrote 2 trace files and truth.solu" in found.stderr
    assert (tmp_path / "traces" / "truth.solu").read_text() == truth_of(frame)
    assert (tmp_path / "traces" / "raw-highs@1e-06.trc").read_text() == traces_of(frame)["raw-highs@1e-06.trc"]
    with pytest.raises(InvalidInput, match="of an earlier version"):
        write_traces(frame.drop(columns="sense"), tmp_path / "other")
