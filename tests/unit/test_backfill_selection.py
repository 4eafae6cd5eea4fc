from datetime import UTC, datetime, timedelta

import pytest

from batch.backfill.selection import Named, read_since, read_users
from jobs.exit_codes import MISUSED, exit_code_of
from schemas.errors import InvalidParameterError
from schemas.records import MAX_USER_ID


def test_users_are_told_between_commas_or_white_space():
    assert read_users(" 3, 1\n2,,3\t10\r\n", "--users") == Named((1, 2, 3, 10))
    assert read_users(str(MAX_USER_ID), "--users").ids == (MAX_USER_ID,)


@pytest.mark.parametrize("text", ["", " , ", "1,two", "-1", "1.5", str(MAX_USER_ID + 1), "٣"])
def test_what_is_no_user_id_is_refused(text):
    with pytest.raises(InvalidParameterError, match="--users takes user ids") as refused:
        read_users(text, "--users")

    assert exit_code_of(refused.value) == MISUSED


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("90s", timedelta(seconds=90)),
        ("2h", timedelta(hours=2)),
        ("3d", timedelta(days=3)),
        ("2026-11-24T02:00:00Z", datetime(2026, 11, 24, 2, tzinfo=UTC)),
        ("2026-11-24T02:00", datetime(2026, 11, 24, 2, tzinfo=UTC)),
        ("2026-11-24", datetime(2026, 11, 24, tzinfo=UTC)),
        ("2026-11-24T04:00+02:00", datetime(2026, 11, 24, 2, tzinfo=UTC)),
    ],
)
def test_a_time_is_told_by_the_calendar_or_from_now(text, moment):
    assert read_since(text).moment == moment


@pytest.mark.parametrize("text", ["", "yesterday", "2w", "-2h", "2026-13-01", "h"])
def test_what_is_no_time_is_refused(text):
    with pytest.raises(InvalidParameterError, match="--since takes a time"):
        read_since(text)


def test_the_same_users_have_the_same_name_and_others_another():
    assert read_users("1,2", "x").name == read_users("2 1 2", "y").name
    assert read_users("1,2", "x").name != read_users("12", "x").name
