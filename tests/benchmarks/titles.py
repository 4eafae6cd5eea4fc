"""What benchmarks ask about titles: some to start from, and texts as people type them."""

import json
import random

from redis import Redis

from schemas import catalogue_codec, keys
from schemas.records import Anime, Generation

BODIES = 500
GIVEN = 10
TEXTS = 2000
_KNOWN = 3000
"""How many of the best known titles people name."""


def best_known(url: str, generation: str) -> list[Anime]:
    """The titles that most people have rated, the first of them first."""
    with Redis.from_url(url) as client:
        catalogue = catalogue_codec.decode(client.get(keys.catalogue(Generation(generation))))
    return sorted(catalogue, key=lambda one: -one.raters)[:_KNOWN]


def ids(url: str, generation: str) -> list[int]:
    return [one.anime_id for one in best_known(url, generation)]


def lists(known: list[int], given: int = GIVEN) -> list[str]:
    """JSON arrays of a few titles each."""
    choose = random.Random(1)
    return [json.dumps(choose.sample(known, given)) for _ in range(BODIES)]


def bodies(known: list[int], given: int = GIVEN) -> list[str]:
    """The same titles with ratings, as bodies of live requests."""
    choose = random.Random(2)
    return [
        json.dumps({"ratings": [_rated(one, choose) for one in json.loads(text)]})
        for text in lists(known, given)
    ]


def _rated(anime_id: int, choose: random.Random) -> dict[str, int]:
    return {"anime_id": anime_id, "rating": choose.randint(4, 10)}


def typed(url: str, generation: str) -> list[str]:
    """Parts of names, some of them with a mistake."""
    choose = random.Random(3)
    known = best_known(url, generation)
    return [_typed(choose.choice(known), choose) for _ in range(TEXTS)]


def _typed(one: Anime, choose: random.Random) -> str:
    name = choose.choice([one.title, one.title_english or one.title])[:60]
    text = name[: choose.randint(2, max(2, len(name)))]
    if len(text) > 5 and choose.random() < 0.4:
        at = choose.randrange(1, len(text))
        text = text[:at] + text[at + 1 :]
    return text if text.strip() else name
