"""Where the microseconds of one lookup go: python -m tests.benchmarks.profile_lookup STORE."""

import cProfile
import pstats
import sys
import time
from typing import Any

from api import process
from api.settings import Settings
from tests.benchmarks.lookups import published


def main(url: str) -> None:
    """Time whole requests without a network, then say which functions take the time."""
    users = published(url).users
    for megabytes in (64, 0):
        app = process.build(Settings(url, cache_mb=megabytes, log_sample=0)).wsgi_app
        for _ in range(2 if megabytes else 0):
            _ask(app, users)
        started = time.perf_counter()
        _ask(app, users)
        microseconds = (time.perf_counter() - started) / len(users) * 1e6
        print(f"\ncache of {megabytes} MB: {microseconds:.1f} us a request, with the envelope")
        profile = cProfile.Profile()
        profile.runcall(_ask, app, users)
        pstats.Stats(profile).sort_stats("tottime").print_stats(14)


def _ask(app: Any, users: Any) -> None:
    for user in users:
        environ = {
            "REQUEST_METHOD": "GET", "PATH_INFO": f"/v1/users/{user}/recommendations",
            "QUERY_STRING": "",
        }  # fmt: skip
        app(environ, lambda *_: None)


if __name__ == "__main__":
    main(sys.argv[1])
