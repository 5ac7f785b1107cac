"""Words of pictures fit: nothing is cut, and no two numbers of an axis touch."""

from __future__ import annotations

from itertools import pairwise

import pandas as pd
import pytest

figures = pytest.importorskip("matplotlib.figure")

from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: E402

from batteryopt.report import plots  # noqa: E402
from batteryopt.report.fitted_figure import fit  # noqa: E402

LONG = "Chain profit, decentralised: which region and enterprise moves it most of all of those that there are"


def drawn(most: float = 4.2e4, *, names: int = 3, width: float = 6.4):
    figure = figures.Figure(figsize=(width, 4.8), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.set_title(LONG, loc="left")
    axes.set_xlim(-most, most)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.set_yticks([0, 1], labels=["market size of a region", "voluntary returns of a region"])
    named = {f"{LONG[:45]} ({n})": axes.plot([0, 1], [n, n])[0] for n in range(names)}
    fit(figure, named, columns=2)
    figure.draw_without_rendering()
    return figure, axes


@pytest.mark.parametrize("most", [1.0, 4.2e4, 3e11])
def test_numbers_of_an_axis_do_not_touch(most):
    _, axes = drawn(most)
    boxes = [label.get_window_extent() for label in axes.get_xticklabels() if label.get_text()]
    inside = [box for box in boxes if axes.bbox.x0 - 1 <= (box.x0 + box.x1) / 2 <= axes.bbox.x1 + 1]
    assert len(inside) >= 2
    assert all(later.x0 > earlier.x1 for earlier, later in pairwise(inside))


@pytest.mark.parametrize("names", [1, 5])
def test_titles_and_legends_end_within_the_figure(names):
    figure, axes = drawn(names=names)
    assert axes.get_title(loc="left").replace("\n", " ") == LONG
    assert axes._left_title.get_window_extent().x1 <= figure.bbox.x1
    (legend,) = figure.legends
    assert legend.get_window_extent().x1 <= figure.bbox.x1
    assert len(legend.get_texts()) == names


def test_names_on_an_axis_are_all_there():
    _, axes = drawn(width=4.6)
    assert [label.get_text() for label in axes.get_yticklabels()] == [
        "market size of a region", "voluntary returns of a region",
    ]  # fmt: skip


@pytest.mark.parametrize(("points", "is_few"), [(2, True), (9, False)])
def test_a_map_of_few_points_has_numbers_where_they_are(points, is_few):
    """Two points, 2 and 4, give cells from 1 to 5: numbers at 1.5 or 5 stand for nothing."""
    values = [2.0 + 2.0 * n for n in range(points)]
    frame = pd.DataFrame(
        [
            {"a": a, "w": w, "model": "centralized", "route": "optimizer", "objective": a + w}
            for a in values
            for w in values
        ]
    )
    picture = plots.Picture(title="two keys", labels={"a": "market size", "w": "price"}, drawn=("objective",))
    axes = plots._maps_image(frame, picture).axes[0]
    page = plots._maps_page(frame, picture)
    if is_few:
        assert list(axes.get_xticks()) == list(axes.get_yticks()) == values
        assert [label.get_text() for label in axes.get_xticklabels()] == ["2", "4"]
        assert list(page.layout.xaxis.tickvals) == values
    else:
        assert page.layout.xaxis.tickvals is None
