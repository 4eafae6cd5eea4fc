"""Finding whose data are broken: half by half, so that nobody else is held up."""

import logging
from collections.abc import Callable, Sequence

from redis import RedisError

from schemas.records import UserId

log = logging.getLogger(__name__)


def by_halves(
    users: Sequence[UserId], work: Callable[[Sequence[UserId]], object]
) -> dict[UserId, str]:
    """Do it for all at once; where that fails, for each half, down to one user.

    Returns who failed, and why.

    Raises:
        RedisError: a store is away, which is nobody's fault.
    """
    try:
        work(users)
    except RedisError:
        raise
    except Exception as error:
        if len(users) == 1:
            log.exception("cannot rank again for a user")
            return {users[0]: f"{type(error).__name__}: {error}"}
        half = len(users) // 2
        return by_halves(users[:half], work) | by_halves(users[half:], work)
    return {}
