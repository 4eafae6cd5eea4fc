"""A block of users in, their ranked lists out: score, mask, rank, explain, encode."""

from collections.abc import Iterator

import numpy as np
from scipy.sparse import csr_array

from batch.dataset import Histories
from batch.encoding import encode_rankings, pack_reasons
from batch.params import ListParams
from batch.ranking import Ranked, top_n
from batch.reasons import two_largest
from batch.scoring import Model


def user_lists(model: Model, histories: Histories, lists: ListParams) -> Iterator[bytes]:
    """One ranking payload a user, for at most scoring.BLOCK users.

    Whatever is in a user's history, liked, dropped or planned, is no candidate.
    """
    strengths = model.strengths(histories)
    scores = model.score(strengths)
    scores[histories.rows, model.positions[histories.columns]] = -np.inf
    ranked = top_n(scores, model.columns.astype(np.int64), lists.entries)
    return encode_rankings(ranked, _reasons(model, strengths, ranked, lists.reasons))


def _reasons(model: Model, strengths: csr_array, ranked: Ranked, most: int) -> list[bytes]:
    counts = np.minimum(ranked.counts, most).tolist()
    starts = strengths.indptr.tolist()
    longest = int(np.diff(strengths.indptr).max(initial=0))
    gather = model.linear.coefficients.gatherer(longest, most)
    reasons = []
    for user, n in enumerate(counts):
        part = slice(starts[user], starts[user + 1])
        titles = strengths.indices[part]
        entries = model.positions[ranked.columns[user, :n]]
        order = np.argsort(entries)  # neighbours in memory are looked up together
        contributions = model.coefficients(titles, entries[order], gather)
        contributions *= strengths.data[part, None]
        contributors = two_largest(contributions).put_back(order)
        reasons.append(pack_reasons(contributors, model.columns[titles]))
    return reasons
