"""The small record that says which generation is live."""

import json
from dataclasses import dataclass

from schemas.documents import read_object
from schemas.errors import PayloadError
from schemas.records import Generation


@dataclass(frozen=True, slots=True)
class Variant:
    """A live generation and the share, above 0 and up to 1, of users it serves."""

    generation: Generation
    share: float


@dataclass(frozen=True, slots=True)
class Pointer:
    """One live generation, or two in an A/B test; `previous` is what a rollback returns to."""

    live: tuple[Variant, ...]
    previous: Generation | None = None


def encode(pointer: Pointer) -> str:
    """Write the pointer as JSON."""
    live = [{"generation": one.generation, "share": one.share} for one in pointer.live]
    return json.dumps({"live": live, "previous": pointer.previous})


def decode(text: str | bytes) -> Pointer:
    """Read a pointer.

    Raises:
        PayloadError: it names no live generation or is not a pointer.
    """
    found = read_object("pointer", text)
    try:
        live = tuple(
            Variant(Generation(str(one["generation"])), float(one["share"]))
            for one in found["live"]
        )
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise PayloadError(f"malformed pointer: {error!r}") from error
    if not live:
        raise PayloadError("the pointer names no live generation")
    return Pointer(live, found.get("previous"))
