"""How times and figures are written for operators."""

from datetime import UTC, datetime


def when(time: str | float) -> str:
    """An ISO time, or seconds since 1970, to the minute."""
    found = datetime.fromtimestamp(time, UTC) if isinstance(time, float) else _utc(time)
    return f"{found:%Y-%m-%d %H:%M} UTC"


def lasting(seconds: float) -> str:
    """A span, in the two units that matter most."""
    span = max(0.0, seconds)
    whole = round(span)
    if whole < 60:
        return f"{span:.1f} s" if span < 10 else f"{whole} s"
    for size, name, below, smaller in ((86400, "d", 3600, "h"), (3600, "h", 60, "min")):
        if whole >= size:
            rest = whole % size // below
            return f"{whole // size} {name}" + (f" {rest} {smaller}" if rest else "")
    return f"{whole // 60} min" + (f" {whole % 60} s" if whole % 60 else "")


def since(time: str | float, now: datetime) -> str:
    """How long ago that was."""
    then = time if isinstance(time, float) else _utc(time).timestamp()
    return lasting(now.timestamp() - then)


def between(first: str, last: str) -> str:
    """From one ISO time to another."""
    return lasting((_utc(last) - _utc(first)).total_seconds())


def whole(value: int) -> str:
    """A count, with a narrow space between thousands."""
    return f"{value:,}".replace(",", "\u202f")


def _utc(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
