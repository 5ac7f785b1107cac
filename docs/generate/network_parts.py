"""Parts of the network's formulation, whose equations stand over index arrays."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

import numpy as np

from batteryopt.network.formulation.algebra import Formulation, Rows, VariableFamily
from batteryopt.network.formulation.draft import COST_TERMS
from docs.generate.parts import Kind, Part
from docs.generate.pyomo_parts import LINE, LONGEST

KEYS = {
    "site": "cities, plots and buyers",
    "product": "things that have a mass and a place",
    "type": "kinds of facilities; a facility is a type at a site",
    "level": "sizes of a type, each a step up from the one before",
    "recipe": "ways to work of a type",
    "mode": "ways to carry",
    "period": "stretches of the plan",
    "origin": "the site where something sets out",
    "destination": "the site where it arrives",
    "disposal_type": "the type that must stand for a disposal, or any",
    "lane_mode": "the mode that a lane's limit speaks of, or any",
    "place": "a site of a rule's group, or all of them together",
    "when": "a period, or all of them together",
    "stay": "periods that something may stay in stock",
    "target": "rules for collection",
    "coverage": "rules for service near",
    "limit": "rules that bound a quantity",
    "subsidy": "money from outside",
    "region": "all sites, or sites that are near each other",
    "facet": "inequalities of one set of whole sizes",
}
"""What the names in the brackets stand for."""
COSTS = {
    "acquisition": "what is paid for returns",
    "opening": "opening and enlarging facilities",
    "closing": "closing them",
    "fixed": "running them, whatever they process",
    "variable": "processing, by tonne",
    "transport": "freight, loading, tolls and trips",
    "holding": "stock",
    "disposal": "disposing of what nobody buys",
    "uncollected": "harm of what is not collected",
    "carbon": "the price of emissions",
    "penalties": "what soft rules are missed by",
    "revenue": "what markets pay (with a minus)",
    "subsidy": "money from outside (with a minus)",
    "salvage": "what investments are still worth at the end (with a minus)",
}


def parts_of(m: Formulation) -> Iterator[Part]:
    """Yield variables, equations and the terms of the objective."""
    yield from _sets(m)
    names = [name for family in m.families.values() for name in m.names_of(family)]
    for family in m.families.values():
        if len(family):
            yield _variable(family)
    for rows in m.rows.values():
        if len(rows):
            yield _constraint(m, rows, names)
    for account in COST_TERMS:
        yield _charge(m, account, names)


def _sets(m: Formulation) -> Iterator[Part]:
    indexes = [part.index for part in (*m.families.values(), *m.rows.values())]
    for key in dict.fromkeys(key for over in indexes for key in over.keys):
        yield Part(kind=Kind.SET, name=key, doc=KEYS[key], count=len(m.labels[key]))


def _variable(family: VariableFamily) -> Part:
    whole = "whole" if family.is_integer.all() else "partly whole" if family.is_integer.any() else "real"
    upper = np.unique(family.upper)
    end = "an upper bound by member" if len(upper) > 1 else f"{upper[0]:g}".replace("inf", "∞")
    return Part(
        kind=Kind.VARIABLE,
        name=family.name,
        over=family.index.keys,
        doc=family.doc,
        count=len(family),
        limits=f"{whole}, from {family.lower.min():g} to {end}",
    )


def _constraint(m: Formulation, rows: Rows, names: list[str]) -> Part:
    return Part(
        kind=Kind.CONSTRAINT,
        name=rows.name,
        over=rows.index.keys,
        doc=rows.doc + (" (a cut: it only tightens)" if rows.is_cut else ""),
        count=len(rows),
        example=_row(m, rows, names),
    )


def _row(m: Formulation, rows: Rows, names: list[str]) -> str:
    """Return the row with the fewest terms above one, for it says the most in the least space."""
    sizes = np.bincount(rows.row, minlength=len(rows)).astype(float)
    position = int(np.argmin(np.where(sizes > 1, sizes, np.inf)))
    mine = np.flatnonzero(rows.row == position)
    body = _sum(rows.coefficient[mine].tolist(), [names[j] for j in rows.variable[mine]])
    lower, upper = float(rows.lower[position]), float(rows.upper[position])
    if lower == upper:
        text = f"{body} = {upper:g}"
    else:
        text = body if lower == -np.inf else f"{lower:g} ≤ {body}"
        text = text if upper == np.inf else f"{text} ≤ {upper:g}"
    label = list(m.names_of(rows))[position]
    return f"{label}:\n" + "\n".join(_wrapped(text))


def _charge(m: Formulation, account: str, names: list[str]) -> Part:
    vector = m.account(account)
    used = np.flatnonzero(vector)
    families = [f.name for f in m.families.values() if np.any((used >= f.first) & (used < f.first + len(f)))]
    few = used[:: max(1, len(used) // 4)][:4]
    text = _sum(vector[few].tolist(), [names[j] for j in few]) + (" + …" if len(used) > len(few) else "")
    return Part(
        kind=Kind.OBJECTIVE,
        name=account,
        over=tuple(families),
        doc=f"{COSTS[account]}, discounted money",
        count=len(used),
        example="\n".join(_wrapped(text)) if len(used) else "",
    )


def _wrapped(text: str) -> list[str]:
    lines = textwrap.wrap(text, LINE, break_long_words=False, initial_indent="    ", subsequent_indent="    ")
    return lines if len(lines) <= LONGEST else [*lines[:LONGEST], "    … and so on"]


def _sum(coefficients: list[float], names: list[str]) -> str:
    """Return ``3 x - y``: signs between the terms, no coefficient of one."""
    words: list[str] = []
    for coefficient, name in zip(coefficients, names, strict=True):
        sign = "-" if coefficient < 0 else "+"
        factor = "" if abs(coefficient) == 1 else f"{abs(coefficient):.6g} "
        words += [sign, f"{factor}{name}"] if words or sign == "-" else [f"{factor}{name}"]
    return " ".join(words)
