"""The only place that spells a Redis key; docs/redis.md says what lies behind each."""

from collections.abc import Iterable
from typing import Final

from schemas.records import AnimeId, Generation, UserId

_ROOT: Final = "ahr:v1"

CONTROL: Final = f"{_ROOT}:control"
"""Hash: the pointer to the live generation, the lease and its fencing token."""

REGISTER: Final = f"{_ROOT}:generations"
"""Hash: generation -> what became of it."""

MODELS: Final = f"{_ROOT}:models"
"""Hash: model -> what is registered of it."""

PRODUCTION: Final = f"{_ROOT}:production"
"""Which registered model refreshes publish with, and whether it is pinned."""

_RATINGS: Final = "ahr:{ratings}:v1"
"""What one rating touches lies in one slot of a cluster: it is written by one script. No pattern
of a generation matches it.
"""

STREAM: Final = f"{_RATINGS}:stream"
"""Stream: every rating, oldest first."""

DEAD_LETTERS: Final = f"{_RATINGS}:dead"
"""Stream, the newest thousands: entries that no worker could use, and why."""

CHANGES: Final = f"{_RATINGS}:changes"
"""Stream, the newest few thousand entries: whose answers have changed."""

FORGOTTEN: Final = f"{_RATINGS}:forgotten"
"""Hash: user -> when, and the last entry of the stream before."""

_EVENTS: Final = "ahr:events:v1"
_RUNS: Final = "ahr:{runs}:v1"
"""What one run touches lies in one slot too."""

RUNS: Final = f"{_RUNS}:records"
"""Hash: run -> its record; the newest few hundred."""

RUNS_ALIVE: Final = f"{_RUNS}:alive"
"""Hash: run that has not ended -> until when it counts as alive, in ms of the server's time."""

RUNS_LATEST: Final = f"{_RUNS}:latest"
"""Hash: "run" or "success" and a command -> the record of the last one."""

ACCESS: Final = f"{_ROOT}:access"
"""Hash: id of an API key -> its record, with the hash of its secret."""

AUDIT: Final = "ahr:ops:v1:audit"
"""Stream, the newest thousand entries: who changed by hand what is live."""

EXPOSURE: Final = f"{_ROOT}:exposure"
"""Hash: variant and generation -> how many answers named it."""

LIMITS: Final = "ahr:limits"
"""What each counter of a rate limit starts with."""


def recent(user_id: UserId | str) -> str:
    """What the user has rated and no nightly list knows yet; of "*" a SCAN pattern."""
    return f"{_RATINGS}:recent:{user_id}"


def session(digest: str) -> str:
    """An operator's session; the store knows the hash of its token only."""
    return f"ahr:ops:v1:session:{digest}"


def receipts(user_id: UserId) -> str:
    """Hash: hashed idempotency key -> the rating it was sent with."""
    return f"{_RATINGS}:receipts:{user_id}"


def event(identity: str) -> str:
    """Hash: what became of one announcement of a data set."""
    return f"{_EVENTS}:{identity}"


def everything_of(generation: Generation) -> str:
    """A SCAN pattern that matches each key of one generation and no other key."""
    return f"{_ROOT}:{generation}:*"


def prefix(generation: Generation, family: str) -> str:
    """What each key of a per-id family starts with; the id in decimal follows."""
    return f"{_ROOT}:{generation}:{family}:"


def user(generation: Generation, user_id: UserId) -> str:
    return f"{prefix(generation, 'u')}{user_id}"


def history(generation: Generation, user_id: UserId) -> str:
    return f"{prefix(generation, 'h')}{user_id}"


def overlay(generation: Generation, user_id: UserId) -> str:
    """The user's list, ranked again since the generation was written."""
    return f"{prefix(generation, 'o')}{user_id}"


def neighbours(generation: Generation, user_id: UserId) -> str:
    return f"{prefix(generation, 'n')}{user_id}"


def similar(generation: Generation, anime_id: AnimeId) -> str:
    return f"{prefix(generation, 'a')}{anime_id}"


def influence(generation: Generation, anime_id: AnimeId) -> str:
    return f"{prefix(generation, 'i')}{anime_id}"


def influences(generation: Generation, anime_ids: Iterable[AnimeId]) -> list[str]:
    """The keys of some rows, for who asks for many."""
    start = prefix(generation, "i")
    return [f"{start}{one}" for one in anime_ids]


def popular(generation: Generation) -> str:
    return f"{_ROOT}:{generation}:popular"


def popular_in_genre(generation: Generation, genre: str) -> str:
    return f"{_ROOT}:{generation}:popular:genre:{genre}"


def popular_in_type(generation: Generation, anime_type: str) -> str:
    return f"{_ROOT}:{generation}:popular:type:{anime_type}"


def catalogue(generation: Generation) -> str:
    return f"{_ROOT}:{generation}:catalogue"


def manifest(generation: Generation) -> str:
    return f"{_ROOT}:{generation}:manifest"


def insights(generation: Generation) -> str:
    """What is worked out about everybody together."""
    return f"{_ROOT}:{generation}:insights"


def audiences(generation: Generation) -> str:
    """Which genres those lean to who like a title, for all titles that enough people like."""
    return f"{_ROOT}:{generation}:audiences"


def progress(generation: Generation) -> str:
    """How many user lists the running refresh has written."""
    return f"{_ROOT}:{generation}:progress"


def backfill(generation: Generation, selection: str) -> str:
    """How far a backfill of some users has come; goes with the generation."""
    return f"{_ROOT}:{generation}:backfill:{selection}"


def of_user(generation: Generation, user_id: UserId) -> tuple[str, ...]:
    """Every key of a generation that is about one user."""
    return tuple(one(generation, user_id) for one in (user, overlay, history, neighbours))


def generation_of(key: str) -> Generation:
    """The generation that a key of one belongs to."""
    return Generation(key[len(_ROOT) + 1 :].partition(":")[0])
