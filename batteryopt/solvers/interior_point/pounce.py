"""POUNCE, where it is installed: an interior-point code of its own that takes what Ipopt takes. A second opinion."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
from types import ModuleType
from typing import Any

from batteryopt.solvers.compile.nonlinear import NonlinearProgram
from batteryopt.solvers.contract.adapter import Options
from batteryopt.solvers.contract.attempts import Attempt, Start
from batteryopt.solvers.contract.watched import Watched
from batteryopt.solvers.interior_point.ipopt import native_options, run_problem
from batteryopt.solvers.interior_point.ipopt_like import InteriorPointAdapter


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
        self,
        program: NonlinearProgram,
        callbacks: Watched,
        start: Start,
        options: Options,
        settings: dict[str, Any],
    ) -> Attempt:
        """Run POUNCE once."""
        problem_class = pounce_problem()
        try:
            return run_problem(problem_class, program, callbacks, start, native_options(options, start, settings))
        except RuntimeError as error:  # it looks at options only when it runs
            if str(error).startswith("option"):
                raise ValueError(f"pounce does not take an option: {error}") from error
            raise


def pounce_problem() -> Any:
    """Return POUNCE's class with cyipopt's interface."""
    return _quietly_imported().Problem


def _quietly_imported() -> ModuleType:
    """Import POUNCE with its log off, unless the user's RUST_LOG asks for it: it is read once, at the import."""
    asked = os.environ.get("RUST_LOG")
    os.environ.setdefault("RUST_LOG", "off")
    try:
        import pounce
    finally:
        if asked is None:
            del os.environ["RUST_LOG"]
    return pounce  # type: ignore[no-any-return]
