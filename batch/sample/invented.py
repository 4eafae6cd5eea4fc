"""Makes up anime, franchise by franchise, when more are asked for than are hand-written."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import count, islice
from random import Random

from batch.sample.title import SERIES, Title
from batch.sample.words import MIXTURES, NOUNS, PATTERNS, SOURCES, STUDIOS, SYLLABLES

FIRST_ID = 10_000_001
"""Real MyAnimeList ids lie far below this one."""

_SEASONS = ("Winter", "Spring", "Summer", "Fall")
_START_TYPES = ("TV",) * 9 + ("Movie",) * 4 + ("OVA",) * 3 + ("ONA",) * 2 + ("Special",) * 2
_SEQUEL_TYPES = ("TV",) * 6 + ("Movie",) * 2 + ("OVA", "Special")
_LONGEST = 8
_LAST_YEAR = 2022
_MIXED = 0.4
_EPISODES = {
    "TV": (10, 11, 12, 12, 12, 13, 13, 24, 24, 25, 26, 50),
    "Movie": (1,),
    "OVA": (1, 1, 2, 3, 4, 6),
    "ONA": (6, 8, 12, 12, 24),
    "Special": (1, 1, 1, 2),
}


def invent(number: int, seed: int) -> tuple[Title, ...]:
    """A larger number with the same seed begins with the same titles."""
    return tuple(islice(_titles(Random(seed)), number))


def _titles(random: Random) -> Iterator[Title]:
    used: set[str] = set()
    ids = count(FIRST_ID)
    while True:
        first = _start(random, used, next(ids))
        yield first
        for order in range(2, _length(random) + 1):
            first = _sequel(random, first, order, next(ids))
            yield first


def _start(random: Random, used: set[str], anime_id: int) -> Title:
    name, english = _unused_name(random, used)
    kind = random.choice(_START_TYPES)
    return Title(
        anime_id=anime_id,
        name=name,
        english=english,
        japanese="",
        type=kind,
        year=int(random.triangular(1968, _LAST_YEAR, 2015)),
        episodes=random.choice(_EPISODES[kind]),
        genres=_genres(random),
        studios=(random.choice(STUDIOS),),
        source=random.choice(SOURCES),
        franchise=name,
        order=1,
        popularity=1.0 - random.expovariate(0.33),  # a power law once exponentiated
        season=random.choice(_SEASONS),
    )


def _sequel(random: Random, before: Title, order: int, anime_id: int) -> Title:
    kind = random.choice(_SEQUEL_TYPES)
    suffix = f"Season {order}" if kind in SERIES else f"{kind} {order}"
    return replace(
        before,
        anime_id=anime_id,
        name=f"{before.franchise} {suffix}",
        english="",
        type=kind,
        year=min(_LAST_YEAR, before.year + random.randint(1, 2)),
        episodes=random.choice(_EPISODES[kind]),
        order=order,
        popularity=before.popularity - random.expovariate(2.5),
        season=random.choice(_SEASONS),
    )


def _length(random: Random) -> int:
    length = 1
    while length < _LONGEST and random.random() < (0.28 if length == 1 else 0.5):
        length += 1
    return length


def _unused_name(random: Random, used: set[str]) -> tuple[str, str]:
    while True:
        name, english = _name(random)
        if name not in used:
            used.add(name)
            return name, english


def _name(random: Random) -> tuple[str, str]:
    (jp, en), (jp2, en2) = random.sample(NOUNS, 2)
    name = "".join(random.choices(SYLLABLES, k=random.randint(3, 4))).capitalize()
    pattern, english = random.choice(PATTERNS)
    words = {"name": name, "jp": jp, "en": en, "jp2": jp2, "en2": en2}
    return pattern.format(**words), english.format(**words)


def _genres(random: Random) -> tuple[str, ...]:
    mixture = random.choice(MIXTURES)
    others = random.choice(MIXTURES) if random.random() < _MIXED else mixture
    return tuple(sorted({*mixture, random.choice(others)}))
