"""Our metrics against trec_eval's on the same random lists."""

import numpy as np
import pytest
import pytrec_eval
from scipy.sparse import csr_array

from batch.evaluation.metrics import average_precision, hits, ndcg, ranked, recall, reciprocal_rank

USERS, TITLES, DEPTH = 60, 300, 100
MEASURES = {"ndcg_cut.10,100", "recall.20,50", "map_cut.100", "recip_rank"}


@pytest.fixture(scope="module")
def lists():
    """Scores without ties, what is seen and, apart from that, what is wanted."""
    random = np.random.default_rng(5)
    scores = random.permuted(np.tile(np.arange(TITLES, dtype=np.float32), (USERS, 1)), axis=1)
    draw = random.random((USERS, TITLES))
    share = random.choice([0.005, 0.05, 0.5], (USERS, 1))  # few, some, more than a cutoff holds
    wanted, seen = draw < share, draw > 0.9
    wanted[:, 0] |= ~wanted.any(axis=1)
    return scores, seen & ~wanted, wanted


@pytest.fixture(scope="module")
def ours(lists):
    scores, seen, wanted = lists
    ranking = ranked(scores.copy(), csr_array(seen.astype(np.float32)), DEPTH)
    hit = hits(ranking, csr_array(wanted.astype(np.float32)))
    relevant = wanted.sum(axis=1)
    return {
        "ndcg_cut_10": ndcg(hit, relevant, 10),
        "ndcg_cut_100": ndcg(hit, relevant, 100),
        "recall_20": recall(hit, relevant, 20) * np.minimum(relevant, 20) / relevant,
        "recall_50": recall(hit, relevant, 50) * np.minimum(relevant, 50) / relevant,
        "map_cut_100": average_precision(hit, relevant, 100),
        "recip_rank": reciprocal_rank(hit, 100),
    }


@pytest.fixture(scope="module")
def theirs(lists):
    scores, seen, wanted = lists
    names = [f"t{title}" for title in range(TITLES)]
    run, truth = {}, {}
    for user in range(USERS):
        left = [title for title in range(TITLES) if not seen[user, title]]
        best = sorted(left, key=lambda title: -scores[user, title])[:DEPTH]
        run[f"u{user}"] = {names[title]: float(scores[user, title]) for title in best}
        truth[f"u{user}"] = {names[title]: 1 for title in np.flatnonzero(wanted[user])}
    return pytrec_eval.RelevanceEvaluator(truth, MEASURES).evaluate(run)


@pytest.mark.parametrize(
    "measure",
    ["ndcg_cut_10", "ndcg_cut_100", "recall_20", "recall_50", "map_cut_100", "recip_rank"],
)
def test_every_users_figure_is_that_of_trec_eval(measure, ours, theirs):
    expected = [theirs[f"u{user}"][measure] for user in range(USERS)]

    # Its recall divides by all wanted titles, ours by those that fit; the fixture converts.
    assert ours[measure] == pytest.approx(expected, abs=1e-9)
    assert 0 < np.mean(expected) < 1
