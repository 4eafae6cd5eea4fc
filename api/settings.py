"""What the API is told from outside: environment variables, read once into one record."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

from redis.connection import parse_url

from schemas.errors import SettingsError

Value = TypeVar("Value")

MAX_PORT: Final = 65_535
MAX_WORKERS: Final = 256
MAX_TIMEOUT: Final = 60.0


@dataclass(frozen=True, slots=True)
class Settings:
    """`store` is a Redis address and may hold a password: never log it."""

    store: str
    host: str = "127.0.0.1"
    port: int = 8080
    workers: int = 1
    store_timeout: float = 0.25


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
    if problems:
        raise SettingsError("\n".join(problems))
    return Settings(**found)  # type: ignore[arg-type]  # each reader returns its field's type


def _store(text: str) -> str:
    try:
        parse_url(text)  # type: ignore[no-untyped-call]
    except ValueError:
        # The value may hold a password, so it is not repeated.
        raise ValueError("must be a redis://, rediss:// or unix:// address") from None
    return text


def _whole(low: int, high: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        short = len(text) <= len(str(high))
        value = int(text) if short and text.isascii() and text.isdigit() else -1
        if not low <= value <= high:
            raise ValueError(f"must be a whole number from {low} to {high}, got {text[:40]!r}")
        return value

    return read


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
}
