"""The page around tables and charts: one file that holds all it needs, for screen, phone and paper, light and dark."""

from __future__ import annotations

import html
import json
from collections.abc import Iterable, Mapping
from importlib import resources
from typing import Any

from batteryopt.ground.marks import META
from batteryopt.report import contents, words
from batteryopt.report.family_view import view_of
from batteryopt.report.results import Saved
from batteryopt.report.section import Section
from batteryopt.report.tables import Table, amount
from batteryopt.report.unsaved import Unsaved

TOLERANCE_DIGITS = 1


def document(title: str, sections: Iterable[Section], library: str) -> str:
    """Return the page.

    Parameters
    ----------
    library
        The source of plotly.js, which stands in the page once.
    """
    parts = list(sections)
    names = [part.title or part.label for part in parts]
    ids = contents.targets(names)
    entries = [
        contents.Entry(title=name, target=target, begins=not part.title)
        for part, name, target in zip(parts, names, ids, strict=True)
    ]
    body = "\n".join(_section(part, target) for part, target in zip(parts, ids, strict=True))
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f"{META}\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<link rel="icon" href="data:,">\n'
        f"<title>{html.escape(title)}</title>\n<style>{_asset('page.css')}</style>\n</head>\n<body>\n"
        f"{contents.navigation(entries)}<main>\n"
        f"{body}\n</main>\n<script>{library}</script>\n<script>{_asset('page.js')}</script>\n</body>\n</html>\n"
    )


def plotly_source() -> str:
    """Return plotly.js as the installed package ships it, without its remark about a source map."""
    import importlib

    source: str = importlib.import_module("plotly.offline").get_plotlyjs()
    return source.replace("</script", "<\\/script")


# ---- blocks --------------------------------------------------------------------------------------------------------


def paragraph(text: str, style: str = "") -> str:
    """Return words as they are."""
    kind = f' class="{style}"' if style else ""
    return f"<p{kind}>{html.escape(text)}</p>\n"


def opening(kind: str, title: str) -> str:
    """Return the first words of an answer: what kind of thing it is, and its name."""
    return f'<p class="kind">{html.escape(kind)}</p><h1>{html.escape(title)}</h1>\n'


def tiles(pairs: Iterable[tuple[str, str]]) -> str:
    """Return headline figures: what it is, and the figure with its unit."""
    items = "".join(
        f'<div class="tile"><b>{html.escape(value)}</b><span>{html.escape(what)}</span></div>' for what, value in pairs
    )
    return f'<div class="tiles">{items}</div>\n'


def charts(specs: Iterable[Mapping[str, Any]]) -> str:
    """Return charts side by side where there is room; those with ``wide`` take a row."""
    return f'<div class="charts">{"".join(figure(spec) for spec in specs)}</div>\n'


def figure(spec: Mapping[str, Any], controls: str = "") -> str:
    """Return one chart with its title; the numbers stand beside it as JSON."""
    note = f'<p class="note">{html.escape(spec["note"])}</p>' if spec.get("note") else ""
    wide = ' class="wide"' if spec.get("wide") else ""
    hidden = ("name", "title", "note", "wide", "least_width")
    least = f";min-width:{spec['least_width']}px" if "least_width" in spec else ""
    style = f"min-height:{spec.get('height', 340)}px{least}"
    content = json.dumps({key: value for key, value in spec.items() if key not in hidden}, separators=(",", ":"))
    content = content.replace("<", "\\u003c")  # a script ends at </script, and <!-- hides the end of it
    return (
        f"<figure{wide}><h3>{html.escape(spec['title'])}</h3>{note}{controls}"
        f'<div class="scroll"><div class="plot" data-name="{html.escape(spec["name"])}" style="{style}" '
        f'role="img" aria-label="{html.escape(spec["title"])}"></div></div>'
        f'<script type="application/json">{content}</script></figure>\n'
    )


def table(content: Table) -> str:
    """Return a table."""
    return content.to_html()


def fold(summary: str, blocks: Iterable[str], *, is_open: bool = False) -> str:
    """Return a part that is folded away until someone asks for it; paper shows it always."""
    opened = " open" if is_open else ""
    return f"<details{opened}><summary>{html.escape(summary)}</summary>{''.join(blocks)}</details>\n"


# ---- what every answer says ----------------------------------------------------------------------------------------


def head(saved: Saved, kind: str) -> str:
    """Return the page's first lines: what was solved, and whose numbers these are."""
    shown = f"{kind}: {saved.mark}" if saved.mark else kind
    source = f"Numbers from: {saved.source}" if saved.source else "The instance names no source of its numbers."
    return opening(shown, saved.name) + paragraph(source, "soft") + _changes(saved)


def _changes(saved: Saved) -> str:
    """Return what is different from the instance that was given."""
    return paragraph(f"Changed first: {'; '.join(saved.changes)}.") if saved.changes else ""


