"""Published problems whose followers decide on integers, each with a model and an enumeration that is no part of it."""

from __future__ import annotations

from .integer_problems import INTEGER_PROBLEMS, IntegerProblem

__all__ = ["INTEGER_PROBLEMS", "IntegerProblem"]
