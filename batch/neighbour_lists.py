"""A block of users in, the users nearest to each out, as bytes."""

from collections.abc import Iterator

from batch.dataset import Histories
from batch.neighbours import Nearest, Pool, nearest
from batch.scoring import Model
from schemas import neighbours_codec
from schemas.neighbours_codec import NARROW


def neighbour_lists(model: Model, pool: Pool, histories: Histories, n: int) -> Iterator[bytes]:
    """One payload of at most n neighbours a user, for at most scoring.BLOCK users."""
    vectors = model.user_vectors(model.strengths(histories))
    return encode_nearest(nearest(histories.user_ids, vectors, pool, n))


def encode_nearest(found: Nearest) -> Iterator[bytes]:
    """One payload a user."""
    levels, narrow, wide = (
        found.levels.astype("<u2"), found.user_ids.astype("<u4"), found.user_ids.astype("<u8")
    )  # fmt: skip
    largest = found.user_ids.max(axis=1, initial=0)  # what stands behind a short list is zero
    for user, n in enumerate(found.counts.tolist()):
        width = neighbours_codec.width_for(int(largest[user]))
        ids = (narrow if width == NARROW else wide)[user, :n].tobytes()
        yield neighbours_codec.pack(levels[user, :n].tobytes(), ids, width)
