"""Keys and rate limits, asked for before a route runs."""

from typing import Final

from flask import Flask, request

from api.auth import Keys
from api.limits import ADDRESS, KEY, RateLimits

WRITES: Final = frozenset({"rate", "forget"})
LIMITED: Final = WRITES | {"live", "home", "import_list", "rate_on_page"}
OPEN: Final = frozenset(
    {
        "healthz",
        "readyz",
        "metrics",
        "static",
        "dashboard_style",
        "dashboard_script",
        "theme_script",
        "icon",
        "ops_style",
        "openapi",
        "docs",
        "docs_style",
        "docs_script",
    }
)
"""Endpoints that never need a key: they say nothing about anybody."""

SIGNED_IN: Final = frozenset({"ops", "ops_sign_in", "ops_sign_out", "ops_confirm", "ops_act"})
"""Endpoints that ask for a session of their own: browsers send no key (api/ops)."""


class Guard:
    """Refuses what may not be answered.

    Writes always need a key; where reads are private, so does everything but OPEN and SIGNED_IN.
    """

    def __init__(self, keys: Keys, limits: RateLimits | None, *, private_reads: bool) -> None:
        self._keys, self._limits, self._private = keys, limits, private_reads

    @property
    def is_limiting(self) -> bool:
        """Whether some requests are counted, each of which then has to pass here."""
        return self._limits is not None

    def init_app(self, app: Flask) -> None:
        app.before_request(self.check)

    def check(self) -> None:
        endpoint = request.endpoint or ""
        if self._limits is not None and endpoint in LIMITED:
            self._limits.count(ADDRESS, request.remote_addr or "unknown")
        if endpoint in WRITES or (self._private and endpoint and endpoint not in OPEN | SIGNED_IN):
            holder = self._keys.require(request.headers.get("Authorization", ""))
            if self._limits is not None and endpoint in LIMITED:
                self._limits.count(KEY, holder.key_id)
