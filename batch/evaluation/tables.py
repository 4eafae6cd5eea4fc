"""The quality report as Markdown: one chapter for each protocol. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Final

from batch.evaluation import quality, slices
from batch.evaluation.metrics import NDCG_10
from batch.evaluation.ours import OURS, is_ablation
from batch.evaluation.protocols import GIVEN, Results, cold_users_given
from batch.evaluation.quality import Quality
from batch.evaluation.references import COLD_ANIME, HOLD_OUT, NEWCOMERS

Rows = Sequence[Quality]
Cells = Sequence[Sequence[str]]

_TITLES: Final = {
    HOLD_OUT: "Hold-out: known users",
    NEWCOMERS: "Newcomers: users that training has not seen",
    COLD_ANIME: "Cold anime: titles that nobody has rated",
}
_WHAT: Final = {
    HOLD_OUT: "Of each user with five rows or more a random fifth is hidden; the rest is training "
    "data.",
    NEWCOMERS: "A tenth of the users is left out of training; four fifths of their lists are given "
    "at answer time, the rest is hidden.",
    COLD_ANIME: "All rows of a random twentieth of the titles with 20 ratings or more are hidden; "
    "the ranking among those titles alone is measured. Nobody has watched them as far as methods "
    "know, so novelty and lift say nothing.",
}
_ACCURACY: Final = (
    NDCG_10, quality.NDCG_100, quality.RECALL_20, quality.RECALL_50, quality.MAP, quality.MRR
)  # fmt: skip
_HOW: Final = """\
Full ranking: nothing is sampled, and titles that a user has are excluded. Relevant is a hidden
title that its user rated 8 or more. Figures are means over users with at least one relevant title.
Recall divides by what could be found, min(k, relevant titles); MAP by all of them, as trec_eval
does. Intervals are 95 % bootstrap intervals over users; p is that of a paired sign-flip test of
NDCG@10 against ours.

*Shown*: titles in anybody's first ten. *Novelty*: mean self-information of the first ten, in bits.
*Diversity*: one minus the mean cosine of genres within the first ten. *Lift*: how many times as
popular the first ten are as what users have. *Sequels*: share of the first ten whose franchise the
user has begun.
"""
_COLD_USERS: Final = """\
## Cold users: newcomers who give only a few titles

