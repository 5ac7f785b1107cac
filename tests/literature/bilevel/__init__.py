"""The library of bilevel problems: `LIBRARY` has them all, `problem_named` finds one.

Each file holds one publication or a family of close relatives as a tuple ``PROBLEMS``; a file is in the library by
being in this folder. What a `Problem` says about itself, and where each reference comes from, stands with it.
"""

from __future__ import annotations

import importlib
import pkgutil

from .problem import Problem

_HELPERS = {"problem", "second_route"}


def _collect() -> tuple[Problem, ...]:
    names = sorted(info.name for info in pkgutil.iter_modules(__path__) if info.name not in _HELPERS)
    modules = [importlib.import_module(f"{__name__}.{name}") for name in names]
    return tuple(problem for module in modules for problem in module.PROBLEMS)


LIBRARY = _collect()


def problem_named(name: str) -> Problem:
    """Return the problem of that name."""
    return {problem.name: problem for problem in LIBRARY}[name]


__all__ = ["LIBRARY", "Problem", "problem_named"]
