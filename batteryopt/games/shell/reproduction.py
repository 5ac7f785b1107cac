"""A paper's figures beside ours: printed, by formula, by optimiser, and what the check says. Every family uses it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from batteryopt.games.shell.numbering import PaperContents
from batteryopt.games.shell.redrawn import RedrawnFigure
from batteryopt.ground.certificate import Certificate
from batteryopt.solvers.contract.provenance import versions

AGREEMENT_TOLERANCE = 1e-6
"""Relative difference up to which formula and optimiser agree on a figure."""


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A number of a paper beside ours.

    Attributes
    ----------
    place
        Where it stands, a row of a table for example; figures of one place follow each other.
    quantity
        What it is, in words.
    printed
        As printed.
    formula, optimizer
        By each of our routes; None where a route has no answer.
    agrees
        Whether both of ours round to what is printed.
    reason
        Why not, where it does not.
    about
        The drawn figures of the paper that the number is about, by their numbers ("Fig. 1").
    """

    place: str
    quantity: str
    printed: float
    formula: float | None
    optimizer: float | None
    agrees: bool
    reason: str = ""
    about: tuple[str, ...] = ()

    @property
    def difference(self) -> float | None:
        """Relative difference of our two routes; None where one has no answer."""
        if self.formula is None or self.optimizer is None:
            return None
        return abs(self.formula - self.optimizer) / max(1.0, abs(self.formula))

    @property
    def routes_agree(self) -> bool:
        """Whether formula and optimiser both answer, and give the same number."""
        return self.difference is not None and self.difference <= AGREEMENT_TOLERANCE

    def to_json(self) -> dict[str, Any]:
        """Return the figure for JSON."""
        return {
            "model": self.place,
            "quantity": self.quantity,
            "printed": self.printed,
            "formula": self.formula,
            "optimizer": self.optimizer,
            "agrees": self.agrees,
            "routes_agree": self.routes_agree,
            "reason": self.reason or None,
            "about": list(self.about),
        }


@dataclass(frozen=True, kw_only=True)
class PaperFault:
    """A place where a paper contradicts its own model.

    Attributes
    ----------
    printed, right
        What stands there, and what follows from the paper's model.
    why
        How one sees it.
    printed_value, right_value
        Both as numbers, at the parameters of the reproduction.
    about
        The drawn figures that it is about.
    """

    place: str
    printed: str
    right: str
    why: str
    printed_value: float | None = None
    right_value: float | None = None
    about: tuple[str, ...] = ()

    @property
    def printed_words(self) -> str:
        """What stands there, with its number."""
        return _with(self.printed, self.printed_value)

    @property
    def right_words(self) -> str:
        """What follows from the paper's model, with its number."""
        return _with(self.right, self.right_value)

    def to_json(self) -> dict[str, Any]:
        """Return the fault for JSON."""
        return {**vars(self), "about": list(self.about)}


@dataclass(frozen=True, kw_only=True)
class Statement:
    """Something that a paper states in words or by an inequality, tried by number.

    Attributes
    ----------
    words
        What it says.
    margin
        Positive where it holds: the least difference, slope or derivative that must be.
    why
        Why it does not hold, if it does not.
    about
        The drawn figures that it is about.
    """

    place: str
    words: str
    margin: float
    why: str = ""
    about: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether it holds at every instance tried."""
        return self.margin > 0

    def to_json(self) -> dict[str, Any]:
        """Return the statement for JSON."""
        return {
            "place": self.place,
            "statement": self.words,
            "holds": self.holds,
            "margin": self.margin,
            "why": self.why or None,
            "about": list(self.about),
        }


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What the check, which knows neither route, says of one route's answer to one model."""

    model: str
    route: str
    solver: str
    certificate: Certificate

    def to_json(self) -> dict[str, Any]:
        """Return the verdict for JSON."""
        checks = self.certificate.to_json()
        return {"model": self.model, "route": self.route, "solver": self.solver, "certificate": checks}


