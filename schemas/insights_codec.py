"""Insights as JSON and back: one object with the fields of the records. docs/redis.md says more."""

from typing import Any, Final

from schemas import documents
from schemas.documents import Document
from schemas.errors import PayloadError
from schemas.insights import Gem, Group, Insights, Leaning, Rise, Rising, Trait, Traits

VERSION: Final = 1


def encode(insights: Insights) -> bytes:
    return documents.dump(insights).encode()


def decode(payload: bytes) -> Insights:
    """Read what `encode` wrote; fields that a newer writer added are ignored.

    Raises:
        PayloadError: an unknown version, or not what `encode` writes.
    """
    found = documents.read_object("Insights", payload)
    if found.get("version") != VERSION:
        raise PayloadError(f"unknown version of insights {found.get('version')!r}")
    try:
        return _insights(found)
    except (KeyError, TypeError, AttributeError) as error:
        raise PayloadError(f"malformed insights: {error!r}") from error


def _insights(found: dict[str, Any]) -> Insights:
    traits = {name: _many(Trait, rows) for name, rows in found["traits"].items()}
    rising = found["rising"]
    parts = {
        "traits": documents.of(Traits, traits),
        "rising": documents.of(Rising, rising | {"items": _many(Rise, rising["items"])}),
        "gems": _many(Gem, found["gems"]),
        "groups": tuple(_group(one) for one in found["groups"]),
    }
    return documents.of(Insights, found | parts)


def _group(found: dict[str, Any]) -> Group:
    parts = {"genres": _many(Leaning, found["genres"]), "titles": tuple(found["titles"])}
    return documents.of(Group, found | parts)


def _many(kind: type[Document], rows: list[dict[str, Any]]) -> tuple[Document, ...]:
    return tuple(documents.of(kind, row) for row in rows)
