"""Nothing of a solver's own on the terminal: tried in a process of its own, whose descriptors are read back."""

from __future__ import annotations

import subprocess
import sys

NOISE = """
import ctypes, os, sys
from batteryopt.ground.compiled_output import only_python_speaks
libc = ctypes.CDLL(None)
def noise():
    libc.puts(b"compiled stdout")
    libc.fflush(None)
    os.write(2, b"compiled stderr\\n")
"""
NESTED = (
    NOISE
    + """
noise()
before = sys.stdout, sys.stderr
with only_python_speaks():
    with only_python_speaks():
        noise()
        print("python out")
        print("python err", file=sys.stderr)
    noise()
assert (sys.stdout, sys.stderr) == before
print("after", flush=True)
noise()
"""
)
SOLVE = (
    NOISE
    + """
import itertools
import pyomo.environ as pyo
from batteryopt import solvers
m = pyo.ConcreteModel()
m.I = pyo.RangeSet(0, 7)
m.x = pyo.Var(m.I, domain=pyo.Binary)
m.sums = pyo.Constraint(m.I, rule=lambda m, i: sum((i + 2) * (j + 3) % 11 * m.x[j] for j in m.I) >= 7)
m.cost = pyo.Objective(expr=sum((1 + j % 3) * m.x[j] for j in m.I))
told = []
def listen(progress):
    told.append(progress)
    noise()
    print("python err", file=sys.stderr)
report = solvers.get("scip").solve(m, on_progress=listen)
assert told
print(report.stop_reason.value)
"""
)


def run(code: str) -> subprocess.CompletedProcess[str]:
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=120)
    assert found.returncode == 0, found.stderr
    return found


def test_compiled_code_is_silent_and_python_is_heard():
    found = run(NESTED)
    assert found.stdout.splitlines() == ["compiled stdout", "python out", "after", "compiled stdout"]
    assert found.stderr.splitlines() == ["compiled stderr", "python err", "compiled stderr"]


def test_what_is_printed_within_a_solve_of_scip_stays_off_the_terminal():
    found = run(SOLVE)
    assert found.stdout == "converged\n"
    assert set(found.stderr.splitlines()) == {"python err"}


def test_a_closed_stderr_is_no_obstacle():
    found = subprocess.run(
        [sys.executable, "-c", "import os\nos.close(2)\n" + NESTED.replace('print("python err", file=sys.stderr)', "")
         .replace('    os.write(2, b"compiled stderr\\n")', "    pass")],
        stdout=subprocess.PIPE, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert found.returncode == 0
    assert found.stdout.splitlines() == ["compiled stdout", "python out", "after", "compiled stdout"]
