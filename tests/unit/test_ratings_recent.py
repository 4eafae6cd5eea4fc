from datetime import UTC, datetime

import numpy as np

from batch.ratings import files
from batch.ratings.files import drained_in
from batch.ratings.recent import taken_up
from schemas.records import Status

IDS = np.array([10, 20, 30], np.int32)
DONE, PLANNED = int(Status.COMPLETED), int(Status.PLANNED)


def row(ms, user, anime, status=DONE):
    return ms, 0, user, anime, 8, status


def counted(folder, since_ms, *parts):
    for rows in parts:
        files.write(folder, rows, (rows[-1][0], 0))
    since = datetime.fromtimestamp(since_ms / 1000, UTC)
    return taken_up(drained_in(folder).files, since, IDS).tolist()


def test_people_are_counted_once_for_a_title_over_all_files(tmp_path):
    first = [row(1_000, 1, 10), row(2_000, 2, 10)]
    second = [row(3_000, 1, 10), row(4_000, 1, 30)]

    assert counted(tmp_path, 0, first, second) == [2, 0, 1]


def test_only_what_was_said_since_counts_from_the_moment_on(tmp_path):
    first = [row(1_000, 1, 10)]
    second = [row(2_000, 2, 10), row(3_000, 3, 10)]

    assert counted(tmp_path, 3_000, first, second) == [1, 0, 0]
    assert counted(tmp_path, 2_000) == [2, 0, 0]


def test_plans_and_titles_that_the_catalogue_lacks_do_not_count(tmp_path):
    assert counted(tmp_path, 0, [row(1, 1, 20, PLANNED), row(2, 1, 25), row(3, 1, 40)]) == [0] * 3


def test_without_files_nobody_counts(tmp_path):
    assert counted(tmp_path, 0) == [0, 0, 0]
