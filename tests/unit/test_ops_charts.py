from datetime import UTC, datetime

import pytest

from api.ops.charts import HEIGHT, WIDTH, candidates, charts
from api.ops.words import between, lasting, since, when
from schemas.runs import Outcome, Run
from tests.builders import GENERATION, LATER, manifest


def run(day, ndcg, outcome=Outcome.DONE, generation=""):
    name = generation or f"202611{day:02}T020000Z"
    return Run(
        name, "refresh", "nightly", "me", f"2026-11-{day:02}T02:00:00+00:00", outcome,
        f"2026-11-{day:02}T02:03:00+00:00", generation=name, metrics={"ndcg@10": ndcg},
    )  # fmt: skip


def drawn(*runs, stored=()):
    return {one.name: one for one in charts(candidates(runs, stored), "ndcg@10", "coverage@10")}


def test_days_are_as_far_apart_as_they_were_and_more_is_higher():
    quality = drawn(run(1, 0.4), run(2, 0.5), run(5, 0.6))["ops_quality"]

    first, second, last = quality.points
    assert first.x < second.x < last.x <= WIDTH
    assert last.x - second.x == pytest.approx(3 * (second.x - first.x))
    assert HEIGHT > first.y > second.y > last.y > 0
    assert (quality.low, quality.high) == (0.4, 0.6)


def test_what_was_refused_is_drawn_but_the_line_passes_it_by():
    quality = drawn(run(1, 0.4), run(2, 0.1, Outcome.REFUSED), run(3, 0.5))["ops_quality"]

    assert [one.of.is_refused for one in quality.points] == [False, True, False]
    assert len(quality.line.split()) == 2


def test_one_figure_is_in_the_middle_and_none_is_no_chart():
    found = drawn(run(1, 0.4))

    assert (found["ops_quality"].points[0].x, found["ops_quality"].points[0].y) == (160, 48)
    assert found["ops_duration"].points[0].value == 180
    assert "ops_coverage" not in found
    assert drawn() == {}


def test_stored_generations_count_where_their_runs_are_gone_and_once_where_not():
    stored = [manifest(GENERATION, metrics={"ndcg@10": 0.3}), manifest(LATER)]
    later = run(25, 0.4, generation=LATER)

    values = [one.value for one in drawn(later, stored=stored)["ops_quality"].points]

    assert values == [0.3, 0.4]


def test_runs_that_measured_nothing_or_go_on_are_not_drawn():
    going = run(2, 0.4, Outcome.RUNNING)

    assert (
        candidates([going, Run("x", "backfill", "manual", "me", "2026-11-01T02:00:00")], []) == []
    )


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.25, "0.2 s"), (42, "42 s"), (61, "1 min 1 s"), (120, "2 min"), (7260, "2 h 1 min"),
     (93600, "1 d 2 h"), (-3, "0.0 s")],
)  # fmt: skip
def test_spans_are_said_in_two_units(seconds, said):
    assert lasting(seconds) == said


def test_times_are_in_utc_however_they_are_written():
    now = datetime(2026, 11, 24, 4, 30, tzinfo=UTC)

    assert when("2026-11-24T02:00:00Z") == when("2026-11-24T02:00:00") == "2026-11-24 02:00 UTC"
    assert when("2026-11-24T04:00:00+02:00") == "2026-11-24 02:00 UTC"
    assert when(now.timestamp()) == "2026-11-24 04:30 UTC"
    assert since("2026-11-24T02:00:00", now) == since(now.timestamp() - 9000, now) == "2 h 30 min"
    assert between("2026-11-24T02:00:00", "2026-11-24T02:01:30+00:00") == "1 min 30 s"
