"""Which parameters a caller may send, each said once for query strings and bodies."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Protocol
from urllib.parse import parse_qsl

from schemas.errors import InvalidParameterError

MAX_LIMIT: Final = 100
MAX_QUERY: Final = 4_096
MAX_SHOWN: Final = 40
_DECIMAL: Final = re.compile(r"[0-9]{1,20}(?:\.[0-9]{0,20})?|\.[0-9]{1,20}")


@dataclass(frozen=True, slots=True)
class Listing:
    """How a list is asked for; the defaults are what an absent parameter means."""

    limit: int = 10
    reasons: int = 1
    franchise: str = "one"
    adult: int = 0
    niche: float = 0.0


class Parameter(Protocol):
    """One parameter: reads what a caller sent, or says what is allowed.

    Raises:
        InvalidParameterError: refused.
    """

    def from_text(self, name: str, text: str) -> int | float | str: ...
    def from_json(self, name: str, value: object) -> int | float | str: ...


class OneOf:
    """What is allowed, in words and as a set."""

    def __init__(self, rule: str, values: tuple[int | str, ...]) -> None:
        self.rule = rule
        self._values = frozenset(values)
        self._by_text = {str(value): value for value in values}

    def from_text(self, name: str, text: str) -> int | str:
        if text not in self._by_text:
            raise refused(name, self.rule, text)
        return self._by_text[text]

    def from_json(self, name: str, value: object) -> int | str:
        # True == 1 and 1.0 == 1 in Python, not for a caller who is told "an integer".
        if type(value) not in (int, str) or value not in self._values:
            raise refused(name, self.rule, value)
        return value


class Share:
    """A number from 0 to 1."""

    rule = "a number from 0 to 1"

    def from_text(self, name: str, text: str) -> float:
        if not _DECIMAL.fullmatch(text) or float(text) > 1:
            raise refused(name, self.rule, text)
        return float(text)

    def from_json(self, name: str, value: object) -> float:
        if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= 1:
            raise refused(name, self.rule, value)
        return abs(float(value))  # -0.0 is 0


# A filter is added here, and as a field of Listing.
PARAMETERS: Final[Mapping[str, Parameter]] = {
    "limit": OneOf(f"an integer from 1 to {MAX_LIMIT}", tuple(range(1, MAX_LIMIT + 1))),
    "reasons": OneOf("0 or 1", (0, 1)),
    "franchise": OneOf("'one' or 'all'", ("one", "all")),
    "adult": OneOf("0 or 1", (0, 1)),
    "niche": Share(),
}


@lru_cache(maxsize=1024)
def parse_query(query: bytes, allowed: tuple[str, ...]) -> Listing:
    """Read a raw query string of which only the parameters named in `allowed` are accepted.

    Raises:
        InvalidParameterError: unknown, repeated, refused or too long.
    """
    if len(query) > MAX_QUERY:
        raise InvalidParameterError(f"the query string must be at most {MAX_QUERY} bytes long")
    found: dict[str, int | float | str] = {}
    for name, text in parse_qsl(query.decode(errors="replace"), keep_blank_values=True):
        if name not in allowed:
            raise unknown("query parameter", name, allowed)
        if name in found:
            raise InvalidParameterError(f"{name} must be given once")
        found[name] = PARAMETERS[name].from_text(name, text)
    return Listing(**found)  # type: ignore[arg-type]  # as PARAMETERS says


def unknown(kind: str, name: str, allowed: tuple[str, ...]) -> InvalidParameterError:
    listed = f"allowed here: {', '.join(allowed)}" if allowed else "none is allowed here"
    return InvalidParameterError(f"unknown {kind} {shown(name)}; {listed}")


def refused(name: str, rule: str, value: object) -> InvalidParameterError:
    return InvalidParameterError(f"{name} must be {rule}, got {shown(value)}")


def shown(value: object) -> str:
    """A value as the caller wrote it, short enough for a message and safe to encode."""
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "an array"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    text = ascii(value)
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"
