"""Two live generations at once: an A/B test, begun and ended by one write of the pointer."""

from datetime import datetime
from typing import cast

from redis import Redis

from batch.publish.retention import Retention
from schemas import keys
from schemas.errors import InvalidParameterError, NothingPublishedError
from schemas.pointer import Pointer, Variant
from schemas.records import Generation


def live(retention: Retention) -> Pointer:
    """What serves, in which shares.

    Raises:
        NothingPublishedError: nothing does.
    """
    found = retention.control.pointer()
    if found is None:
        raise NothingPublishedError("nothing is published")
    return found


def split(retention: Retention, other: Generation, share: float, now: datetime) -> Pointer:
    """Give a share of all users, above 0 and below 1, another generation; again: another share.

    Raises:
        InvalidParameterError: the share or the generation is none that can be used.
        NothingPublishedError: nothing serves yet.
    """
    if not 0 < share < 1:
        raise InvalidParameterError(f"the share must be above 0 and below 1, got {share:g}")
    before = live(retention)
    first = before.live[0].generation
    if other == first:
        raise InvalidParameterError(f"{other} is the first variant already")
    record = retention.stored(other, now, "serve")
    retention.revive(record)
    shares = (Variant(first, round(1 - share, 6)), Variant(other, share))
    after = Pointer(shares, before.previous)
    retention.control.swap(after)
    retention.revive(record)  # again: a refresh may have been retiring it before the swap
    retention.settle(now)
    return after


def end(retention: Retention, kept: Generation | None, now: datetime) -> Pointer:
    """Let one of the live generations, by default the first, serve everybody again.

    Raises:
        InvalidParameterError: that one is not live.
        NothingPublishedError: nothing serves yet.
    """
    before = live(retention)
    serving = [one.generation for one in before.live]
    chosen = kept or serving[0]
    if chosen not in serving:
        raise InvalidParameterError(f"{chosen} is not live: {', '.join(serving)}")
    others = [one for one in serving if one != chosen]
    after = Pointer((Variant(chosen, 1.0),), others[0] if others else before.previous)
    retention.control.swap(after)
    retention.settle(now)
    return after


def exposure(client: Redis) -> dict[str, int]:
    """How many answers named each variant, by "variant generation"."""
    found = cast(dict[bytes, bytes], client.hgetall(keys.EXPOSURE))
    return {name.decode(): int(count) for name, count in sorted(found.items())}
