"""Frozen dataclasses to JSON and back, for the small records: manifests, pointer, register."""

import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any, TypeVar

from schemas.errors import PayloadError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Document = TypeVar("Document", bound="DataclassInstance")


def dump(document: "DataclassInstance", *, indent: int | None = None) -> str:
    """Write a document as JSON with keys in field order."""
    return json.dumps(asdict(document), indent=indent, ensure_ascii=False, allow_nan=False)


def load(kind: type[Document], text: str | bytes) -> Document:
    """Read a document whose fields are JSON values; unknown fields are ignored.

    Raises:
        PayloadError: not JSON, not an object, or a field without default is missing.
    """
    return of(kind, read_object(kind.__name__, text))


def of(kind: type[Document], found: Mapping[str, Any]) -> Document:
    """Make a document of its fields' values; unknown fields are ignored.

    Raises:
        PayloadError: a field without default is missing.
    """
    names = {field.name for field in fields(kind)}
    try:
        return kind(**{name: value for name, value in found.items() if name in names})
    except (TypeError, ValueError) as error:
        raise PayloadError(f"malformed {kind.__name__}: {error}") from error


def read_object(name: str, text: str | bytes) -> dict[str, Any]:
    """Parse JSON that must be one object.

    Raises:
        PayloadError: it is something else.
    """
    try:
        found = json.loads(text)
    except ValueError as error:
        raise PayloadError(f"{name} is not JSON: {error}") from error
    if not isinstance(found, dict):
        raise PayloadError(f"{name} must be a JSON object, got {type(found).__name__}")
    return found
