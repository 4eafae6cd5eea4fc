"""What a worker remembers of the store, bounded in bytes; absence is remembered like presence."""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from threading import Lock
from typing import Generic, TypeVar

Value = TypeVar("Value")


@dataclass(slots=True)
class _Kept(Generic[Value]):
    value: Value
    size: int
    used: bool = False


class Cache(Generic[Value]):
    """Lets the oldest go that was not asked for since it came, or since it was last spared.

    Reading takes no lock and moves nothing. A cache of no bytes keeps nothing.
    """

    def __init__(self, most_bytes: int) -> None:
        self._most, self._size = most_bytes, 0
        self._kept: OrderedDict[Hashable, _Kept[Value]] = OrderedDict()
        self._lock = Lock()

    @property
    def size(self) -> int:
        """Bytes, as they were said when they came."""
        return self._size

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: Hashable) -> Value | None:
        found = self._kept.get(key)
        if found is None:
            return None
        found.used = True
        return found.value

    def put(self, key: Hashable, value: Value, size: int) -> None:
        """Remember a value; one larger than an eighth of the cache is not."""
        with self._lock:
            self._drop(key)
            if size * 8 > self._most:
                return
            self._kept[key] = _Kept(value, size)
            self._size += size
            self._make_room()

    def grow(self, key: Hashable, value: Value, more: int) -> None:
        """Count more bytes of a value, if it is still remembered."""
        with self._lock:
            found = self._kept.get(key)
            if found is not None and found.value is value:
                found.size += more
                self._size += more
                self._make_room()

    def drop(self, key: Hashable) -> None:
        """Forget a value."""
        with self._lock:
            self._drop(key)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._kept.clear()
            self._size = 0

    def _drop(self, key: Hashable) -> None:
        found = self._kept.pop(key, None)
        if found is not None:
            self._size -= found.size

    def _make_room(self) -> None:
        while self._size > self._most:
            key, oldest = self._kept.popitem(last=False)
            if oldest.used:
                oldest.used = False
                self._kept[key] = oldest
            else:
                self._size -= oldest.size
