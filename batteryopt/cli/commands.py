"""The commands but for `sweep`: read, refuse or solve, print, save."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from batteryopt.cli import options as given
from batteryopt.cli.exits import ExitStatus, delivered, gravest, guarded, refuse, status_of
from batteryopt.cli.given_changes import Given, SetOption, WhatIfOption, given_instance
from batteryopt.cli.refused_input import Refusals
from batteryopt.cli.streams import announcing, clean_stdout, results, say, write_result

if TYPE_CHECKING:
    from batteryopt.games.shell.reproduction import Reproduction


class Paper(enum.StrEnum):
    """Which paper to reproduce."""

    COORDINATION = "coordination"
    DIFFERENTIAL_GAME = "differential-game"
    ALL = "all"


@guarded
def solve(
    instance: given.InstanceArgument,
    model: given.ModelOption = None,
    route: Annotated[
        given.RouteChoice, typer.Option(help="By formula, by optimiser, or both and compared.")
    ] = given.RouteChoice.BOTH,
    solver: given.SolverOption = None,
    time_limit: given.TimeLimitOption = None,
    gap: given.GapOption = None,
    gap_money: given.GapMoneyOption = None,
    iterations: given.IterationsOption = None,
    threads: given.ThreadsOption = None,
    objective: given.ObjectiveOption = None,
    keep: given.KeepOption = None,
    start: given.StartOption = None,
    scenario: given.ScenarioOption = None,
    risk: given.RiskOption = None,
    with_rounds: given.WithRoundsOption = False,
    budget: given.BudgetOption = None,
    deviation: given.DeviationOption = None,
    replications: given.ReplicationsOption = None,
    seed: given.SeedOption = 0,
    engine: given.EngineOption = None,
    ranks: given.RanksOption = None,
    sets: SetOption = None,
    what_if: WhatIfOption = None,
    json: given.JsonOption = False,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Save result.json, tables and the instance here.")
    ] = None,
    overwrite: given.OverwriteOption = False,
) -> ExitStatus:
    """Solve models of an instance, each answer with its certificate."""
    from batteryopt.ground.interrupt import noting_interrupts
    from batteryopt.report.saved import json_text, make_folder, save

    refusals = Refusals()
    changed = given_instance(refusals, instance, sets, what_if)
    family, game = changed.family, changed.instance
    with refusals:
        given.refuse_faulty_options(family, model or [], solver=solver, time_limit=time_limit, gap=gap, threads=threads)
    chosen = given.solving_options(solver, time_limit, gap, threads)
    begun = None if start is None else str(start)
    named: dict[str, Any] = {"objective": objective, "keep": keep, "start": begun, "scenario": scenario}
    named |= {"gap_money": gap_money, "iterations": iterations, "risk": risk, "budget": budget, "deviation": deviation}
    named |= {"engine": engine, "ranks": ranks, "with_rounds": with_rounds or None}
    named["replications"] = None if replications is None else (replications, seed, str(instance))
    if family is not None:
        with refusals:
            chosen |= family.read_options(game, **named)
    refusals.raise_all()
    assert family is not None
    if out is not None:
        copy = family.copy_of(game) if with_rounds else changed.copy
        make_folder(out, instance, tables=family.table_names(), copy=copy, overwrite=overwrite)
    with clean_stdout(), announcing() as announce, noting_interrupts():
        result = family.solve_instance(game, model or (), route=route.value, announce=announce, **chosen)
    asked = {**given.solving_options(solver, time_limit, gap, threads), **named}
    asked |= {"replications": replications, "seed": seed if replications is not None else None}

    def show() -> None:
        if json:
            write_result(json_text({**result.to_json(), **changed.noted}))
            return
        from batteryopt.cli.answer_tables import print_result

        with results() as console:
            print_result(console, result.to_json(), family.left_out, summary=summary_of(result))

    def keep_it() -> None:
        if out is None:
            return
        options = {name: value for name, value in asked.items() if value is not None}
        is_saved = save(
            result,
            instance,
            out,
            options=options,
            copy=family.copy_of(result.instance) if with_rounds else changed.copy,
            changes=changed.words,
            overwrite=overwrite,
        )
        if with_rounds and is_saved:
            from batteryopt.cli.rounds_command import save_beside

            save_beside(result, out, overwrite=overwrite)
        say(f"saved in {out}" if is_saved else f"{out} keeps the better result that it has: --overwrite replaces it")

    status = gravest([status_of(result), delivered(show, keep_it)])
    if status is ExitStatus.OTHER and route is given.RouteChoice.CLOSED_FORM:
        say("a formula does not apply: --route optimizer carries the constraints")
    return status


@guarded
def check(
    instance: given.InstanceArgument,
    strict: Annotated[bool, typer.Option("--strict", help="End with status 2 where there are remarks.")] = False,
    sets: SetOption = None,
    what_if: WhatIfOption = None,
    json: given.JsonOption = False,
) -> ExitStatus:
    """Read and validate an instance, say what was understood and what looks odd, and solve nothing."""
    from batteryopt.families import family_at
    from batteryopt.report.saved import json_text

    refusals = Refusals()
    changed = Given(family=family_at(instance), instance=None)
    if sets or what_if:
        changed = given_instance(refusals, instance, sets, what_if)
    refusals.raise_all()
    family, game = changed.family, changed.instance
    assert family is not None
    understood = family.understand_instance(instance, game)
    if game is None:
        game = family.read_instance(instance) if understood is None else understood.network
    models = family.models_of(game)
    if json:
        document = {"kind": family.kind, "instance": game.name, "valid": True, "models": list(models), **changed.noted}
        write_result(json_text(document | (understood.to_json() if understood else {"remarks": []})))
    else:
        write_result(
            f"{instance}: in order\n  kind    {family.kind}\n  name    {game.name}\n  source  {game.source}\n"
            f"  models  {', '.join(models)}\n" + "".join(f"  changed {word}\n" for word in changed.words)
        )
        if understood is not None:
            with results() as console:
                console.print(understood.words(), soft_wrap=True)
    return ExitStatus.INVALID_INPUT if strict and understood and understood.remarks else ExitStatus.SOLVED


@guarded
def reproduce(
    paper: Annotated[Paper, typer.Argument(help="Which paper.")] = Paper.ALL,
    json: given.JsonOption = False,
    plot: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR|PAGE.html",
            help="Draw its figures anew: pictures and data in a folder, or one page beside what the paper prints.",
        ),
    ] = None,
    overwrite: given.OverwriteOption = False,
) -> ExitStatus:
    """Go through a paper's figures: printed, by formula, by optimiser; and say what is wrong in it."""
    from batteryopt.families import FAMILIES
    from batteryopt.games.shell import gallery
    from batteryopt.ground.interrupt import unfinished_is_interrupted
    from batteryopt.report.saved import json_text

    known = {kind: family for kind, family in FAMILIES.items() if family.reproduce}
    if paper is not Paper.ALL and paper.value not in known:
        raise refuse("PAPER", f"'{paper.value}' cannot be reproduced by this version", f"known: {', '.join(known)}")
    wanted = known if paper is Paper.ALL else {paper.value: known[paper.value]}
    if plot is not None:
        gallery.refuse(plot, overwrite=overwrite)
    with clean_stdout(), announcing() as announce, unfinished_is_interrupted():
        found = {kind: family.reproduction(announce) for kind, family in wanted.items()}

    def show() -> None:
        if json:
            documents = {kind: reproduction.to_json() for kind, reproduction in found.items()}
            write_result(json_text(documents if paper is Paper.ALL else documents[paper.value]))
        else:
            _print_reproductions(found)

    def draw() -> None:
        if plot is not None:
            say(gallery.write(found, plot, overwrite=overwrite))

    return gravest([*map(reproduction_status, found.values()), delivered(show, draw)])


def summary_of(result: Any) -> Any:
    """Return a family's own page for the screen, where it has one."""
    return result.summary() if hasattr(result, "summary") else None


def _print_reproductions(found: dict[str, Reproduction]) -> None:
    from batteryopt.cli.reproduced_figures import print_reproduction

    with results() as console:
        for position, reproduction in enumerate(found.values()):
            if position:
                console.print()
            print_reproduction(console, reproduction)


def reproduction_status(found: Reproduction) -> ExitStatus:
    """Whatever the paper says: what counts is that our routes agree and that the check passes both."""
    if not found.certified:
        return ExitStatus.NOT_CERTIFIED
    return ExitStatus.SOLVED if found.routes_agree else ExitStatus.OTHER
