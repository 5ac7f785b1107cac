"""The command `study`: a base, what-ifs and policies, compared on one page."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from batteryopt.cli import options as given
from batteryopt.cli.exits import ExitStatus, guarded, say_stopped
from batteryopt.cli.refused_input import Refusals
from batteryopt.cli.streams import clean_stdout, counting_parts, results, say
from batteryopt.cli.sweep import SchedulerOption, refuse_scheduler

if TYPE_CHECKING:
    from batteryopt.network.studies.study import StudyPlan

NAMES = ("study.csv", "regions.csv", "facilities.csv", "equal_collection.csv", "page.html")


@guarded
def study(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="A study in TOML; or a network, a folder or a workbook, whose what-ifs are all tried."
        ),
    ],
    out: Annotated[Path, typer.Option(metavar="DIR", help="study.csv, regions.csv, facilities.csv and page.html.")],
    policy: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=START:STOP:COUNT",
            help="A policy and its rates: subsidy-collected, subsidy-processed, investment-subsidy, reward-penalty, "
            "deposit-refund, carbon-tax, carbon-cap; repeat for several.",
        ),
    ] = None,
    target: Annotated[float, typer.Option(metavar="SHARE", help="Of the returns, for reward-penalty.")] = 0.5,
    question: Annotated[
        list[str] | None,
        typer.Option(
            metavar="WORDS", help="cost, emissions, risk, collection, 'keep existing' or 'keep base'; repeat."
        ),
    ] = None,
    time_limit: Annotated[
        float | None, typer.Option(metavar="S", help="Stop each solve after this many seconds.")
    ] = None,
    gap: given.GapOption = None,
    jobs: Annotated[int, typer.Option(metavar="N", help="Processes.")] = 1,
    scheduler: SchedulerOption = None,
    restart: Annotated[bool, typer.Option("--restart", help="Forget what an interrupted study has done.")] = False,
    overwrite: given.OverwriteOption = False,
) -> ExitStatus:
    """Compare what-ifs and policies of a network; after an interrupt the same command goes on."""
    from batteryopt.cli.answer_tables import print_tables
    from batteryopt.network.studies.study import at_equal_collection, run_study
    from batteryopt.network.studies.study_file import grid_called, read_study
    from batteryopt.network.studies.study_files import StudyFolder, identity_of
    from batteryopt.network.view.study_page import comparison, each_rate, sections
    from batteryopt.report import page

    refusals = Refusals()
    with refusals:
        given.refuse_faulty_options(None, [], solver=None, time_limit=time_limit, gap=gap, threads=None, jobs=jobs)
    with refusals:
        refuse_scheduler(scheduler)
    grids = []
    for text in policy or ():
        name, _, rates = text.partition("=")
        with refusals:
            grids.append(grid_called(name, rates, target=target))
    plan: StudyPlan | None = None
    network_path = file
    with refusals:
        plan, network_path = read_study(file)
    refusals.raise_all()
    assert plan is not None
    more: dict[str, Any] = {"time_limit": time_limit, "gap": gap, "threads": 1 if jobs > 1 or scheduler else None}
    plan = dataclasses.replace(
        plan,
        policies=(*plan.policies, *grids),
        questions=tuple(question or plan.questions),
        options={**plan.options, **{key: value for key, value in more.items() if value is not None}},
    )
    place = StudyFolder.made(out, network_path, NAMES, overwrite)
    try:
        with clean_stdout(), counting_parts("study") as progress:
            found = run_study(
                plan,
                identity=identity_of(plan.network, plan.to_json()),
                journal=place.journal,
                restart=restart,
                jobs=jobs,
                scheduler=scheduler or "",
                on_progress=progress,
            )
    except KeyboardInterrupt:
        return say_stopped(place.journal)
    tables = {"study": found.table, "regions": found.regions, "facilities": found.facilities}
    equal = at_equal_collection(found.table)
    place.write(
        {**tables, "equal_collection": equal},
        page.document(f"Study: {plan.name}", sections(found), page.plotly_source()),
    )
    with results() as console:
        print_tables(console, [comparison(found), each_rate(found)])
    say(f"saved in {out}; open {out / 'page.html'}")
    if (found.table["certified"] == False).any():  # noqa: E712 (None is neither)
        say("  some plans whose certificate failed: see 'certified' in study.csv", style="red")
        return ExitStatus.NOT_CERTIFIED
    is_stopped = found.table["stop_reason"].isin(["time-limit", "iteration-limit", "interrupted"]).any()
    return ExitStatus.STOPPED if is_stopped else ExitStatus.SOLVED
