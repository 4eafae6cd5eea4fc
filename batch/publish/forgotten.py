"""Users who asked to be forgotten stay out of the data set, and out of what a refresh publishes."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from redis import Redis

from batch.publish import store
from schemas.records import Generation, UserId
from schemas.store import forgetting


@dataclass(frozen=True, slots=True)
class Forgotten:
    """Whoever is marked in the store of ratings; `lists` is where generations are."""

    lists: Redis
    ratings: Redis

    def users(self) -> frozenset[UserId]:
        """Everybody, at this moment."""
        return frozenset(forgetting.forgotten(self.ratings))

    def leave(self, generation: Generation) -> None:
        """Erase from a generation whoever asked after its data were read."""
        for user_id, marker in forgetting.forgotten(self.ratings).items():
            if marker.covers(generation):
                forgetting.erase_lists(self.lists, [generation], user_id)


@contextmanager
def opened(lists: Redis, ratings_url: str) -> Iterator[Forgotten]:
    """Follow the markers of a store of ratings, by default of the same Redis."""
    if not ratings_url:
        yield Forgotten(lists, lists)
        return
    with store.connect(ratings_url) as ratings:
        yield Forgotten(lists, ratings)
