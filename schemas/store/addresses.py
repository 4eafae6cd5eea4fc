"""The addresses that a store may have: one server, a Cluster, or Sentinels that know one."""

import re
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import urlsplit

from redis.connection import parse_url

from schemas.errors import SettingsError

FORMS: Final = (
    "redis://, rediss:// or unix://, redis+cluster://HOST:PORT,HOST:PORT, or "
    "redis+sentinel://HOST:PORT,HOST:PORT/SERVICE/DB (rediss+… for TLS)"
)
_SEVERAL: Final = re.compile(r"(rediss?)\+(cluster|sentinel)://(.*)", re.DOTALL)
_NODE: Final = re.compile(r"(\[[0-9a-fA-F:.]+\]|[^\[\]:/?#@,\s]+)(?::([0-9]{1,5}))?")
_PORTS: Final = {"cluster": 6379, "sentinel": 26379}
_MAX_PORT: Final = 65_535

Kind = Literal["server", "cluster", "sentinel"]


@dataclass(frozen=True, slots=True)
class Address:
    """`options` are redis-py's, and may hold a password: never log them.

    `nodes` are the first to be asked in a cluster, or the Sentinels that know `service`.
    """

    kind: Kind
    options: dict[str, object]
    nodes: tuple[tuple[str, int], ...] = ()
    service: str = ""
    tls: bool = False


def parse(url: str) -> Address:
    """Read an address.

    Raises:
        SettingsError: it cannot be understood. It may hold a password, so neither it nor what
            is wrong in it is repeated.
    """
    try:
        several = _SEVERAL.fullmatch(url)
        if several is None:
            return Address("server", _options(url))
        scheme, kind, rest = several.groups()
        return _several(scheme, "cluster" if kind == "cluster" else "sentinel", rest)
    except ValueError:
        raise SettingsError(
            f"cannot use the store address: it must be {FORMS}, and special characters in a "
            "password must be percent-encoded"
        ) from None


def _several(scheme: str, kind: Literal["cluster", "sentinel"], rest: str) -> Address:
    """Options are read as those of one server, with a host that nobody will ask."""
    where, mark, query = rest.partition("?")
    credentials, at, where = where.rpartition("@")
    hosts, _, path = where.partition("/")
    nodes = tuple(_node(one, _PORTS[kind]) for one in hosts.split(","))
    service, _, database = path.partition("/")
    if (kind == "sentinel") != bool(service) or (kind == "cluster" and path):
        raise ValueError
    options = _options(f"{scheme}://{credentials}{at}host:1/{database or 0}{mark}{query}")
    for name in ("host", "port", "connection_class", *(["db"] if kind == "cluster" else [])):
        options.pop(name, None)
    return Address(kind, options, nodes, service, scheme == "rediss")


def _node(text: str, port: int) -> tuple[str, int]:
    found = _NODE.fullmatch(text)
    if found is None:
        raise ValueError
    chosen = int(found[2] or port)
    if not 0 < chosen <= _MAX_PORT:
        raise ValueError
    return found[1].strip("[]"), chosen


def _options(url: str) -> dict[str, object]:
    split = urlsplit(url)
    if split.scheme != "unix" and split.path.strip("/") and not split.path.strip("/").isdigit():
        raise ValueError  # redis-py would take database 0
    return dict(parse_url(url))  # type: ignore[no-untyped-call]
