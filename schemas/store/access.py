"""API keys: long random ones, of which the store keeps a hash and no more.

A plain SHA-256 is right for them: it is salts and slow hashes that weak passwords need, and these
have 256 random bits.
"""

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, cast

from redis import Redis

from schemas import documents, keys
from schemas.errors import InvalidParameterError

_START: Final = "ahr"
_SECRET_BYTES: Final = 32


class Scope(StrEnum):
    """What a key is for, and nothing else.

    WRITE: ratings and forgetting, and reading where reads are private. OPS: the operators' page.
    """

    WRITE = "write"
    OPS = "ops"


@dataclass(frozen=True, slots=True)
class Access:
    """One key, without its secret; `digest` is the SHA-256 of the whole key, in hex.

    Keys of before there were scopes are for writing.
    """

    key_id: str
    label: str
    created: str
    digest: str
    scope: str = Scope.WRITE


def create(
    client: Redis, label: str, now: datetime, scope: Scope = Scope.WRITE
) -> tuple[Access, str]:
    """Make a key. The second value is the key itself, which is never to be seen again."""
    key_id = secrets.token_hex(4)
    key = f"{_START}_{key_id}_{secrets.token_urlsafe(_SECRET_BYTES)}"
    made = Access(key_id, label, now.isoformat(timespec="seconds"), _digest(key), scope)
    client.hset(keys.ACCESS, key_id, documents.dump(made))
    return made, key


def everyone(client: Redis) -> dict[str, Access]:
    """All keys by their ids, oldest first."""
    found = cast(dict[bytes, bytes], client.hgetall(keys.ACCESS))
    records = [documents.load(Access, text) for text in found.values()]
    return {one.key_id: one for one in sorted(records, key=lambda one: (one.created, one.key_id))}


def find(client: Redis, key_id: str) -> Access | None:
    """One key by its id."""
    text = cast(bytes | None, client.hget(keys.ACCESS, key_id))
    return documents.load(Access, text) if text else None


def revoke(client: Redis, key_id: str) -> None:
    """Make a key worthless.

    Raises:
        InvalidParameterError: there is none of that id.
    """
    if not client.hdel(keys.ACCESS, key_id):
        raise InvalidParameterError(f"there is no key {key_id!r}: `anirec keys list` shows them")


def holder(key: str, known: Mapping[str, Access]) -> Access | None:
    """Whose key this is, if anybody's. How long it takes tells nothing about a secret."""
    _, _, rest = key.partition("_")
    found = known.get(rest.partition("_")[0])
    expected = found.digest if found else "0" * 64
    return found if hmac.compare_digest(expected, _digest(key)) else None


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
