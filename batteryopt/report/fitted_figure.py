"""Words of a drawn figure made to fit: titles that are too long, numbers that run into each other, wide legends.

How much room words need is known once a figure is laid out: it is asked, and what does not fit is set anew.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_APART_PX = 6.0
"""Least distance of two numbers on an axis, at the figure's own resolution."""
_AXIS_WORDS_PX = 80.0
"""What words left of the axes need, before they are laid out."""
_LEAST_TICKS = 2


def fit(figure: Figure, named: dict[str, Any], *, columns: int) -> None:
    """Make a figure's words fit, and give it a legend below.

    Parameters
    ----------
    named
        What the legend shows, by name; empty for none.
    columns
        In how many columns it stands where there is room.
    """
    for axes in figure.axes:
        _wrap_title(figure, axes, start=_AXIS_WORDS_PX)
    _add_legend(figure, named, columns)
    figure.draw_without_rendering()
    for axes in figure.axes:
        _wrap_title(figure, axes)
    figure.draw_without_rendering()  # what was set anew has changed the room of the rest
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            _thin_out(figure, axis)


def _add_legend(figure: Figure, named: dict[str, Any], columns: int) -> None:
    """Put a legend below, in fewer columns where its words are long."""
    for count in range(columns, 0, -1):
        if not named:
            return
        legend = figure.legend(
            list(named.values()), list(named), ncols=count, loc="outside lower left", frameon=False, fontsize=8
        )
        figure.draw_without_rendering()
        if legend.get_window_extent().x1 <= figure.bbox.x1 or count == 1:
            return
        legend.remove()


def _wrap_title(figure: Figure, axes: Axes, start: float | None = None) -> None:
    """Break a title into lines that end within its column of the figure.

    Parameters
    ----------
    start
        Where it begins, in pixels; where it is laid out, if that has been done. A title that is too long is best
        broken before: the layout would make room for all of it, and leave none for the axes.
    """
    place = axes.get_subplotspec()
    if place is None:
        return
    columns = place.get_gridspec().ncols
    words, title = axes.get_title(loc="left"), axes._left_title  # type: ignore[attr-defined]
    box, width = title.get_window_extent(), figure.bbox.width / columns
    begins = place.colspan.start * width + start if start is not None else box.x0
    room = place.colspan.stop * width - _APART_PX - begins
    if words and box.width > room > 0:
        longest = max(len(line) for line in words.splitlines())
        title.set_text(textwrap.fill(words, max(10, int(longest * room / box.width * 0.97))))


def _thin_out(figure: Figure, axis: Any) -> None:
    """Leave out numbers of an axis until none touches the next; names of bars are all there, or it would be guessed."""
    from matplotlib.ticker import AutoLocator, MaxNLocator

    if not isinstance(axis.get_major_locator(), AutoLocator):
        return
    count = len(axis.get_ticklocs())
    while count > _LEAST_TICKS and _touch(_boxes(axis), across=axis.axis_name == "x"):
        count -= 1
        axis.set_major_locator(MaxNLocator(nbins=count - 1, steps=[1, 2, 5, 10]))
        figure.draw_without_rendering()


def _boxes(axis: Any) -> list[Any]:
    return [label.get_window_extent() for label in axis.get_ticklabels() if label.get_visible() and label.get_text()]


def _touch(boxes: Sequence[Any], *, across: bool) -> bool:
    """Whether two neighbours are nearer than they should be."""
    spans = sorted((box.x0, box.x1) if across else (box.y0, box.y1) for box in boxes)
    gap = _APART_PX if across else 0.0
    return any(later[0] - earlier[1] < gap for earlier, later in pairwise(spans))
