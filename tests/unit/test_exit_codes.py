import errno

import pytest
from redis import exceptions

from jobs.exit_codes import exit_code_of, message_of
from schemas.errors import (
    DataRefusedError,
    GateRefusedError,
    LeaseHeldError,
    NothingPublishedError,
    PayloadError,
    SettingsError,
    VerificationError,
)


def judged(error):
    return exit_code_of(error), message_of(error)


def raised_from(error, cause):
    error.__cause__ = cause
    return error


def raised_while_handling(error, context):
    error.__context__ = context
    return error


@pytest.mark.parametrize(("error", "code"), [
    (SettingsError("no store"), 2),
    (DataRefusedError("no store"), 4),
    (GateRefusedError("no store"), 4),
    (LeaseHeldError("no store"), 3),
    (PayloadError("no store"), 1),
    (NothingPublishedError("no store"), 1),
])  # fmt: skip
def test_our_own_errors_have_a_code_each_and_speak_for_themselves(error, code):
    assert judged(error) == (code, "no store")


@pytest.mark.parametrize("kind", [exceptions.ConnectionError, exceptions.TimeoutError,
                                  exceptions.BusyLoadingError])  # fmt: skip
def test_a_store_that_is_away_is_worth_another_try(kind):
    assert judged(kind("Error 111")) == (3, "the store is away: Error 111")


@pytest.mark.parametrize("kind", [
    exceptions.AuthenticationError, exceptions.AuthorizationError, exceptions.NoPermissionError,
    exceptions.AuthenticationWrongNumberOfArgsError,
])  # fmt: skip
def test_a_store_that_does_not_let_us_in_is_a_matter_of_the_store_option(kind):
    code, message = judged(kind("WRONGPASS"))

    assert code == 2
    assert "--store" in message
    assert message.endswith(": WRONGPASS")


@pytest.mark.parametrize("kind", [
    exceptions.OutOfMemoryError, exceptions.ReadOnlyError, exceptions.ResponseError,
    exceptions.RedisError,
])  # fmt: skip
def test_a_store_that_refuses_a_command_has_failed(kind):
    assert judged(kind("command not allowed")) == (1, "the store refused: command not allowed")


@pytest.mark.parametrize("number", [errno.EACCES, errno.ENOENT, errno.ENOTDIR, errno.ENOSPC])
def test_a_file_that_cannot_be_used_has_failed(number):
    error = OSError(number, "says the system", "var/x")

    assert judged(error) == (1, f"[Errno {number}] says the system: 'var/x'")


@pytest.mark.parametrize("wrap", [raised_from, raised_while_handling])
def test_a_runner_may_wrap_what_went_wrong(wrap):
    runner = RuntimeError("a traceback\nas text")

    assert judged(wrap(runner, exceptions.ConnectionError("gone")))[0] == 3
    assert judged(wrap(runner, PermissionError(13, "no"))) == (1, "[Errno 13] no")


def test_an_error_of_ours_because_the_store_is_away_is_worth_another_try():
    error = raised_from(VerificationError("cannot read back"), exceptions.TimeoutError("slow"))

    assert judged(error) == (3, "cannot read back")


def test_an_error_of_ours_because_the_store_refused_has_failed():
    error = raised_from(VerificationError("cannot read back"), exceptions.AuthenticationError("no"))

    assert judged(error) == (1, "cannot read back")


def test_a_message_is_one_line():
    assert message_of(SettingsError("one\n  two\n")) == "one two"


@pytest.mark.parametrize("error", [
    KeyError("bug"), RuntimeError("bug"),
    raised_while_handling(KeyError("bug"), FileNotFoundError(2, "no such file")),
])  # fmt: skip
def test_a_bug_deserves_its_traceback(error):
    assert exit_code_of(error) is None
