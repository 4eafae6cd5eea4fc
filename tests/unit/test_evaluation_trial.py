import numpy as np
import pyarrow as pa
import pytest

from batch.dataset import Dataset
from batch.evaluation.metrics import NOTHING
from batch.evaluation.quality import COVERAGE, LIFT, SEQUELS, compare, measure
from batch.evaluation.slices import slices, users_by_length
from batch.evaluation.splits import Split
from batch.evaluation.titles import titles_of
from batch.evaluation.trial import Trial
from batch.params import ValidationParams
from schemas.manifests import DatasetManifest
from tests.datasets import histories

LIKED, DISLIKED, DONE = 9, 3, 2
ANIME = 6


class InMemoryDataset(Dataset):
    """Knows its anime and nothing else."""

    anime_ids = np.arange(1, ANIME + 1, dtype=np.int32)


def rated(users, rating=LIKED):
    return histories(
        {user: [(column, rating, DONE) for column in sorted(of)] for user, of in users.items()}
    )


def trial(training, hidden, given=None, owned=None, cold=None, franchises=None):
    """Titles 0 to 3 are Action, the others Drama."""
    genres = [["Action"]] * 4 + [["Drama"]] * 2
    table = pa.table({"genres": pa.array(genres, pa.list_(pa.string()))})
    given = training if given is None else given
    split = Split(training, given, given if owned is None else owned, hidden, cold)
    manifest = DatasetManifest("", "", 0, ANIME, 0, [], {}, [])
    dataset = InMemoryDataset(None, manifest)
    return Trial(dataset, titles_of(table, franchises), split, ValidationParams())


def by_column(one, descending=(5, 4, 3, 2, 1, 0)):
    """Scores that rank catalogue columns in this order, whatever the order of candidates."""
    worth = np.zeros(ANIME, np.float32)
    worth[list(descending)] = np.arange(ANIME, 0, -1)
    return lambda given: np.tile(worth[one.candidates], (len(given), 1))


def test_candidates_are_the_titles_of_training_most_watched_first():
    one = trial(rated({1: [0, 2], 2: [2]}), rated({1: [1], 2: []}))

    assert one.candidates.tolist() == [2, 0]


def test_titles_that_a_user_has_are_not_ranked():
    one = trial(rated({1: [0, 1], 2: [2, 3]}), rated({1: [3], 2: [0]}))

    found = one.rank("x", by_column(one))

    assert found.columns.tolist() == [[3, 2, NOTHING, NOTHING], [1, 0, NOTHING, NOTHING]]
    assert found.hit.tolist() == [[True, False, False, False], [False, True, False, False]]


def test_what_a_user_owns_but_did_not_give_is_not_ranked_either():
    training = rated({1: [0, 1, 2, 3]})
    one = trial(training, rated({7: [3]}), given=rated({7: [0]}), owned=rated({7: [0, 1]}))

    assert one.rank("x", by_column(one)).columns.tolist() == [[3, 2, NOTHING, NOTHING]]


def test_users_without_a_liked_hidden_title_do_not_take_part():
    hidden = histories({1: [(1, DISLIKED, DONE)], 2: [(0, LIKED, DONE)], 3: []})
    one = trial(rated({1: [0], 2: [1], 3: [2]}), hidden)

    assert one.split.given.user_ids.tolist() == [2]
    assert one.relevant.tolist() == [1]


def test_a_liked_title_that_training_lacks_counts_as_missed():
    one = trial(rated({1: [0], 2: [1]}), rated({1: [1, 5], 2: []}))

    found = one.rank("x", by_column(one))

    assert found.hit.sum() == 1
    assert one.relevant.tolist() == [2]


def test_cold_titles_are_the_only_candidates_where_there_are_any():
    cold = np.array([1, 4], np.int32)
    one = trial(rated({1: [0, 2]}), rated({1: [4]}), cold=cold)

    found = one.rank("x", by_column(one, (1, 4, 0, 2, 3, 5)))

    assert found.columns.tolist() == [[1, 4]]
    assert found.hit.tolist() == [[False, True]]


def test_a_ranking_can_be_reordered_before_it_is_measured():
    one = trial(rated({1: [0], 2: [1, 2]}), rated({1: [1], 2: []}))

    def without_the_first(given, columns):
        assert len(given) == len(columns)
        return np.hstack([columns[:, 1:], np.full((len(columns), 1), NOTHING, np.int32)])

    plain = one.rank("x", by_column(one))
    reordered = one.rank("x", by_column(one), without_the_first)

    assert plain.columns.tolist() == [[2, 1, NOTHING]]
    assert reordered.columns.tolist() == [[1, NOTHING, NOTHING]]
    assert reordered.hit.tolist() == [[True, False, False]]


def test_figures_describe_the_lists_of_all_users():
    one = trial(
        rated({1: [0, 1], 2: [0, 2], 3: [0]}),
        rated({1: [2], 2: [1], 3: []}),
        franchises=np.array([1, 1, 2, 0, 0, 0]),
    )

    found = measure(one, one.rank("x", by_column(one)))

    assert found.overall[COVERAGE] == 2
    # Both lists show one title with one watcher; what they have was watched by 3, 1, 3 and 1.
    assert found.overall[LIFT] == pytest.approx(1 / 2)
    assert found.per_user[SEQUELS].tolist() == [0, 1]


def test_sequels_are_left_out_where_franchises_are_not_known():
    one = trial(rated({1: [0, 1], 2: [2]}), rated({1: [2], 2: []}))

    assert SEQUELS not in measure(one, one.rank("x", by_column(one))).per_user


def test_a_slice_of_targets_counts_only_its_own_and_users_who_have_some():
    training = rated({1: [0], 2: [1], 3: [2, 3, 4, 5]})
    one = trial(training, rated({1: [5, 1], 2: [0], 3: []}))

    found = slices(one, one.rank("x", by_column(one)))["genre of the target"]

    # User 1 finds the drama at once; its action title comes fifth of 5, user 2's too.
    assert found["Drama"] == pytest.approx(1)
    assert found["Action"] == pytest.approx(1 / np.log2(6))


def test_users_are_sliced_by_how_much_they_gave():
    one = trial(rated({1: [0], 2: [1, 2]}), rated({1: [1], 2: [0]}))

    assert [(name, users.tolist()) for name, users in users_by_length(one)] == [
        ("1–19", [True, True])
    ]


def test_each_method_is_tested_against_the_one_named():
    users = {user: [0] for user in range(12)}
    one = trial(rated({**users, 99: [1, 2, 3]}), rated({**{u: [1] for u in users}, 99: []}))
    good, bad = by_column(one, (1, 2, 3, 4, 5, 0)), by_column(one, (3, 2, 1, 4, 5, 0))

    best, worst = compare(
        [measure(one, one.rank("good", good)), measure(one, one.rank("bad", bad))], "good", 0
    )

    assert (best.p, best.figures["ndcg@10"]) == (None, 1)
    assert worst.p < 0.01
    assert worst.low["ndcg@10"] == worst.high["ndcg@10"] == pytest.approx(0.5)
