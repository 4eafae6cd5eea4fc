"""Is all well with ratings that wait, when nobody follows them?"""

from fakeredis import FakeRedis

from schemas import keys
from schemas.store.checks.findings import Verdict
from schemas.store.checks.ratings import lag


def test_ratings_that_wait_where_no_worker_ever_came_are_not_well():
    store = FakeRedis()
    store.xadd(keys.STREAM, {"user": 7, "anime": 1})

    found = lag(store)

    assert (found.verdict, found.said) == (Verdict.WARN, "no worker has ever come")


def test_where_nobody_has_rated_no_worker_is_missed():
    assert lag(FakeRedis()).verdict is Verdict.OK