def how_sure(saved: Saved) -> Section:
    """Return solvers, gaps, bounds and certificates in plain words."""
    blocks = [table(_runs(saved))]
    for route, answers in (("", saved.models), (", by formula", saved.closed_form)):
        for name, answer in answers.items():
            blocks.append(_certificate(words.model(name) + route, answer))
    return Section(title="How sure is this?", blocks=blocks)


def how_to_repeat(saved: Saved) -> Section:
    """Return the commands that make result and page again, with the versions that made them."""
    lines = (
        "The instance lies beside the result." if saved.instance_path else "The folder holds no copy of the instance."
    )
    if isinstance(saved, Unsaved):
        lines = "Made in Python, where the instance was."
    blocks = [paragraph(lines), f"<pre>{html.escape(commands(saved, 'page.html'))}</pre>", _made_with(saved)]
    return Section(title="Repeat it", blocks=blocks)


def commands(saved: Saved, file: str) -> str:
    """Return the commands that make a result and a file about it again."""
    if isinstance(saved, Unsaved):
        return _in_python(saved, file)
    path = saved.instance_path
    instance = path.name if path is not None else "INSTANCE"
    if path is not None and path.is_dir():
        instance += "/"
    routes = {answer["route"] for answer in saved.models.values()}
    route = "both" if saved.closed_form else next(iter(routes), "both")
    view = view_of(saved)
    options = "".join(f" --model {name}" for name in saved.models if view.has_models or name != view.usual_model)
    options += f" --route {route}" if view.has_models else ""
    options += "".join(_option(*pair) for pair in saved.options.items())
    verb = "solve" if saved.frontier is None else "frontier"
    return f"batteryopt {verb} {instance}{options} --out result\nbatteryopt report result --out {file}"


def _option(name: str, value: Any) -> str:
    """Return an option as it is typed, once for each of several values."""
    values = value if isinstance(value, list) else [value]
    return "".join(f" --{name.replace('_', '-')} {item}" for item in values)


def _in_python(saved: Saved, file: str) -> str:
    """Return how to make a file again that was made in Python, from an instance that may be in no file."""
    routes = {answer["route"] for answer in saved.models.values()}
    route = "both" if saved.closed_form else next(iter(routes), "both")
    view = view_of(saved)
    named = [name for name in saved.models if view.has_models or name != view.usual_model]
    options = f", {named}" if named else ""
    options += f', route="{route}"' if view.has_models else ""
    return f'result = batteryopt.solve(instance{options})\nresult.report("{file}")'


def made_with(saved: Saved) -> str:
    """Return the versions that made a result, in a sentence."""
    versions = ", ".join(f"{name} {version}" for name, version in saved.document["versions"].items())
    return f"Made with {versions}."


def _made_with(saved: Saved) -> str:
    return paragraph(made_with(saved), "soft")


def _runs(saved: Saved) -> Table:
    rows = []
    for route, answers in (("optimiser", saved.models), ("formula", saved.closed_form)):
        for name, answer in answers.items():
            shown = "formula" if answer["route"] == "closed-form" else route
            rows.append(
                [
                    f"{words.model(name)}, by {shown}",
                    answer["solver"],
                    words.verdict(answer),
                    _shown(answer["objective"]),
                    _shown(answer["bound"]),
                    f"{answer['seconds']:.1f} s",
                ]
            )
    columns = ["Model", "Solver", "What is held", "Objective", "Bound", "Time"]
    return Table(
        caption="Each answer, with the proven limit of its objective where there is one", columns=columns, rows=rows
    )


def _shown(value: float | None) -> str | None:
    return None if value is None else amount(value, 6)


def _certificate(title: str, answer: Mapping[str, Any]) -> str:
    checks = answer["certificate"]
    if not checks:
        return ""
    failed = sum(not check["passed"] for check in checks)
    verdict = f"{len(checks)} checks, all passed" if not failed else f"{failed} of {len(checks)} checks FAILED"
    rows = "".join(_check_row(check) for check in checks)
    found = (
        '<div class="scroll"><table class="checks"><thead><tr><th>Verdict</th><th>Claim</th>'
        '<th class="number">Off by</th>'
        f'<th class="number">Allowed</th></tr></thead><tbody>{rows}</tbody></table></div>'
    )
    return fold(f"{title}: {verdict}", [found], is_open=bool(failed))


def _check_row(check: Mapping[str, Any]) -> str:
    verdict = '<td class="ok">passed</td>' if check["passed"] else '<td class="fail">FAILED</td>'
    residual = "unknown" if check["residual"] is None else f"{check['residual']:.{TOLERANCE_DIGITS}e}"
    return (
        f"<tr>{verdict}<td>{html.escape(words.claim(check['name']))}</td>"
        f'<td class="number">{residual}</td><td class="number">{check["tolerance"]:.{TOLERANCE_DIGITS}e}</td></tr>'
    )


def _section(part: Section, target: str) -> str:
    heading = f"<h2>{html.escape(part.title)}</h2>\n" if part.title else ""
    return f'<section id="{html.escape(target)}">\n{heading}{"".join(part.blocks)}</section>'


def _asset(name: str) -> str:
    return resources.files("batteryopt.report").joinpath(name).read_text(encoding="utf-8")
