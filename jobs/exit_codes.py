"""Which exit code an error asks for, and what to tell the person about it in one line."""

from collections.abc import Iterator
from typing import Final

from schemas.errors import (
    DataRefusedError,
    GateRefusedError,
    InvalidParameterError,
    RecommenderError,
    SettingsError,
    TryAgainError,
)

FAILED: Final = 1
MISUSED: Final = 2
TRY_AGAIN: Final = 3
REFUSED: Final = 4

_OURS: Final = (
    (SettingsError, MISUSED),
    (InvalidParameterError, MISUSED),
    (DataRefusedError, REFUSED),
    (GateRefusedError, REFUSED),
    (TryAgainError, TRY_AGAIN),
)
_NO_ENTRY: Final = (MISUSED, "the store does not accept the user or password in --store: ")
_AWAY: Final = (TRY_AGAIN, "the store is away: ")
_STORE: Final = {
    "redis.exceptions.AuthenticationError": _NO_ENTRY,
    "redis.exceptions.AuthenticationWrongNumberOfArgsError": _NO_ENTRY,
    "redis.exceptions.AuthorizationError": _NO_ENTRY,
    "redis.exceptions.NoPermissionError": (
        MISUSED, "the user in --store may not do everything that is needed: ",
    ),
    "redis.exceptions.ConnectionError": _AWAY,
    "redis.exceptions.TimeoutError": _AWAY,
    "redis.exceptions.RedisError": (FAILED, "the store refused: "),
}  # fmt: skip
"""By name, since not every command has a Redis client installed; the nearest class decides."""


def exit_code_of(error: BaseException) -> int | None:
    """The code for an error we understand; None for one that deserves a traceback."""
    verdict = _verdict(error)
    return verdict[0] if verdict else None


def message_of(error: BaseException) -> str:
    """One line for the person who ran the command."""
    verdict = _verdict(error)
    return verdict[1] if verdict else _one_line(error)


def _verdict(error: BaseException) -> tuple[int, str] | None:
    """Code and message, also where a pipeline runner has wrapped what went wrong."""
    for kind, code in _OURS:
        if isinstance(error, kind):
            return code, _one_line(error)
    store = next(filter(None, map(_of_store, _chain(error))), None)
    if isinstance(error, RecommenderError):
        # Ours says what was going on, but if the store is away another try may help.
        code = TRY_AGAIN if store and store[0] == TRY_AGAIN else FAILED
        return code, _one_line(error)
    return store or _of_files(error)


def _of_store(error: BaseException) -> tuple[int, str] | None:
    names = (f"{kind.__module__}.{kind.__name__}" for kind in type(error).__mro__)
    found = next((_STORE[name] for name in names if name in _STORE), None)
    return (found[0], found[1] + _one_line(error)) if found else None


def _of_files(error: BaseException | None) -> tuple[int, str] | None:
    """Looks through RuntimeError only, as runners raise it: other errors on top are our bugs."""
    while isinstance(error, RuntimeError):
        error = error.__cause__ or error.__context__
    return (FAILED, _one_line(error)) if isinstance(error, OSError) else None


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())
