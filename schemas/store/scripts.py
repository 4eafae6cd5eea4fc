"""Scripts among the commands of a pipeline."""

from redis.client import Pipeline


def queue(pipe: Pipeline, script: str, names: tuple[str, ...], *values: str | bytes) -> None:
    """Queue a script; its keys must lie in one slot. `Pipeline.eval` is not for clusters."""
    pipe.execute_command("EVAL", script, len(names), *names, *values)  # type: ignore[no-untyped-call]
