"""Two live generations at once: an A/B test, begun and ended by one write of the pointer."""

from datetime import datetime
from typing import cast

from redis import Redis

from schemas import keys
from schemas.errors import InvalidParameterError, NothingPublishedError
from schemas.pointer import Pointer, Variant
from schemas.records import Generation
from schemas.store.control import NOTHING_YET
from schemas.store.retention import Retention


def live(retention: Retention, seen: bytes | None = None) -> Pointer:
    """What serves, in which shares.

    Raises:
        NothingPublishedError: nothing does.
        FlippedMeanwhileError: the pointer is not what was seen.
    """
    found = retention.seen_or_now(seen)
    if found is None:
        raise NothingPublishedError(NOTHING_YET)
    return found


def split(
    retention: Retention,
    other: Generation,
    share: float,
    now: datetime,
    seen: bytes | None = None,
) -> Pointer:
    """Give a share of all users, above 0 and below 1, another generation; again: another share.

    `seen` is the pointer as whoever asks has seen it, None for whatever it is.

    Raises:
        InvalidParameterError: the share or the generation is none that can be used.
        NothingPublishedError: nothing serves yet.
        FlippedMeanwhileError: the pointer is not what was seen.
    """
    if not 0 < share < 1:
        raise InvalidParameterError(f"the share must be above 0 and below 1, got {share:g}")
    before = live(retention, seen)
    first = before.live[0].generation
    if other == first:
        raise InvalidParameterError(f"{other} is the first variant already")
    record = retention.stored(other, now, "serve")
    retention.revive(record)
    shares = (Variant(first, round(1 - share, 6)), Variant(other, share))
    after = Pointer(shares, before.previous)
    retention.swap(after, now, seen)
    retention.revive(record)  # again: a refresh may have been retiring it before the swap
    retention.settle(now)
    return after


def end(
    retention: Retention, kept: Generation | None, now: datetime, seen: bytes | None = None
) -> Pointer:
    """Let one of the live generations, by default the first, serve everybody again.

    Raises:
        InvalidParameterError: that one is not live.
        NothingPublishedError: nothing serves yet.
        FlippedMeanwhileError: the pointer is not what was seen.
    """
    before = live(retention, seen)
    serving = [one.generation for one in before.live]
    chosen = kept or serving[0]
    if chosen not in serving:
        raise InvalidParameterError(f"{chosen} is not live: {', '.join(serving)}")
    others = [one for one in serving if one != chosen]
    after = Pointer((Variant(chosen, 1.0),), others[0] if others else before.previous)
    retention.swap(after, now, seen)
    retention.settle(now)
    return after


def exposure(client: Redis) -> dict[str, int]:
    """How many answers named each variant, by "variant generation"."""
    found = cast(dict[bytes, bytes], client.hgetall(keys.EXPOSURE))
    return {name.decode(): int(count) for name, count in sorted(found.items())}
