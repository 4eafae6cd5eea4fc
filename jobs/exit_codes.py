"""Which exit code an error asks for."""

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


def exit_code_of(error: BaseException) -> int | None:
    """The code for an error we understand; None for one that deserves a traceback.

    A store that is away may arrive wrapped by a pipeline runner, so causes are looked at too.
    """
    if isinstance(error, SettingsError | InvalidParameterError):
        return MISUSED
    if isinstance(error, DataRefusedError | GateRefusedError):
        return REFUSED
    if isinstance(error, TryAgainError) or _store_is_away(error):
        return TRY_AGAIN
    return FAILED if isinstance(error, RecommenderError) else None


def _store_is_away(error: BaseException | None) -> bool:
    """By name, since not every command has a Redis client installed."""
    while error is not None:
        kinds = {f"{kind.__module__}.{kind.__name__}" for kind in type(error).__mro__}
        if kinds & {"redis.exceptions.ConnectionError", "redis.exceptions.TimeoutError"}:
            return True
        error = error.__cause__ or error.__context__
    return False
