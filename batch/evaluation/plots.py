"""The quality report as plots: SVG for the document, PNG for a quick look."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.typing import RcKeyType

from batch.evaluation.metrics import NDCG_10
from batch.evaluation.ours import LIVE, OURS, RULES, is_ablation
from batch.evaluation.protocols import GIVEN, Results, cold_users_given
from batch.evaluation.quality import COVERAGE, Quality
from batch.evaluation.references import COLD_ANIME, HOLD_OUT, NEWCOMERS
from batch.evaluation.slices import BY_LENGTH

Rows = Sequence[Quality]
Draw = Callable[[Results], Figure | None]

_INK: Final = "#1a1a1a"
_FAINT: Final = "#d9d9d9"
_OURS: Final = "#0072b2"
_PALETTE: Final = ("#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#6e6e6e", "#000000")
"""Okabe and Ito's colours, which colour-blind people can tell apart; markers differ as well."""
_MARKERS: Final = ("s", "^", "D", "v", "P", "X", "h")
_STYLE: Final[dict[RcKeyType, bool | float | str]] = {
    "axes.axisbelow": True,
    "axes.edgecolor": _INK,
    "axes.grid": True,
    "axes.labelcolor": _INK,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "figure.facecolor": "white",
    "figure.dpi": 110,
    "font.size": 10,
    "grid.color": _FAINT,
    "grid.linewidth": 0.8,
    "legend.frameon": False,
    "svg.fonttype": "path",
    "svg.hashsalt": "anirec",
}


def write_plots(results: Results, folder: Path) -> dict[str, str]:
    """Draw what the results allow.

    Returns:
        The name of each SVG file, and what it shows.
    """
    folder.mkdir(parents=True, exist_ok=True)
    shown = {}
    with matplotlib.rc_context(_STYLE):
        for name, (caption, draw) in _PLOTS.items():
            figure = draw(results)
            if figure is not None:
                figure.savefig(folder / f"{name}.svg", metadata={"Date": None})
                figure.savefig(folder / f"{name}.png")
                shown[f"{name}.svg"] = caption
    return shown


def quality(results: Results) -> Figure | None:
    """NDCG@10 with its interval, a panel for each protocol that has users."""
    panels = {
        caption: _main(results[name])
        for name, caption in _PANELS.items()
        if name in results and results[name] and results[name][0].users
    }
    if not panels:
        return None
    most = max(map(len, panels.values()))
    figure = Figure((4.2 * len(panels), 1.3 + 0.36 * most), layout="constrained")
    for axes, (caption, rows) in zip(
        _row_of_axes(figure, len(panels)), panels.items(), strict=True
    ):
        _intervals(axes, caption, sorted(rows, key=lambda one: one.figures[NDCG_10]))
    return figure


_PANELS: Final = {HOLD_OUT: "Known users", NEWCOMERS: "Newcomers", COLD_ANIME: "Cold anime"}


def _intervals(axes: Axes, caption: str, rows: Rows) -> None:
    for place, one in enumerate(rows):
        value, colour = one.figures[NDCG_10], _OURS if _is_ours(one.method) else "#6e6e6e"
        ends = [[value - one.low[NDCG_10]], [one.high[NDCG_10] - value]]
        axes.errorbar(value, place, xerr=ends, fmt="o", color=colour, capsize=3, markersize=6)
        right = (one.high[NDCG_10], place)
        axes.annotate(f"{value:.3f}", right, (6, 0), textcoords="offset points", va="center",
                      fontsize=9, color=colour)  # fmt: skip
    axes.set_yticks(range(len(rows)), [one.method for one in rows])
    for label, one in zip(axes.get_yticklabels(), rows, strict=True):
        label.set_fontweight(_weight(one.method))
    axes.set(title=caption, xlabel="NDCG@10, 95 % interval", ylim=(-0.6, len(rows) - 0.4))
    axes.set_xlim(0, 1.18 * max(one.high[NDCG_10] for one in rows))
    axes.grid(axis="y", visible=False)


