"""What people may type after a command, said once; and what is wrong with it, all at once."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from batteryopt.ground.errors import InvalidInput

if TYPE_CHECKING:
    from batteryopt.families import Family


class RouteChoice(enum.StrEnum):
    """By which route to solve."""

    CLOSED_FORM = "closed-form"
    OPTIMIZER = "optimizer"
    BOTH = "both"


InstanceArgument = Annotated[
    Path,
    typer.Argument(metavar="INSTANCE", help="A TOML file, or a network: a folder with a network.toml, or a workbook."),
]
ModelOption = Annotated[
    list[str] | None, typer.Option("--model", metavar="NAME", help="A model to solve; repeat for several.")
]
SolverOption = Annotated[
    str | None, typer.Option(metavar="NAME", help="highs, ipopt, scip or pounce; by default each model's own choice.")
]
TimeLimitOption = Annotated[float | None, typer.Option(metavar="S", help="Stop after this many seconds.")]
GapOption = Annotated[
    float | None, typer.Option(metavar="G", help="Relative gap at which an answer counts as optimal.")
]
GapMoneyOption = Annotated[
    float | None,
    typer.Option(
        "--gap-money",
        metavar="AMOUNT",
        help="Networks: stop when no plan can be better by more than this; beside --gap, or instead of it.",
    ),
]
IterationsOption = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        help="Networks: stop after so many steps (of prices, searches around a plan, nodes of trees): "
        "without a time limit and with --threads 1 the same plan each time.",
    ),
]
ThreadsOption = Annotated[int | None, typer.Option(metavar="N", help="Threads a solver may use.")]
ObjectiveOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME[=WEIGHT]",
        help="Networks: cost (the usual), emissions, risk or collection; repeat with weights for a sum.",
    ),
]
KeepOption = Annotated[
    str | None,
    typer.Option(
        metavar="DIR|existing",
        help="Networks: keep the facilities of a plan saved in DIR, or what stands today, and decide flows alone.",
    ),
]
StartOption = Annotated[
    Path | None,
    typer.Option(
        "--start",
        metavar="DIR",
        help="Networks: begin from the plan saved in DIR, also of an edited network, as far as it fits.",
    ),
]
ScenarioOption = Annotated[
    str | None, typer.Option(metavar="NAME", help="Networks with several futures: the one that is planned for.")
]
RiskOption = Annotated[
    str | None,
    typer.Option(
        metavar="cvar:ALPHA:WEIGHT|worst",
        help="Networks, with --model stochastic: minimise a weight of the mean of the worst futures, or the worst one.",
    ),
]
WithRoundsOption = Annotated[
    bool,
    typer.Option(
        "--with-rounds", help="Networks: plan the rounds of vehicles too, in turns with the sites until they agree."
    ),
]
BudgetOption = Annotated[
    int | None,
    typer.Option(
        metavar="GAMMA", help="Networks, with --model robust: how many rows of the returns deviate at once, at worst."
    ),
]
DeviationOption = Annotated[
    float | None,
    typer.Option(
        metavar="SHARE",
        help="Networks, with --model robust: by which share rows deviate that say neither more_t nor less_t.",
    ),
]
ReplicationsOption = Annotated[
    int | None,
    typer.Option(
        metavar="M",
        help="Networks, with --model stochastic: draw and solve M more samples of futures, to say how good the plan "
        "is for all that could have been drawn.",
    ),
]
SeedOption = Annotated[int, typer.Option(metavar="S", help="Of the samples of --replications.")]
EngineOption = Annotated[
    str | None,
    typer.Option(
        metavar="mpi-sppy",
        help="Networks, with --model stochastic: progressive hedging by mpi-sppy, which starts mpiexec; for clusters.",
    ),
]
RanksOption = Annotated[
    int | None, typer.Option(metavar="N", help="Processes of --engine mpi-sppy: 3, or a multiple.  [3]")
]
OverwriteOption = Annotated[
    bool,
    typer.Option("--overwrite", help="Replace files that batteryopt did not write, and better results, unasked never."),
]
ForceOption = Annotated[bool, typer.Option("--overwrite", "--force", help="Replace what is there.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")]


def solving_options(
    solver: str | None, time_limit: float | None, gap: float | None, threads: int | None
) -> dict[str, object]:
    """Return the options that were given, by the names of a family's `solve`."""
    given = {"solver": solver, "time_limit": time_limit, "gap": gap, "threads": threads}
    return {name: value for name, value in given.items() if value is not None}


def refuse_faulty_options(
    family: Family | None,
    models: list[str],
    *,
    solver: str | None,
    time_limit: float | None,
    gap: float | None,
    threads: int | None,
    jobs: int = 1,
) -> None:
    """Raise `InvalidInput` with everything wrong on the command line; models are not judged without a family."""
    from batteryopt.solvers.contract.asked import faults_of_options

    asked = {"solver": solver, "time_limit": time_limit, "gap": gap, "threads": threads, "jobs": jobs}
    faults = [
        *([] if family is None else family.model_faults(models)),
        *faults_of_options(asked, lambda name: f"--{name.replace('_', '-')}"),
    ]
    if faults:
        raise InvalidInput("command line", faults)
