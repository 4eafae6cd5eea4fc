"""What happens to a store whose generation a refresh has published: ratings, overlays, flips."""

from dataclasses import replace

from schemas import documents, keys, overlay_codec
from schemas.pointer import Pointer, Variant
from schemas.ratings import Rating, entry_id
from schemas.records import AnimeId, Status
from schemas.store import ratings
from schemas.store.control import Control
from schemas.store.manifests import read_manifest


def rate(client, user, anime, rating=0, status=Status.UNKNOWN):
    said = Rating(user, AnimeId(anime), rating, status)
    return entry_id(ratings.append(client, said, 1000).entry)


def overlay(client, generation, user):
    payload = client.get(keys.overlay(generation, user))
    return None if payload is None else overlay_codec.decode(payload)


def copied(client, generation, other, watermark=""):
    """The same generation under another name."""
    for key in client.scan_iter(keys.everything_of(generation)):
        client.copy(key, key.decode().replace(generation, other))
    client.delete(*client.keys(keys.overlay(other, "*")) or ["-"])
    found = replace(read_manifest(client, generation), generation=other, watermark=watermark)
    client.set(keys.manifest(other), documents.dump(found))
    return other


def flip(client, *live):
    share = 1 / len(live)
    Control(client).swap(Pointer(tuple(Variant(one, share) for one in live)))


def contents(client):
    """All that a store holds. Not as DUMP has it: the fields of a hash come in any order there."""
    read = {b"string": client.get, b"hash": client.hgetall, b"stream": client.xrange,
            b"set": client.smembers}  # fmt: skip
    return {key: read[client.type(key)](key) for key in client.scan_iter()}
