"""A block of users in, their ranked lists out: score, mask, rank, explain, encode."""

from collections.abc import Iterator

import numpy as np
from scipy.sparse import csr_array

from batch.dataset import Histories
from batch.encoding import encode_rankings, pack_reasons
from batch.explaining import contributors
from batch.params import ListParams
from batch.ranking import Ranked, top_n
from batch.rules import ProductRules
from batch.scoring import Model
from schemas.ranking_codec import NO_COLUMN


def user_lists(
    model: Model, rules: ProductRules, histories: Histories, lists: ListParams
) -> Iterator[bytes]:
    """One ranking payload a user, for at most scoring.BLOCK users.

    Whatever is in a user's history, liked, dropped or planned, is no candidate. Product rules
    are flags beside the entries, and an order of positions behind them.
    """
    scores = model.recommend(histories)
    ranked = top_n(scores, model.columns.astype(np.int64), lists.entries)
    flags = rules.flags(histories, ranked.columns)
    reasons = _reasons(model, model.strengths(histories), ranked, lists.reasons)
    return encode_rankings(ranked, reasons, flags, rules.orders(ranked, flags))


def _reasons(model: Model, strengths: csr_array, ranked: Ranked, most: int) -> list[bytes]:
    # Beyond a short list stands no title: there any one will do, since it is cut off later.
    columns = np.minimum(ranked.columns[:, :most], model.anime - 1)
    found = contributors(model, strengths, model.positions[columns])
    titles = found.titles
    of_user = titles + strengths.indptr[:-1, None, None]
    owned = np.append(model.columns[strengths.indices], NO_COLUMN)  # never empty to take from
    named = owned.take(of_user, mode="clip")
    return pack_reasons(np.where(titles < 0, NO_COLUMN, named), found.shares, ranked.counts)
