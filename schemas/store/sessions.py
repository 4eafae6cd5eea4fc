"""Sessions of operators: a random token for each, of which the store keeps a hash and no more."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, cast

from redis import Redis

from schemas import documents, keys
from schemas.store import access
from schemas.store.access import Access, Scope

IDLE_SECONDS: Final = 30 * 60
"""A session that is not used for so long is over."""
LONGEST: Final = timedelta(hours=8)
_SECRET_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class _Session:
    """Which key began it, by id and hash, and when it is over however much it is used."""

    key_id: str
    digest: str
    ends: str


def begin(client: Redis, holder: Access, now: datetime) -> str:
    """Make a session for the holder of a key; returns its token, which is never stored."""
    token = secrets.token_urlsafe(_SECRET_BYTES)
    made = _Session(holder.key_id, holder.digest, (now + LONGEST).isoformat(timespec="seconds"))
    client.set(_key(token), documents.dump(made), ex=IDLE_SECONDS)
    return token


def holder(client: Redis, token: str, now: datetime) -> Access | None:
    """Whose session it is, if it is one: its key is looked at each time, so that revoking a key
    ends its sessions.
    """
    text = cast(bytes | None, client.getex(_key(token), ex=IDLE_SECONDS))
    if text is None:
        return None
    session = documents.load(_Session, text)
    found = access.find(client, session.key_id)
    if found is None or not _is_valid(session, found, now):
        end(client, token)
        return None
    return found


def end(client: Redis, token: str) -> None:
    """Make a session worthless."""
    client.delete(_key(token))


def _is_valid(session: _Session, key: Access, now: datetime) -> bool:
    same = key.digest == session.digest and key.scope == Scope.OPS
    return same and now < datetime.fromisoformat(session.ends)


def _key(token: str) -> str:
    return keys.session(hashlib.sha256(token.encode()).hexdigest())
