"""POUNCE, where it is installed: an interior-point code of its own that takes what Ipopt takes. A second opinion."""

from __future__ import annotations

import importlib.metadata
import importlib.util

from batteryopt.solvers.adapter import Options
from batteryopt.solvers.interior_point import Answer, InteriorPointAdapter, Watched
from batteryopt.solvers.ipopt import native_options, run_problem
from batteryopt.solvers.multipliers import Multipliers
from batteryopt.solvers.nonlinear import Floats, NonlinearProgram


class PounceAdapter(InteriorPointAdapter):
    """POUNCE through its Python class, which has cyipopt's interface."""

    name = "pounce"

    def is_available(self) -> bool:
        """Whether the ``pounce-solver`` package is installed."""
        return importlib.util.find_spec("pounce") is not None

    def version(self) -> str:
        """Return the version of the ``pounce-solver`` package."""
        return importlib.metadata.version("pounce-solver")

    def run(
        self, program: NonlinearProgram, callbacks: Watched, x: Floats, start: Multipliers | None, options: Options
    ) -> Answer:
        """Run POUNCE from x (n), and from multipliers where there are any."""
        import pounce

        return run_problem(pounce.Problem, program, callbacks, x, start, native_options(options, start))