def by_length(results: Results) -> Figure | None:
    """NDCG@10 of known users by how long their lists are."""
    rows = [one for one in _main(results.get(HOLD_OUT, ())) if one.slices[BY_LENGTH]]
    if not rows:
        return None
    parts = list(rows[0].slices[BY_LENGTH])
    lines = {one.method: [one.slices[BY_LENGTH][part] for part in parts] for one in rows}
    return _lines(lines, parts, "Titles in the user's list", "Known users, by length of list")


def cold_users(results: Results) -> Figure | None:
    """NDCG@10 of newcomers by how many titles they give."""
    given = {str(n): results[cold_users_given(n)] for n in GIVEN if cold_users_given(n) in results}
    if not given:
        return None
    if NEWCOMERS in results:
        given["whole list"] = results[NEWCOMERS]
    found = [{one.method: one.figures[NDCG_10] for one in _main(rows)} for rows in given.values()]
    lines = {name: [at[name] for at in found] for name in found[0]}
    return _lines(lines, list(given), "Titles given", "Newcomers, by how much they tell")


def coverage(results: Results) -> Figure | None:
    """How right known users' lists are against how many titles they show, all users together."""
    rows = [one for one in _main(results.get(HOLD_OUT, ())) if one.users]
    if not rows:
        return None
    figure = Figure((7, 4.6), layout="constrained")
    (axes,) = _row_of_axes(figure, 1)
    for one, (colour, marker) in zip(rows, _looks([one.method for one in rows]), strict=True):
        at = (one.figures[COVERAGE], one.figures[NDCG_10])
        axes.plot(*at, marker, color=colour, markersize=9)
        axes.annotate(one.method, at, (8, 0), textcoords="offset points", va="center",
                      color=_INK, fontweight=_weight(one.method))  # fmt: skip
    axes.set(title="Known users", xlabel="Titles in anybody's first ten", ylabel="NDCG@10")
    axes.set_xlim(0, 1.25 * max(one.figures[COVERAGE] for one in rows))
    axes.set_ylim(0, 1.12 * max(one.figures[NDCG_10] for one in rows))
    return figure


def _lines(
    lines: Mapping[str, Sequence[float]], ticks: Sequence[str], across: str, caption: str
) -> Figure:
    figure = Figure((7.5, 4.6), layout="constrained")
    (axes,) = _row_of_axes(figure, 1)
    order = sorted(lines, key=lambda name: -lines[name][-1])
    looks = dict(zip(lines, _looks(list(lines)), strict=True))
    for name in order:
        colour, marker = looks[name]
        width = 2.6 if name == OURS else 1.5
        dashed = "--" if _is_ours(name) and name != OURS else "-"
        axes.plot(range(len(ticks)), lines[name], dashed, color=colour, marker=marker,
                  linewidth=width, label=name, zorder=3 if name == OURS else 2)  # fmt: skip
    axes.set_xticks(range(len(ticks)), ticks)
    axes.set(title=caption, xlabel=across, ylabel="NDCG@10", ylim=(0, None))
    figure.legend(loc="outside right upper")
    return figure


def _looks(methods: Sequence[str]) -> Iterator[tuple[str, str]]:
    """A colour and a marker for each method; ours are blue."""
    others = iter(zip(_PALETTE, _MARKERS, strict=True))
    ours = {OURS: (_OURS, "o"), LIVE: (_OURS, "d"), RULES: (_OURS, "*")}
    return (ours[one] if one in ours else next(others, (_INK, ".")) for one in methods)


def _row_of_axes(figure: Figure, n: int) -> list[Axes]:
    return [figure.add_subplot(1, n, place + 1) for place in range(n)]


def _main(rows: Rows) -> list[Quality]:
    return [one for one in rows if not is_ablation(one.method)]


def _weight(method: str) -> str:
    return "bold" if method == OURS else "normal"


def _is_ours(method: str) -> bool:
    return method.startswith(OURS)


_PLOTS: Final[Mapping[str, tuple[str, Draw]]] = {
    "quality": ("NDCG@10 of every method, with 95 % intervals", quality),
    "history-length": ("NDCG@10 by the length of a user's list", by_length),
    "cold-users": ("NDCG@10 by the number of titles a newcomer gives", cold_users),
    "coverage": ("NDCG@10 against the number of titles shown", coverage),
}
