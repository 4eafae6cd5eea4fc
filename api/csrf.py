"""Forms that only a page of ours can send: each carries a token that follows from a secret cookie.

Any cookie will do that others cannot read or guess, of a session or of nobody in particular, so
nothing has to be kept. Where a browser says from where it sends, that counts too.
"""

import hmac
import secrets
from typing import Final
from urllib.parse import urlsplit

from flask import Request
from werkzeug.datastructures import Headers

from schemas.errors import RecommenderError

FIELD: Final = "csrf"
"""What forms call the token."""
_ABOUT: Final = b"anirec form"
_OURS: Final = frozenset({"same-origin", "none"})
"""none: somebody typed the address, or reloads."""
_TOLD_NOTHING: Final = frozenset({None, "null"})
"""Browsers say null for our own forms, since our pages send no referrer."""


class ForgedError(RecommenderError):
    """A form was not sent by a page of ours, or by one that is too old."""


def new_secret() -> str:
    """For a cookie, where there is none yet."""
    return secrets.token_urlsafe(32)


def token(secret: str) -> str:
    """What a form has to carry, for whoever has this cookie."""
    return hmac.new(secret.encode(), _ABOUT, "sha256").hexdigest()


def require(request: Request, secret: str) -> None:
    """Let only our own forms pass; `secret` is what the cookie has, empty for no cookie.

    Raises:
        ForgedError: it is another one's.
    """
    if not _is_from_us(request.headers, request.host):
        raise ForgedError("this form was sent by another site")
    sent = request.form.get(FIELD, "")
    if not secret or not hmac.compare_digest(token(secret).encode(), sent.encode()):
        raise ForgedError("this form is too old, or cookies are off: open the page again")


def _is_from_us(headers: Headers, host: str) -> bool:
    where = headers.get("Sec-Fetch-Site")
    if where is not None:
        return where in _OURS
    origin = headers.get("Origin")
    return origin in _TOLD_NOTHING or urlsplit(origin).netloc == host
