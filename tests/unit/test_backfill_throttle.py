from batch.backfill.throttle import Throttle


class Clock:
    """Time that passes only by sleeping and working."""

    def __init__(self):
        self.now = 100.0

    def sleep(self, seconds):
        self.now += seconds

    def throttle(self, per_second):
        return Throttle(per_second, lambda: self.now, self.sleep)


def test_users_take_as_long_as_was_said():
    clock = Clock()
    throttle = clock.throttle(50)

    for _ in range(4):
        clock.now += 0.5  # the work
        throttle.wait(100)

    assert clock.now == 108.0


def test_what_took_too_long_is_not_made_up_for():
    clock = Clock()
    throttle = clock.throttle(50)
    clock.now += 60
    throttle.wait(100)
    assert clock.now == 160.0

    throttle.wait(100)

    assert clock.now == 162.0


def test_without_a_limit_nobody_waits():
    clock = Clock()
    clock.throttle(0).wait(10**9)

    assert clock.now == 100.0
