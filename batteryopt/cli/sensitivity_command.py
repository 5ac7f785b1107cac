"""The command `sensitivity`: what a network's cost and collection depend on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from batteryopt.cli import options as given
from batteryopt.cli.exits import ExitStatus, guarded, refuse, say_stopped
from batteryopt.cli.given_changes import SetOption, WhatIfOption, given_instance
from batteryopt.cli.refused_input import Refusals
from batteryopt.cli.streams import clean_stdout, counting_parts, results, say
from batteryopt.cli.sweep import SchedulerOption, refuse_scheduler


@guarded
def sensitivity(
    instance: given.InstanceArgument,
    out: Annotated[Path, typer.Option(metavar="DIR", help="sensitivity.csv, values.csv, thresholds.csv and a page.")],
    share: Annotated[float, typer.Option(metavar="SHARE", help="By which each number is less and more.")] = 0.1,
    threshold: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=LOW:HIGH", help="Look for the value from which on other facilities stand; repeat."),
    ] = None,
    time_limit: Annotated[
        float | None, typer.Option(metavar="S", help="Stop each solve after this many seconds.")
    ] = None,
    gap: given.GapOption = None,
    jobs: Annotated[int, typer.Option(metavar="N", help="Processes.")] = 1,
    scheduler: SchedulerOption = None,
    sets: SetOption = None,
    what_if: WhatIfOption = None,
    restart: Annotated[bool, typer.Option("--restart", help="Forget what an interrupted run has done.")] = False,
    overwrite: given.OverwriteOption = False,
) -> ExitStatus:
    """Vary each price, cost, quantity and yield of a network, with the plan kept and with the plan free."""
    refusals = Refusals()
    changed = given_instance(refusals, instance, sets, what_if)
    family, network = changed.family, changed.instance
    with refusals:
        given.refuse_faulty_options(None, [], solver=None, time_limit=time_limit, gap=gap, threads=None, jobs=jobs)
    with refusals:
        if family is not None and family.kind != "network":
            raise refuse("INSTANCE", f"of kind '{family.kind}' is no network", "games: batteryopt sweep")
        if not 0 < share < 1:
            raise refuse("--share", f"is {share:g}", "expected a share between 0 and 1, such as 0.1")
    asked = []
    for text in threshold or ():
        with refusals:
            asked.append(_threshold(text))
    with refusals:
        refuse_scheduler(scheduler)
    refusals.raise_all()
    from batteryopt.cli.answer_tables import print_tables
    from batteryopt.network.studies.sensitivities import sensitivity as run
    from batteryopt.network.studies.study_files import StudyFolder, identity_of
    from batteryopt.network.view.sensitivity_page import sections, summary, thresholds, values
    from batteryopt.report import page

    place = StudyFolder.made(out, instance, ("sensitivity.csv", "values.csv", "thresholds.csv", "page.html"), overwrite)
    options: dict[str, Any] = {"time_limit": time_limit, "gap": gap, "threads": 1 if jobs > 1 or scheduler else None}
    try:
        with clean_stdout(), counting_parts("sensitivity") as progress:
            found = run(
                network,
                share=share,
                thresholds=asked,
                journal=place.journal,
                restart=restart,
                identity=identity_of(network, {"share": share, **options}),
                jobs=jobs,
                scheduler=scheduler or "",
                on_progress=progress,
                **options,
            )
    except KeyboardInterrupt:
        return say_stopped(place.journal)
    tables = {"sensitivity": found.table, "values": found.values, "thresholds": found.thresholds}
    title = f"Sensitivity of {network.name}"
    place.write(tables, page.document(title, sections(found), page.plotly_source()))
    with results() as console:
        print_tables(console, [summary(found), values(found), thresholds(found)])
    say(f"saved in {out}; open {out / 'page.html'}")
    return ExitStatus.SOLVED


def _threshold(text: str) -> tuple[str, Any, float, float]:
    from batteryopt.tables.changes import split

    key, how, numbers = split(text)
    low, _, high = numbers.partition(":")
    try:
        if how is None or float(low) == float(high):
            raise ValueError
        return key, how, *sorted((float(low), float(high)))  # type: ignore[return-value]
    except ValueError:
        remedy = 'expected KEY=LOW:HIGH, such as "markets[product=black_mass].price_per_t=0:900"'
        raise refuse("--threshold", f"'{text}' cannot be used", remedy) from None
