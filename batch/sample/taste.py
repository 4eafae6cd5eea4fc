"""The taste model: what the users of one block watch, how far they get and how they rate it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from batch.sample import people
from batch.sample.features import Columns, Doubles, Features, Floats, Integers
from batch.sample.people import People

BLOCK_USERS = 128
"""Small enough for the score matrix of a large catalogue to stay near the processor.

It is part of what a seed means: another value gives other files.
"""

WATCHING, COMPLETED, ON_HOLD, DROPPED, PLANNED = 1, 2, 3, 4, 6

_USERS_STREAM = 1
_UNKNOWN_LENGTH = 600  # episodes of a series that still runs
_UNSCORED_SHARE = np.array([0, 0.65, 0, 0.7, 0.5, 0, 1], dtype=np.float32)  # by status
_FAINTEST = np.float32(-60)  # a smaller weight would be 0 in 32 bits
_WATCHING_BELOW, _ON_HOLD_BELOW = 0.07, 0.10  # of a uniform draw
_WORST_KEPT = 5  # nobody drops what they would rate higher


@dataclass(frozen=True, slots=True)
class Interactions:
    """Parallel arrays, one entry per interaction, sorted by user and then by column.

    ``user`` counts from 0 inside the block; ``rating`` 0 means unscored.
    """

    user: Columns
    column: Columns
    rating: Integers
    status: Integers
    watched: Integers


@dataclass(frozen=True, slots=True)
class _Layer:
    """Titles at the same depth of their franchises; ``joy`` is near 0 for an average one."""

    user: Columns
    column: Columns
    status: Integers
    joy: Floats


@dataclass(frozen=True, slots=True)
class _Block:
    """``fit`` has shape (users, anime)."""

    features: Features
    people: People
    fit: Floats
    rng: np.random.Generator


def simulate(features: Features, seed: int, index: int) -> Interactions:
    """All BLOCK_USERS users of the block; depends on nothing but the three arguments.

    Equal bit by bit only on the same kind of processor and the same numpy.
    """
    sequence = np.random.SeedSequence(seed, spawn_key=(_USERS_STREAM, index))
    rng = np.random.default_rng(sequence)
    crowd = people.draw(BLOCK_USERS, features, rng)
    affinity = crowd.leanings @ features.traits
    user, column = _starts(affinity, crowd, features, rng)
    block = _Block(features, crowd, _standardised(affinity, user, column), rng)
    return _sorted(_rated(block, _joined(list(_layers(block, user, column)))), affinity.shape[1])


def _starts(
    affinity: Floats, crowd: People, features: Features, rng: np.random.Generator
) -> tuple[Columns, Columns]:
    """Weighted draws without replacement: the smallest of exponentials divided by the weights."""
    log_weights = affinity[:, features.starts] + features.popularity[features.starts]
    log_weights -= log_weights.max(axis=1, keepdims=True)
    weights = np.exp(np.maximum(log_weights, _FAINTEST))
    arrival = rng.standard_exponential(weights.shape, dtype=np.float32) / weights
    last = [
        np.partition(row, wanted - 1)[wanted - 1]
        for row, wanted in zip(arrival, crowd.starts, strict=True)
    ]
    user, position = np.nonzero(arrival <= np.array(last)[:, np.newaxis])
    return user, features.starts[position]


def _standardised(affinity: Floats, user: Columns, column: Columns) -> Floats:
    """Mean 0 and spread about 1 over what each user met, so that taste orders their own list."""
    met = affinity[user, column]
    number = np.bincount(user)
    mean = np.bincount(user, met) / number
    variance = np.bincount(user, (met - mean[user]) ** 2) / number
    spread = np.sqrt(variance + 0.1)
    return ((affinity - mean[:, np.newaxis]) / spread[:, np.newaxis]).astype(np.float32)


def _layers(block: _Block, user: Columns, column: Columns) -> Iterator[_Layer]:
    """The beginnings of franchises, then what continues them, as deep as somebody goes."""
    planned = block.rng.random(user.size) < block.people.planned[user]
    layer = _met(block, user, column, planned)
    while layer.user.size:
        yield layer
        layer = _continuations(block, layer)


def _met(block: _Block, user: Columns, column: Columns, planned: NDArray[np.bool_]) -> _Layer:
    luck = block.rng.standard_normal(user.size, dtype=np.float32)
    joy = 0.6 * block.fit[user, column] + 0.5 * block.features.quality[column] + 0.6 * luck
    status = _statuses(block, column, joy)
    return _Layer(user, column, np.where(planned, PLANNED, status), joy)


def _statuses(block: _Block, column: Columns, joy: Floats) -> Integers:
    episodes = block.features.episodes[column]
    chance = block.rng.random(column.size)
    status = np.full(column.size, COMPLETED, dtype=np.int64)
    status[(chance < _ON_HOLD_BELOW) & (episodes > 1)] = ON_HOLD
    status[((chance < _WATCHING_BELOW) & (episodes > 1)) | (episodes == 0)] = WATCHING
    status[chance > 1 - 0.5 * _chance(-2.8 - 1.8 * joy)] = DROPPED
    return status


def _continuations(block: _Block, layer: _Layer) -> _Layer:
    """Who completed a title and liked it mostly goes on; some of the others plan to."""
    parent, column = _children(block.features, layer)
    user = layer.user[parent]
    popularity = block.features.popularity
    step = popularity[column] - popularity[layer.column[parent]]
    goes_on = _chance(1.2 + 1.3 * layer.joy[parent] + 0.5 * step)
    draw = block.rng.random(user.size)
    plans = goes_on + (1 - goes_on) * 0.5 * block.people.planned[user]
    kept = draw < plans
    return _met(block, user[kept], column[kept], (draw >= goes_on)[kept])


def _children(features: Features, layer: _Layer) -> tuple[Columns, Columns]:
    """Positions in the layer and what continues them, one pair per continuation."""
    done = np.flatnonzero(layer.status == COMPLETED)
    first = features.offsets[layer.column[done]]
    number = features.offsets[layer.column[done] + 1] - first
    within = np.arange(number.sum()) - np.repeat(np.cumsum(number) - number, number)
    return np.repeat(done, number), features.children[np.repeat(first, number) + within]


def _joined(layers: Sequence[_Layer]) -> _Layer:
    return _Layer(
        user=np.concatenate([layer.user for layer in layers]),
        column=np.concatenate([layer.column for layer in layers]),
        status=np.concatenate([layer.status for layer in layers]),
        joy=np.concatenate([layer.joy for layer in layers]),
    )


def _rated(block: _Block, layer: _Layer) -> Interactions:
    crowd, user = block.people, layer.user
    opinion = np.rint(crowd.mean[user] + crowd.spread[user] * layer.joy)
    rating = np.clip(opinion, 1, np.where(layer.status == DROPPED, _WORST_KEPT, 10))
    silent = np.maximum(crowd.unscored[user], _UNSCORED_SHARE[layer.status])
    rating[block.rng.random(user.size) < silent] = 0
    watched = _watched(block, layer)
    return Interactions(user, layer.column, rating.astype(np.int64), layer.status, watched)


def _watched(block: _Block, layer: _Layer) -> Integers:
    episodes = block.features.episodes[layer.column]
    length = np.where(episodes == 0, _UNKNOWN_LENGTH, episodes)
    part = np.ceil(block.rng.random(length.size) * (length - 1)).astype(np.int64)
    part[layer.status == PLANNED] = 0
    return np.where(layer.status == COMPLETED, length, part)


def _sorted(rows: Interactions, anime: int) -> Interactions:
    order = np.argsort(rows.user * anime + rows.column)
    return Interactions(
        user=rows.user[order],
        column=rows.column[order],
        rating=rows.rating[order],
        status=rows.status[order],
        watched=rows.watched[order],
    )


def _chance(log_odds: Floats) -> Doubles:
    return 1 / (1 + np.exp(-log_odds.astype(np.float64)))