@dataclass(frozen=True, kw_only=True)
class FigureClaim:
    """What a paper prints or says of one of its drawn figures, and what came of it.

    Attributes
    ----------
    printed
        A number, a statement, or what is wrong.
    ours
        What stands there by our count, in words.
    """

    printed: str
    ours: str
    agrees: bool
    why: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the claim for JSON."""
        return {**vars(self), "why": self.why or None}


@dataclass(frozen=True, kw_only=True)
class Reproduction:
    """A paper gone through, figure by figure.

    Attributes
    ----------
    paper
        Authors, title and where it appeared.
    instance
        Name of the instance, and in `source` where its numbers come from.
    statements
        What the paper says beside its figures, and whether it is so.
    notes
        What else a reader should know, a sentence each.
    redrawn
        Its drawn figures, drawn anew.
    contents
        Everything numbered in it, and where it is reproduced or judged.
    """

    kind: str
    paper: str
    instance: str
    source: str
    figures: tuple[Figure, ...]
    faults: tuple[PaperFault, ...]
    verdicts: tuple[Verdict, ...]
    statements: tuple[Statement, ...] = ()
    notes: tuple[str, ...] = ()
    redrawn: tuple[RedrawnFigure, ...] = ()
    contents: PaperContents = field(default_factory=lambda: PaperContents(items=(), judged={}))

    def claims(self, number: str) -> list[FigureClaim]:
        """Return all that the paper prints or says of a drawn figure."""
        return [
            *(_claim_of_number(figure) for figure in self.figures if number in figure.about),
            *(_claim_of_statement(found) for found in self.statements if number in found.about),
            *(
                FigureClaim(printed=fault.printed_words, ours=fault.right_words, agrees=False, why=fault.why)
                for fault in self.faults
                if number in fault.about
            ),
        ]

    def agrees(self, number: str) -> bool | None:
        """Return whether all that is said of a drawn figure is so; None where nothing is."""
        claims = self.claims(number)
        return all(claim.agrees for claim in claims) if claims else None

    @property
    def routes_agree(self) -> bool:
        """Whether formula and optimiser agree on every figure."""
        return bool(self.figures) and all(figure.routes_agree for figure in self.figures)

    @property
    def certified(self) -> bool:
        """Whether every answer passed all its checks."""
        return bool(self.verdicts) and all(verdict.certificate.passed for verdict in self.verdicts)

    @property
    def largest_difference(self) -> float:
        """Largest relative difference of the two routes over the figures that both answer."""
        return max(_known(figure.difference for figure in self.figures), default=float("nan"))

    def to_json(self) -> dict[str, Any]:
        """Return everything as plain data for JSON."""
        return {
            "kind": self.kind,
            "paper": self.paper,
            "instance": self.instance,
            "source": self.source,
            "versions": versions(),
            "figures": [figure.to_json() for figure in self.figures],
            "faults": [fault.to_json() for fault in self.faults],
            "statements": [statement.to_json() for statement in self.statements],
            "checks": [verdict.to_json() for verdict in self.verdicts],
            "notes": list(self.notes),
            "redrawn": [
                {
                    **figure.to_json(),
                    "agrees": self.agrees(figure.number),
                    "claims": [claim.to_json() for claim in self.claims(figure.number)],
                }
                for figure in self.redrawn
            ],
            "contents": self.contents.to_json(),
            "routes_agree": self.routes_agree,
            "certified": self.certified,
        }


def _known(values: Iterable[float | None]) -> list[float]:
    return [value for value in values if value is not None]


def _with(words: str, value: float | None) -> str:
    """Return words with a number behind them; what rounds to zero has no minus."""
    return words if value is None else f"{words} [= {round(value, 4) + 0.0:.4f}]"


def _claim_of_number(figure: Figure) -> FigureClaim:
    ours = "no answer" if figure.formula is None else f"{figure.formula:.6g}"
    return FigureClaim(
        printed=f"{figure.quantity}: {figure.printed:.10g}", ours=ours, agrees=figure.agrees, why=figure.reason
    )


def _claim_of_statement(found: Statement) -> FigureClaim:
    ours = "holds" if found.holds else "does not hold"
    return FigureClaim(printed=found.words, ours=ours, agrees=found.holds, why=found.why)
