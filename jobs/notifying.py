"""Tells somebody of a run that went wrong: its record as JSON, by POST to ANIREC_NOTIFY_URL."""

import logging
import os
import threading
from collections.abc import Callable
from typing import IO, Final
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from schemas import documents
from schemas.errors import SettingsError
from schemas.runs import Run

log = logging.getLogger(__name__)

VARIABLE: Final = "ANIREC_NOTIFY_URL"
SECONDS: Final = 10.0
"""How much later than otherwise a failed command may end."""
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


def notifier() -> Callable[[Run], None]:
    """What is to be called with the record of a run that went wrong.

    Raises:
        SettingsError: the address is not one that records may be sent to.
    """
    url = os.environ.get(VARIABLE, "")
    if not url:
        return lambda _: None
    host = _require_safe(url)
    return lambda run: _notify(url, host, run)


def _require_safe(url: str) -> str:
    """The host of an address; the rest may be a secret, and is never shown."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError as error:
        raise SettingsError(f"{VARIABLE} is not an address: {error}") from error
    safe = parts.scheme == "https" or (parts.scheme == "http" and host in _LOOPBACK)
    if not safe or not host or parts.username is not None:
        raise SettingsError(
            f"{VARIABLE} must begin with https:// (http:// for this machine only) and have no user "
            f"or password, got {parts.scheme}://{host}"
        )
    return host


def _notify(url: str, host: str, run: Run) -> None:
    """Try once. In a thread of its own: nothing a network does may hold the command for longer."""
    thread = threading.Thread(target=_post, args=(url, host, run), daemon=True)
    thread.start()
    thread.join(SECONDS)
    if thread.is_alive():
        log.warning("run %s: %s did not take the notification in time", run.id, host)


def _post(url: str, host: str, run: Run) -> None:
    body = documents.dump(run).encode()
    request = Request(url, body, {"Content-Type": "application/json"})
    try:
        build_opener(_NoRedirect).open(request, timeout=SECONDS).close()
    except (OSError, ValueError) as error:
        reason = error.reason if isinstance(error, URLError) else type(error).__name__
        log.warning("run %s: %s was not notified: %s", run.id, host, reason)
    else:
        log.info("run %s: %s was notified", run.id, host)


class _NoRedirect(HTTPRedirectHandler):
    """A record goes where it was meant to go, or nowhere."""

    def redirect_request(self, req: Request, fp: IO[bytes], *_: object) -> None:
        return None
