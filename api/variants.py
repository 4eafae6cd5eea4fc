"""Who sees which generation while two are live: a stable hash of the user decides."""

from hashlib import blake2b
from typing import Final

from schemas.pointer import Pointer
from schemas.records import Generation, UserId

NAMES: Final = "ab"
_SCALE: Final = 2.0**64


def of_user(pointer: Pointer, user_id: UserId) -> tuple[Generation, str]:
    """The generation for a user and the name of the variant; no name where one is live.

    Who sees the second one sees it too when its share grows. Another test draws anew.
    """
    if len(pointer.live) == 1:
        return pointer.live[0].generation, ""
    first, second = pointer.live[:2]
    place = _place(f"{first.generation} {second.generation} {user_id}")
    chosen = int(place < second.share / (first.share + second.share))
    return pointer.live[chosen].generation, NAMES[chosen]


def _place(text: str) -> float:
    """From 0 to below 1, evenly."""
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest()) / _SCALE