Random titles of theirs are given, and the target stays. NDCG@10.
"""
_WITHHELD: Final = {
    False: "What they have and did not give is no candidate, as for other newcomers:",
    True: "The same, but what they did not give is ranked too, and counts as a miss:",
}


def markdown(results: Results, missing: Sequence[str] = ()) -> str:
    """The whole report.

    Args:
        results: of every protocol that was run.
        missing: references that were asked for and are not installed.
    """
    chapters = [_chapter(name, rows) for name, rows in results.items() if name in _TITLES]
    parts = [_HOW, *chapters, _cold_users(results)]
    if missing:
        parts.append(f"Left out: {', '.join(missing)}. `make peers` installs what they need.\n")
    return "\n".join(part for part in parts if part)


def _chapter(name: str, rows: Rows) -> str:
    main = [one for one in rows if not is_ablation(one.method)]
    users = rows[0].users if rows else 0
    parts = [f"## {_TITLES[name]}\n\n{_WHAT[name]} {users:,} users.\n", accuracy(main)]
    parts.append(character(main))
    parts += [_sliced(kind, main) for kind in slices.CUTOFFS]
    ablated = [one for one in rows if is_ablation(one.method) or one.method == OURS]
    if len(ablated) > 1:
        parts.append(_ablations(ablated))
    return "\n".join(part for part in parts if part)


def accuracy(rows: Rows) -> str:
    """How right the rankings are."""
    head = ["method", *(_caption(name) for name in _ACCURACY), "p"]
    return _table(
        head, [[_name(one), *(_value(one, name) for name in _ACCURACY), _p(one)] for one in rows]
    )


def character(rows: Rows) -> str:
    """What the lists are like beside that."""
    columns: dict[str, tuple[str, str]] = {
        quality.COVERAGE: ("shown", ",.0f"),
        quality.NOVELTY: ("novelty", ".2f"),
        quality.DIVERSITY: ("diversity", ".3f"),
        quality.LIFT: ("lift", ".2f"),
        quality.SEQUELS: ("sequels", ".1%"),
    }
    known = {name: of for name, of in columns.items() if rows and name in rows[0].figures}
    lines = [
        [_name(one), *(format(one.figures[name], how) for name, (_, how) in known.items())]
        for one in rows
    ]
    return _table(["method", *(caption for caption, _ in known.values())], lines)


def _sliced(kind: str, rows: Rows) -> str:
    parts = list(dict.fromkeys(chain.from_iterable(one.slices[kind] for one in rows)))
    if not parts:
        return ""
    lines = [[_name(one), *(_part(one.slices[kind], part) for part in parts)] for one in rows]
    return f"NDCG@{slices.CUTOFFS[kind]} by {kind}:\n\n" + _table(["method", *parts], lines)


def _part(found: Mapping[str, float], part: str) -> str:
    return f"{found[part]:.3f}" if part in found else ""


def _ablations(rows: Rows) -> str:
    (ours,) = (one for one in rows if one.method == OURS)
    head = ["", "NDCG@10", "change", "p", "NDCG@100", "shown"]
    lines = [
        [
            _name(one),
            f"{one.figures[NDCG_10]:.4f}",
            _change(one.figures[NDCG_10], ours.figures[NDCG_10]),
            _p(one),
            f"{one.figures[quality.NDCG_100]:.4f}",
            f"{one.figures[quality.COVERAGE]:,.0f}",
        ]
        for one in rows
    ]
    return "What ours is without a part of it:\n\n" + _table(head, lines)


def _cold_users(results: Results) -> str:
    parts = []
    for ranked, caption in _WITHHELD.items():
        names = {n: cold_users_given(n, withheld_ranked=ranked) for n in GIVEN}
        found = {n: results[name] for n, name in names.items() if name in results}
        if found:
            parts.append(f"{caption}\n\n{_by_given(found)}")
    return "\n".join([_COLD_USERS, *parts]) if parts else ""


def _by_given(found: Mapping[int, Rows]) -> str:
    """A column of NDCG@10, and one of p, for each number of titles."""
    head = ["titles given", *(f"{n}{what}" for n in found for what in ("", " (p)"))]
    lines = [
        [_name(row[0]), *chain.from_iterable((_value(one, NDCG_10), _p(one)) for one in row)]
        for row in zip(*found.values(), strict=True)
    ]
    return _table(head, lines)


def _table(head: Sequence[str], lines: Cells) -> str:
    rows: Iterator[Sequence[str]] = chain([head, ["---"] * len(head)], lines)
    return "\n".join(f"| {' | '.join(row)} |" for row in rows) + "\n"


def _name(one: Quality) -> str:
    return f"**{one.method}**" if one.method == OURS else one.method


def _value(one: Quality, metric: str) -> str:
    """NDCG@10 with its interval, everything with its spread over seeds where there were several."""
    value = f"{one.figures[metric]:.4f}"
    if metric == NDCG_10:
        value += f" ({one.low[metric]:.3f}–{one.high[metric]:.3f})"
    return f"{value} ± {one.spreads[metric]:.4f}" if one.spreads else value


def _p(one: Quality) -> str:
    if one.p is None:
        return ""
    return "< 0.001" if one.p < 0.001 else f"{one.p:.3f}"


def _change(value: float, base: float) -> str:
    return f"{value / base - 1:+.1%}" if base and value != base else ""


def _caption(metric: str) -> str:
    name, _, cutoff = metric.partition("@")
    proper = name.capitalize() if name == "recall" else name.upper()
    return f"{proper}@{cutoff}"
