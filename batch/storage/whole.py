"""Artifacts in a bucket, whole or not there: an inventory, written last, is their seal."""

import logging
import tempfile
from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from batch.artifacts import whole_folder
from batch.storage import inventory
from batch.storage.inventory import SEAL, Inventory
from batch.storage.remote import Remote, Stored
from batch.storage.transfer import fetch as fetch_file
from batch.storage.transfer import send
from schemas.errors import ConflictError, PayloadError

log = logging.getLogger(__name__)

_A_DAY: Final = 86_400.0


def publish(remote: Remote, folder: Path, name: str) -> None:
    """Upload a finished folder as the artifact `name`; nothing is sent if it is there already.

    An empty name is the remote folder itself.

    An artifact with the same name and other content is unsealed first and sealed again at the
    end: whatever happens in between, nobody finds a mixture.

    Raises:
        ConflictError: somebody else uploads another artifact under this name.
    """
    files = [path for path in folder.rglob("*") if path.is_file()]
    wanted = inventory.of_files(folder, files, datetime.now(UTC).isoformat(timespec="seconds"))
    there = remote.listed(_below(name))
    seal = there.get(_below(name) + SEAL)
    if seal and wanted.files == _contents(remote, seal, there, name):
        return
    if seal:
        remote.delete(seal)
    for one in wanted.files:
        send(remote, folder / one.name, _below(name) + one.name, there.get(_below(name) + one.name))
    _seal(remote, wanted, name)
    log.info("%s/%s is complete: %d files", remote.uri, name, len(wanted.files))


def fetch(remote: Remote, name: str, folder: Path) -> bool:
    """Make a local folder the artifact `name`; returns whether there is one.

    A local folder that differs is replaced; where the bucket has none, it is left alone.

    Raises:
        ConflictError: it was replaced while it was read.
    """
    there = remote.listed(_below(name))
    seal = there.get(_below(name) + SEAL)
    entries = _contents(remote, seal, there, name) if seal else ()
    if not entries:
        return False
    if all(one.lies_at(folder / one.name) for one in entries):
        return True
    log.info("fetching %s/%s", remote.uri, name)
    with whole_folder(folder) as part:
        for one in entries:
            fetch_file(remote, there[_below(name) + one.name], part / one.name)
    return True


def remove(remote: Remote, name: str) -> None:
    """Delete an artifact, its seal first, so that no part of it is ever taken for it."""
    there = remote.listed(_below(name))
    for one in sorted(there.values(), key=lambda one: one.name != _below(name) + SEAL):
        remote.delete(one)


def newest(remote: Remote, kind: str) -> list[str]:
    """Names of sealed artifacts `kind/...`, the newest first."""
    found = [one for one in remote.listed(f"{kind}/").values() if one.name.endswith(f"/{SEAL}")]
    found.sort(key=lambda one: one.updated, reverse=True)
    return [one.name.removesuffix(f"/{SEAL}") for one in found]


def prune(remote: Remote, kind: str, kept: Collection[str], most: int, now: float) -> list[str]:
    """Remove all artifacts `kind/...` but the newest `most` and those that are `kept`.

    What killed uploads left goes too, once nobody has touched it for a day. Returns what was
    removed.
    """
    touched: dict[str, float] = {}
    for one in remote.listed(f"{kind}/").values():
        name, slash, _ = one.name.removeprefix(f"{kind}/").partition("/")
        if slash:
            touched[f"{kind}/{name}"] = max(touched.get(f"{kind}/{name}", 0.0), one.updated)
    sealed = newest(remote, kind)
    old = [name for name in sealed[most:] if name not in kept]
    left = [name for name, at in touched.items() if name not in sealed and now - at > _A_DAY]
    for name in [*old, *left]:
        remove(remote, name)
    return [*old, *left]


def _seal(remote: Remote, wanted: Inventory, name: str) -> None:
    changed = wanted.strangers(remote.listed(_below(name)), _below(name))
    if changed:
        raise ConflictError(f"{remote.uri}/{name} is written by somebody else too: {changed[0]}")
    with tempfile.TemporaryDirectory() as made:
        path = Path(made) / SEAL
        path.write_text(wanted.text(), encoding="utf-8")
        send(remote, path, _below(name) + SEAL, None)


def _contents(
    remote: Remote, seal: Stored, there: dict[str, Stored], name: str
) -> tuple[inventory.Entry, ...]:
    """What a seal says, if the objects are these; else nothing."""
    try:
        found = inventory.read(remote.read(seal))
    except PayloadError as error:
        log.warning("%s/%s is left alone: %s", remote.uri, seal.name, error)
        return ()
    changed = found.strangers(there, _below(name))
    if changed:
        log.warning("%s/%s is not whole: %s differs", remote.uri, name, changed[0])
        return ()
    return found.files


def _below(name: str) -> str:
    return f"{name}/" if name else ""
