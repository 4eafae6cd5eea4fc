"""Log lines as JSON objects, each with the id of the request it belongs to."""

import logging
import random
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Final

import orjson

from api.envelope import Done

access: Final = logging.getLogger("api.access")
_FIELDS: Final = "fields"
_LIVE: Final = "/v1/recommendations"
_PROBES: Final = frozenset({"/healthz", "/readyz", "/metrics"})


def _reads(done: Done) -> bool:
    """A live answer is a read too, whatever its method."""
    return done.method in ("GET", "HEAD") or done.route == _LIVE


class JsonLines(logging.Formatter):
    """One object a line: time, level, logger, message, and what a record carries in `fields`."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, _FIELDS, {}),
        }
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return orjson.dumps(line, default=str).decode()


def set_up() -> None:
    """Log to stderr, from now on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    for one in (access, logging.getLogger("schemas.store.audit"), logging.getLogger("api.ops")):
        one.setLevel(logging.INFO)


def access_log(sample: float, draw: Callable[[], float] = random.random) -> Callable[[Done], None]:
    """An observer that logs writes and our failures always, part of the reads, whether or not
    they were refused, and no probe that is well.
    """

    def observe(done: Done) -> None:
        is_ours = done.status >= HTTPStatus.INTERNAL_SERVER_ERROR
        if not is_ours and (done.route in _PROBES or (_reads(done) and draw() >= sample)):
            return
        fields = {
            "method": done.method, "path": done.path[:200], "route": done.route,
            "status": done.status, "source": done.source, "request_id": done.request_id,
            "milliseconds": round(done.seconds * 1000, 3),
        }  # fmt: skip
        access.info("request", extra={_FIELDS: fields})

    return observe
