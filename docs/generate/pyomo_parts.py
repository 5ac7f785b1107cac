"""Parts of a Pyomo model, followers included."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from typing import Any

import pyomo.environ as pyo
from pyomo.dae import ContinuousSet, DerivativeVar

from batteryopt.bilevel import Follower
from docs.generate.parts import Kind, Part

KINDS = {
    pyo.Set: Kind.SET,
    pyo.RangeSet: Kind.SET,
    ContinuousSet: Kind.SET,
    pyo.Var: Kind.VARIABLE,
    DerivativeVar: Kind.VARIABLE,
    pyo.Expression: Kind.EXPRESSION,
    pyo.Constraint: Kind.CONSTRAINT,
    pyo.Objective: Kind.OBJECTIVE,
    Follower: Kind.FOLLOWER,
}
ENGINES_OWN = {"followers_need_bilevel_solve"}
"""Components that no formulation has: the bilevel engine's guard."""
LINE = 108
LONGEST = 6
"""Most lines of an example."""


def parts_of(m: pyo.ConcreteModel, model: str) -> Iterator[Part]:
    """Yield a model's parts: its own, then those that each kind of follower owns."""
    yield from _own(m, model, "")
    for follower in m.component_objects(Follower):
        if len(follower):
            sets = ",".join(_over(follower))
            name = f"{follower.local_name}[{sets}]" if sets else follower.local_name
            yield from _own(next(iter(follower.values())), model, f"{name}.")


def _own(block: Any, model: str, before: str) -> Iterator[Part]:
    for component in block.component_objects(descend_into=False):
        kind = KINDS.get(component.ctype)
        if kind is None or component.local_name in ENGINES_OWN or component.is_reference() or not len(component):
            continue
        yield Part(
            kind=kind,
            name=before + component.local_name,
            over=() if kind is Kind.SET else _over(component),
            doc=component.doc or "",
            count=len(component),
            limits=_limits(component) if kind is Kind.VARIABLE else "",
            example=_example(component) if kind in (Kind.EXPRESSION, Kind.CONSTRAINT, Kind.OBJECTIVE) else "",
            models=(model,),
        )


def _over(component: Any) -> tuple[str, ...]:
    if not component.is_indexed():
        return ()
    return tuple(subset.local_name for subset in component.index_set().subsets(expand_all_set_operators=True))


def _limits(variable: Any) -> str:
    members = list(variable.values())
    lower, upper = {v.lb for v in members}, {v.ub for v in members}
    ends = [_end(values, nothing) for values, nothing in ((lower, "−∞"), (upper, "∞"))]
    return " to ".join(dict.fromkeys(ends)) + (", fixed" if all(v.fixed for v in members) else "")


def _end(values: set[float | None], nothing: str) -> str:
    if len(values) > 1:
        return "bounds by member"
    value = next(iter(values))
    return nothing if value is None else f"{value:g}"


def _example(component: Any) -> str:
    """Return a member in the middle, so that nothing is special about it."""
    members = list(component.values())
    member = members[len(members) // 2]
    text = _readable(str(member.expr))
    if component.ctype is pyo.Objective:
        text = f"{'maximise' if member.sense == pyo.maximize else 'minimise'} {text}"
    lines = textwrap.wrap(text, LINE, break_long_words=False, subsequent_indent="    ")
    return "\n".join(lines if len(lines) <= LONGEST else [*lines[:LONGEST], "    … and so on"])


def _readable(text: str) -> str:
    text = re.sub(r"\d+\.\d+(e[+-]?\d+)?", lambda found: f"{float(found.group()):.4g}", text)
    text = re.sub(r"\s+", " ", text.replace("**", "^").replace("*", " "))
    return text.replace("<=", "≤").replace(">=", "≥").replace("==", "=").replace("+ -", "- ")
