"""From histories to weighted interaction matrices, and which rows validation keeps. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from batch.dataset import Histories
from batch.hashing import GOLDEN, mix
from batch.params import ValidationParams
from schemas.records import Status
from schemas.strengths import strength

_RATINGS = 11
_STATUSES = max(Status) + 1


@dataclass(frozen=True, slots=True)
class Tastes:
    """What users like, (users, titles): `strengths`, and `liking`, each rated title's rating less
    the user's mean rating, which may be zero.

    `ratings`, (users,), is that mean, 0 for somebody who rates nothing.
    """

    strengths: csr_array
    liking: csr_array
    ratings: NDArray[np.float32]


def tastes(
    histories: Histories, table: NDArray[np.float32], positions: NDArray[np.int32], width: int
) -> Tastes:
    """What the models may know of some users; arguments as for `weighted`."""
    liking, ratings = _liking(histories, positions, width)
    return Tastes(weighted(histories, table, positions, width), liking, ratings)


def lookup(strengths: Mapping[str, float]) -> NDArray[np.float32]:
    """A strengths table as an array of shape (rating, status)."""
    known = {int(status) for status in Status}
    return np.array(
        [
            [
                strength(strengths, rating, Status(status)) if status in known else 0.0
                for status in range(_STATUSES)
            ]
            for rating in range(_RATINGS)
        ],
        dtype=np.float32,
    )


def weighted(
    histories: Histories, table: NDArray[np.float32], positions: NDArray[np.int32], width: int
) -> csr_array:
    """Strengths of shape (users, width).

    Args:
        histories: whose interactions.
        table: from `lookup`.
        positions: for each catalogue column its position in the result, or -1 to leave it out.
        width: how many positions there are.
    """
    values = table[histories.ratings, histories.statuses]
    where = positions[histories.columns]
    keep = (where >= 0) & (values != 0)
    starts = np.concatenate(([0], np.cumsum(keep)))[histories.starts]
    return csr_array((values[keep], where[keep], starts), shape=(len(histories), width))


def _liking(
    histories: Histories, positions: NDArray[np.int32], width: int
) -> tuple[csr_array, NDArray[np.float32]]:
    """How much better than their mean each user rates each title.

    Returns:
        Ratings less the user's mean, (users, width), zeros kept; and the means, (users,), 0 for
        somebody who rates nothing.
    """
    rated, lengths = histories.ratings > 0, len(histories)
    sums = np.bincount(histories.rows, histories.ratings, lengths)
    counts = np.bincount(histories.rows[rated], minlength=lengths)
    means = (sums / np.maximum(counts, 1)).astype(np.float32)
    where = positions[histories.columns]
    kept = rated & (where >= 0)
    values = histories.ratings[kept] - means[histories.rows[kept]]
    starts = np.concatenate(([0], np.cumsum(kept)))[histories.starts]
    return csr_array((values, where[kept], starts), shape=(lengths, width)), means


def held_out(
    histories: Histories, anime_ids: NDArray[np.int32], users: int, params: ValidationParams
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which users validation uses, and which of their interactions training must not see.

    Decided by hashing ids, so that it does not depend on shards, on other users, or on titles
    that are new.

    Args:
        histories: some of the users.
        anime_ids: of each catalogue column.
        users: how many there are in the whole data set, for `max_users`.
        params: the shares.

    Returns:
        Masks of shape (users,) and (interactions,).
    """
    share = min(params.user_share, params.max_users / max(users, 1))
    chosen = _uniform(histories.user_ids.astype(np.uint64)) < share
    drawn = _draws(histories, anime_ids, mix(histories.user_ids.astype(np.uint64) + GOLDEN))
    return chosen, chosen[histories.rows] & (drawn < params.row_share)


def measured(user_ids: NDArray[np.int64], params: ValidationParams) -> NDArray[np.bool_]:
    """Which validation users only measure: neither the blend nor the ranker learns from them."""
    found: NDArray[np.bool_] = _uniform(mix(user_ids.astype(np.uint64))) < params.measured_share
    return found


def stopping(user_ids: NDArray[np.int64], params: ValidationParams) -> NDArray[np.bool_]:
    """Of the users that are learned from, those that tell a leg when to stop training.

    As many as measure, and other ones: a leg that stopped where they like it best would look
    better to them than it is.
    """
    keys = mix(mix(user_ids.astype(np.uint64)))
    found: NDArray[np.bool_] = _uniform(keys) < params.measured_share
    return found & ~measured(user_ids, params)


def few(histories: Histories, anime_ids: NDArray[np.int32], most: int) -> NDArray[np.bool_]:
    """A random handful of each user's interactions, from one up to `most`, as a mask."""
    users = mix(histories.user_ids.astype(np.uint64) + GOLDEN + GOLDEN)
    wanted = np.exp(_uniform(users) * np.log(most + 1)).astype(np.int64)
    places = histories.places(_draws(histories, anime_ids, mix(users)))
    found: NDArray[np.bool_] = places < wanted[histories.rows]
    return found


def relevant(histories: Histories, params: ValidationParams) -> NDArray[np.bool_]:
    """Interactions that count as a hit: rated high enough and not dropped."""
    liked: NDArray[np.bool_] = histories.ratings >= params.relevant_rating
    liked &= histories.statuses != Status.DROPPED
    return liked


def _draws(
    histories: Histories, anime_ids: NDArray[np.int32], users: NDArray[np.uint64]
) -> NDArray[np.float64]:
    """A number from 0 to 1 for each interaction, from its user's number and its title."""
    titles = anime_ids[histories.columns].astype(np.uint64)
    return _uniform(users[histories.rows] ^ titles)


def _uniform(keys: NDArray[np.uint64]) -> NDArray[np.float64]:
    """Numbers from 0 to 1 that look random but follow from the keys alone."""
    return mix(keys + GOLDEN) / np.float64(2**64)
