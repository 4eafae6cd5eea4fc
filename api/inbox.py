"""Takes ratings in, whoever sends them: a program with a key, or a form of our own pages."""

from redis import Redis

from api import service
from api.bodies import STATUSES, GivenTitle
from api.repository import Rankings
from api.service import UnknownAnimeError
from schemas.errors import InvalidParameterError, RecommenderError
from schemas.ratings import Rating
from schemas.records import AnimeId, Status, UserId
from schemas.store import ratings


class ConflictError(RecommenderError):
    """An idempotency key was used before, for something else."""


class BacklogFullError(RecommenderError):
    """As many ratings as allowed wait for the nightly refresh."""


class Inbox:
    """Puts ratings into the Redis that keeps them, of which at most `backlog` may wait."""

    def __init__(self, rankings: Rankings, kept: Redis, backlog: int) -> None:
        self._rankings, self._kept, self._backlog = rankings, kept, backlog

    def put(self, rating: Rating, idempotency_key: str = "") -> str:
        """Keep a rating; gives its id.

        Raises:
            UnknownAnimeError: the live catalogue lacks the title.
            ConflictError, BacklogFullError: it was not kept.
        """
        if rating.anime_id not in service.current(self._rankings).catalogue.column_of:
            raise UnknownAnimeError(f"anime {rating.anime_id} is not in the catalogue")
        receipt = ratings.append(self._kept, rating, self._backlog, idempotency_key)
        if receipt.outcome == "conflict":
            raise ConflictError("this Idempotency-Key was sent before, with another rating")
        if receipt.outcome == "full":
            raise BacklogFullError("too many ratings wait to be learned from; try again later")
        return receipt.entry


def rating_of(user_id: UserId, sent: GivenTitle) -> Rating:
    """What somebody says of a title.

    Raises:
        InvalidParameterError: neither a rating nor a status is said.
    """
    if "rating" not in sent and "status" not in sent:
        raise InvalidParameterError("a rating, a status, or both are required")
    status = STATUSES[sent["status"]] if "status" in sent else Status.UNKNOWN
    return Rating(user_id, AnimeId(sent["anime_id"]), sent.get("rating", 0), status)
