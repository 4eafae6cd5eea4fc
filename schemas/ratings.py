"""What is kept of a rating that somebody has just sent: a stream entry and a recent record.

docs/redis.md draws both. The stream is what tomorrow's lists are made of; the recent records of
a user are what answers look at until then.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from struct import Struct
from typing import Final

from schemas.errors import PayloadError
from schemas.history_codec import STATUS_SHIFT
from schemas.records import MAX_ANIME_ID, MAX_USER_ID, AnimeId, Status, UserId

RECORD: Final = Struct("<IBQI")
"""A recent record: anime, mark as in a history, and the two halves of the stream entry's id."""
MAX_RATING: Final = 10
NOTHING: Final = (0, 0)
"""Before every entry of the stream."""
_RATING_MASK: Final = 15
_NUMBER_BITS: Final = 20
"""Entries of one millisecond are numbered; there are never a million of them."""


@dataclass(frozen=True, slots=True)
class Rating:
    """What a user says of a title; rating 0 where none was given."""

    user_id: UserId
    anime_id: AnimeId
    rating: int = 0
    status: Status = Status.UNKNOWN


@dataclass(frozen=True, slots=True)
class Recent:
    """A rating that no nightly list knows yet; `entry` is its place in the stream."""

    anime_id: AnimeId
    rating: int
    status: Status
    entry: tuple[int, int]


def mark(rating: int, status: Status) -> int:
    """Rating and status in one byte, as a history has them."""
    return rating | status << STATUS_SHIFT


def fields(rating: Rating) -> dict[str, int]:
    """The fields of a stream entry, in order."""
    return {
        "user": rating.user_id,
        "anime": rating.anime_id,
        "rating": rating.rating,
        "status": int(rating.status),
    }


def read_fields(found: Mapping[bytes, bytes]) -> Rating:
    """Read a stream entry; fields that are not known are ignored.

    Raises:
        PayloadError: a field is missing or says something impossible.
    """
    try:
        user, anime, rating, status = (
            int(found[name]) for name in (b"user", b"anime", b"rating", b"status")
        )
        read = Rating(UserId(user), AnimeId(anime), rating, Status(status))
    except (KeyError, ValueError) as error:
        raise PayloadError(f"malformed rating: {error!r}") from error
    if not (0 <= user <= MAX_USER_ID and 1 <= anime <= MAX_ANIME_ID and 0 <= rating <= MAX_RATING):
        raise PayloadError(f"impossible rating: {read}")
    return read


def read_recent(payload: bytes) -> tuple[Recent, ...]:
    """Read a user's recent records, oldest first.

    Raises:
        PayloadError: the bytes are not whole records, or one says something impossible.
    """
    if len(payload) % RECORD.size:
        raise PayloadError(f"recent ratings of {len(payload)} bytes are not whole records")
    try:
        return tuple(
            Recent(AnimeId(anime), marks & _RATING_MASK, Status(marks >> STATUS_SHIFT), (ms, n))
            for anime, marks, ms, n in RECORD.iter_unpack(payload)
        )
    except ValueError as error:
        raise PayloadError(f"malformed recent rating: {error}") from error


def revision(entry: tuple[int, int]) -> int:
    """What an overlay is numbered with that knows all ratings up to an entry; grows with it."""
    ms, number = entry
    return ms << _NUMBER_BITS | min(number, 2**_NUMBER_BITS - 1)


def entry_of(number: int) -> tuple[int, int]:
    """The entry that a revision stands for."""
    return number >> _NUMBER_BITS, number & (2**_NUMBER_BITS - 1)


def entry_id(text: str | bytes) -> tuple[int, int]:
    """The two halves of a stream entry's id, which order entries in time.

    Raises:
        PayloadError: it is not one.
    """
    plain = text.decode(errors="replace") if isinstance(text, bytes) else text
    first, _, second = plain.partition("-")
    try:
        return int(first), int(second)
    except ValueError as error:
        raise PayloadError(f"{plain!r} is not the id of a stream entry") from error
