"""How right are the solvers? Problems with exact answers, and every solver and method judged by our own arithmetic.

    frame = accuracy.run(accuracy.problems(quick=True), accuracy.contestants())
    print(accuracy.reading(frame))

A solver's word is recorded here and never believed: its point is put into the problem in fifty digits.
"""

from batteryopt.accuracy.accuracy_run import run
from batteryopt.accuracy.contest import Contestant, Track, Word
from batteryopt.accuracy.contestants import EngineMethod, Solver, contestants
from batteryopt.accuracy.families import FAMILIES, problems
from batteryopt.accuracy.problem import AccuracyProblem, Evaluation, Truth
from batteryopt.accuracy.raw import RawSolver
from batteryopt.accuracy.reading import reading

__all__ = [
    "FAMILIES",
    "AccuracyProblem",
    "Contestant",
    "EngineMethod",
    "Evaluation",
    "RawSolver",
    "Solver",
    "Track",
    "Truth",
    "Word",
    "contestants",
    "problems",
    "reading",
    "run",
]
