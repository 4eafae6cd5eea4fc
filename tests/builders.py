"""Short ways to say test data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from redis import Redis

from schemas import (
    catalogue_codec,
    documents,
    history_codec,
    influence_codec,
    insights_codec,
    keys,
    neighbours_codec,
    pointer,
    ranking_codec,
)
from schemas.insights import Insights, Rising, Traits
from schemas.manifests import GenerationManifest
from schemas.pointer import Pointer, Variant
from schemas.records import (
    Anime,
    AnimeId,
    Column,
    Entry,
    Generation,
    Interaction,
    Neighbour,
    Ranking,
    Reason,
    UserId,
)

GENERATION = Generation("20261124T020000Z")
LATER = Generation("20261125T020000Z")

STRENGTHS = {f"rated_{n}": (n - 5) / 5 for n in range(1, 11)} | {
    "unscored": 0.25,
    "dropped": -0.5,
    "planned": 0.0,
}
"""A 10 counts 1, a 5 nothing, a 1 -0.8."""


def ranking(*columns: int, reasons: Mapping[int, float] | None = None) -> Ranking:
    """Descending scores, so order in the call is order in the ranking.

    `reasons`, from column to share, are those of every entry.
    """
    because = tuple(Reason(Column(column), share) for column, share in (reasons or {}).items())
    return tuple(
        Entry(Column(column), 1.0 / (rank + 1), reasons=because)
        for rank, column in enumerate(columns)
    )


def anime(anime_id: int, title: str = "", **facts: Any) -> Anime:
    return Anime(AnimeId(anime_id), title or f"Anime {anime_id}", **facts)


def catalogue(*anime_ids: int) -> tuple[Anime, ...]:
    """One plain title for each id; the first is column 0."""
    return tuple(anime(anime_id) for anime_id in anime_ids)


def manifest(generation: Generation = GENERATION, **parts: Any) -> GenerationManifest:
    facts: dict[str, Any] = {
        "generation": generation,
        "created": "2026-11-24T02:00:00Z",
        "dataset": "sha256:data",
        "model": "model-1",
        "code": "abc",
        "trained": True,
        "reason": "first run",
        "counts": {},
        "bytes": {},
        "metrics": {},
        "strengths": STRENGTHS,
        "genres": [],
        "types": [],
    }
    return GenerationManifest(**(facts | parts))


@dataclass(frozen=True, slots=True)
class SmallGeneration:
    """Everything a generation holds for the API; mappings are by public id.

    An influence row maps a column to its coefficient, neighbours a user id to a similarity.
    Lists are stored without the order that people see: readers work it out.
    """

    generation: Generation = GENERATION
    anime: tuple[Anime, ...] = field(default_factory=lambda: catalogue(1, 2, 3, 4, 5))
    users: Mapping[int, Ranking] = field(default_factory=dict)
    similar: Mapping[int, Ranking] = field(default_factory=dict)
    influences: Mapping[int, Mapping[int, float]] = field(default_factory=dict)
    neighbours: Mapping[int, Mapping[int, float]] = field(default_factory=dict)
    histories: Mapping[int, Sequence[Interaction]] = field(default_factory=dict)
    popular: Ranking = ()
    insights: Insights | None = None
    audiences: bytes | None = None
    genres: Sequence[str] = ()
    strengths: Mapping[str, float] = field(default_factory=lambda: dict(STRENGTHS))
    fame: Mapping[str, float] = field(default_factory=dict)


def publish_small(
    client: Redis, generation: Generation = GENERATION, *, live: bool = True, **parts: Any
) -> SmallGeneration:
    """Write a generation as a refresh would, and make it live unless told not to."""
    made = SmallGeneration(generation, **parts)
    client.mset(payloads(made))
    if live:
        set_live(client, generation)
    return made


def set_live(client: Redis, generation: Generation, previous: Generation | None = None) -> None:
    text = pointer.encode(Pointer((Variant(generation, 1.0),), previous))
    client.hset(keys.CONTROL, "pointer", text)


def payloads(made: SmallGeneration) -> dict[str, bytes | str]:
    """Each key of a generation with its value."""
    name = made.generation
    return {
        keys.manifest(name): documents.dump(described(made)),
        keys.catalogue(name): catalogue_codec.encode(made.anime),
        keys.popular(name): ranking_codec.encode(made.popular),
        **({keys.insights(name): insights_codec.encode(made.insights)} if made.insights else {}),
        **({keys.audiences(name): made.audiences} if made.audiences else {}),
        **{keys.user(name, id): ranking_codec.encode(one) for id, one in made.users.items()},
        **{keys.similar(name, id): ranking_codec.encode(one) for id, one in made.similar.items()},
        **{keys.influence(name, id): influence(row) for id, row in made.influences.items()},
        **{keys.history(name, id): history_codec.encode(one) for id, one in made.histories.items()},
        **{
            keys.neighbours(name, id): neighbours_codec.encode(people(near))
            for id, near in made.neighbours.items()
        },
    }


def insights(**parts: Any) -> Insights:
    """Insights of a small crowd, of which nothing is told but what is said here."""
    facts: dict[str, Any] = {
        "users": 10, "ratings": 40, "liked_from": 8, "support": 1, "few": 2,
        "traits": Traits(), "rising": Rising(28),
    }  # fmt: skip
    return Insights(**(facts | parts))


def described(made: SmallGeneration) -> GenerationManifest:
    """Its manifest."""
    facts = {"strengths": dict(made.strengths), "fame": dict(made.fame)}
    return manifest(made.generation, **facts, genres=list(made.genres))


def people(near: Mapping[int, float]) -> list[Neighbour]:
    """Neighbours in the order given, from user id to similarity."""
    return [Neighbour(UserId(user), similarity) for user, similarity in near.items()]


def influence(row: Mapping[int, float]) -> bytes:
    largest = sorted(row.items(), key=lambda pair: -abs(pair[1]))
    columns, coefficients = [column for column, _ in largest], [value for _, value in largest]
    return influence_codec.encode(columns, coefficients)
