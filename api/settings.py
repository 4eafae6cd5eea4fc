"""What the API is told from outside: environment variables, read once into one record."""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

from limits import parse_many

from schemas.errors import SettingsError
from schemas.store import addresses
from schemas.store.checks.findings import MOST_HOURS

Value = TypeVar("Value")

MAX_PORT: Final = 65_535
MAX_WORKERS: Final = 256
MAX_TIMEOUT: Final = 60.0
MAX_CACHE_MB: Final = 65_536
MAX_PROXIES: Final = 10
MAX_BACKLOG: Final = 10**9
_ORIGIN: Final = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?")


@dataclass(frozen=True, slots=True)
class Settings:
    """`store` and `ratings_store` are Redis addresses and may hold a password: never log them.

    An empty `ratings_store` means `store`; an empty `rate_limit`, none. `trusted_proxies` says how
    many in front of us tell whom they speak for. `log_sample` is the part of lookups that is
    logged; for `drain_seconds` a server that was told to stop says so before it does. With
    `dashboard_ratings` anybody may rate for any user on the pages. What is live and older than
    `max_age_hours` is too old.
    """

    store: str
    host: str = "127.0.0.1"
    port: int = 8080
    workers: int = 1
    store_timeout: float = 0.25
    ratings_store: str = ""
    cache_mb: int = 64
    private_reads: int = 0
    rate_limit: str = ""
    trusted_proxies: int = 0
    cors_origins: tuple[str, ...] = ()
    ratings_backlog: int = 1_000_000
    log_sample: float = 0.01
    drain_seconds: float = 1.0
    dashboard_ratings: int = 0
    max_age_hours: float = MOST_HOURS


def from_env(env: Mapping[str, str]) -> Settings:
    """Read the settings; an empty variable counts as unset.

    Raises:
        SettingsError: one line for every setting that cannot be used.
    """
    found: dict[str, object] = {}
    problems: list[str] = []
    for field, (name, read) in _READERS.items():
        try:
            if env.get(name):
                found[field] = read(env[name])
            elif field == "store":
                raise ValueError("is required: the Redis to read, such as redis://host:6379/0")
        except ValueError as error:
            problems.append(f"{name} {error}")
    if found.get("dashboard_ratings") and not env.get("ANIREC_RATE_LIMIT"):
        problems.append("ANIREC_DASHBOARD_RATINGS lets anybody write: ANIREC_RATE_LIMIT is needed")
    if problems:
        raise SettingsError("\n".join(problems))
    return Settings(**found)  # type: ignore[arg-type]  # each reader returns its field's type


def _store(text: str) -> str:
    try:
        addresses.parse(text)
    except SettingsError:
        # The value may hold a password, so it is not repeated.
        raise ValueError(f"must be an address like {addresses.FORMS}") from None
    return text


def _whole(low: int, high: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        short = len(text) <= len(str(high))
        value = int(text) if short and text.isascii() and text.isdigit() else -1
        if not low <= value <= high:
            raise ValueError(f"must be a whole number from {low} to {high}, got {text[:40]!r}")
        return value

    return read


def _share(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value <= 1:
        raise ValueError(f"must be a number from 0 to 1, got {text[:40]!r}")
    return value


def _limit(text: str) -> str:
    try:
        parse_many(text)
    except ValueError:
        raise ValueError(f"must be a rate such as 60/minute, got {text[:40]!r}") from None
    return text


def _origins(text: str) -> tuple[str, ...]:
    """Browsers send an origin as scheme, host and port, and nothing behind them."""
    found = tuple(one.strip() for one in text.split(",") if one.strip())
    for one in found:
        if not _ORIGIN.fullmatch(one):
            raise ValueError(f"must be origins such as https://example.org, got {one[:40]!r}")
    return found


def _pause(text: str) -> float:
    return 0.0 if text == "0" else _seconds(text)


def _hours(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise ValueError(f"must be hours, above 0, got {text[:40]!r}")
    return value


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value <= MAX_TIMEOUT:
        rule = f"must be seconds, above 0 and up to {MAX_TIMEOUT:g}"
        raise ValueError(f"{rule}, got {text[:40]!r}")
    return value


_READERS: Final[Mapping[str, tuple[str, Callable[[str], object]]]] = {
    "store": ("ANIREC_STORE", _store),
    "host": ("ANIREC_HOST", str),
    "port": ("ANIREC_PORT", _whole(1, MAX_PORT)),
    "workers": ("ANIREC_WORKERS", _whole(1, MAX_WORKERS)),
    "store_timeout": ("ANIREC_STORE_TIMEOUT", _seconds),
    "ratings_store": ("ANIREC_RATINGS_STORE", _store),
    "cache_mb": ("ANIREC_CACHE_MB", _whole(0, MAX_CACHE_MB)),
    "private_reads": ("ANIREC_PRIVATE_READS", _whole(0, 1)),
    "rate_limit": ("ANIREC_RATE_LIMIT", _limit),
    "trusted_proxies": ("ANIREC_TRUSTED_PROXIES", _whole(0, MAX_PROXIES)),
    "cors_origins": ("ANIREC_CORS_ORIGINS", _origins),
    "ratings_backlog": ("ANIREC_RATINGS_BACKLOG", _whole(0, MAX_BACKLOG)),
    "log_sample": ("ANIREC_LOG_SAMPLE", _share),
    "drain_seconds": ("ANIREC_DRAIN_SECONDS", _pause),
    "dashboard_ratings": ("ANIREC_DASHBOARD_RATINGS", _whole(0, 1)),
    "max_age_hours": ("ANIREC_MAX_AGE_HOURS", _hours),
}
