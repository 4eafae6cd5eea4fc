import json
from typing import Any, cast

import pytest

from schemas.errors import PayloadError
from schemas.store.register import Register, State


class Hashes:
    """As much of a Redis client as reading the register takes."""

    def __init__(self, *records: dict[str, str]) -> None:
        self._records = records

    def hgetall(self, _key: str) -> dict[bytes, bytes]:
        return {one["generation"].encode(): json.dumps(one).encode() for one in self._records}


def register(*records: dict[str, str]) -> Register:
    return Register(cast(Any, Hashes(*records)))


def test_records_are_read_oldest_first():
    found = register(
        {"generation": "20261125T000000Z", "state": "live"},
        {"generation": "20261124T000000Z", "state": "superseded"},
    ).records()

    assert [one.state for one in found] == [State.SUPERSEDED, State.LIVE]


def test_a_state_that_only_a_newer_version_knows_names_its_generation():
    newer = register({"generation": "20261124T000000Z", "state": "canary"})

    with pytest.raises(PayloadError, match="generation 20261124T000000Z has the state 'canary'"):
        newer.records()
