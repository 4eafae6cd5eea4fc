"""The catalogue files of the Kaggle 2020 layout, as rows of text."""

from collections.abc import Iterator, Sequence

import numpy as np

from batch.sample.tally import Tally
from batch.sample.taste import COMPLETED, DROPPED, ON_HOLD, PLANNED, WATCHING
from batch.sample.title import Title

UNKNOWN = "Unknown"

ANIME_COLUMNS = (
    *("MAL_ID", "Name", "Score", "Genres", "English name", "Japanese name", "Type", "Episodes"),
    *("Aired", "Premiered", "Producers", "Licensors", "Studios", "Source", "Duration", "Rating"),
    *("Ranked", "Popularity", "Members", "Favorites"),
    *("Watching", "Completed", "On-Hold", "Dropped", "Plan to Watch"),
    *(f"Score-{rating}" for rating in range(10, 0, -1)),
)
SYNOPSIS_COLUMNS = ("MAL_ID", "Name", "Score", "Genres", "sypnopsis")  # spelled as Kaggle does
TAGS_COLUMNS = ("MAL_ID", "Themes", "Demographics", "Tags")

DEMOGRAPHICS = ("Shounen", "Shoujo", "Seinen", "Josei", "Kids")
THEMES = (
    *("Cars", "Demons", "Game", "Harem", "Historical", "Isekai", "Magic", "Martial Arts", "Mecha"),
    *("Military", "Music", "Parody", "Police", "Psychological", "Samurai", "School", "Space"),
    *("Super Power", "Vampire"),
)
_MONTHS = {"Winter": "Jan", "Spring": "Apr", "Summer": "Jul", "Fall": "Oct"}
_STATUS_ORDER = (WATCHING, COMPLETED, ON_HOLD, DROPPED, PLANNED)
_FAVOURITE_SHARE = 8  # about one in eight who give a 10 also call it a favourite
_SHORT, _LONG = 13, 100  # episodes


def anime_rows(titles: Sequence[Title], tally: Tally) -> Iterator[list[str]]:
    scores, members = tally.scores(), tally.members().tolist()
    ranked = _places([score or 0.0 for score in scores])
    popularity = _places(members)
    statuses = tally.statuses[:, _STATUS_ORDER].tolist()
    ratings = tally.ratings[:, :0:-1].tolist()
    for column, title in enumerate(titles):
        favourites = ratings[column][0] // _FAVOURITE_SHARE
        counts = [popularity[column], members[column], favourites, *statuses[column]]
        place = UNKNOWN if scores[column] is None else str(ranked[column])
        facts = _facts(title, _text(scores[column]))
        yield [*facts, place, *map(str, counts), *map(str, ratings[column])]


def synopsis_rows(titles: Sequence[Title], tally: Tally) -> Iterator[list[str]]:
    for title, score in zip(titles, tally.scores(), strict=True):
        yield [
            str(title.anime_id),
            title.name,
            _text(score),
            _listed(title.genres),
            _sentence(title),
        ]


def tags_rows(titles: Sequence[Title]) -> Iterator[list[str]]:
    for title in titles:
        themes = [genre for genre in title.genres if genre in THEMES]
        demographics = [genre for genre in title.genres if genre in DEMOGRAPHICS]
        tags = [*themes, *demographics, *_form(title)]
        yield [str(title.anime_id), _listed(themes), _listed(demographics), _listed(tags)]


def _facts(title: Title, score: str) -> list[str]:
    """From MAL_ID to Rating."""
    premiered = f"{title.season} {title.year}" if title.season and title.type == "TV" else UNKNOWN
    return [
        *(str(title.anime_id), title.name, score, _listed(title.genres)),
        *(title.english or UNKNOWN, title.japanese or UNKNOWN, title.type),
        *(str(title.episodes or UNKNOWN), _aired(title), premiered),
        *(UNKNOWN, UNKNOWN, _listed(title.studios), title.source),
        *(UNKNOWN, UNKNOWN),
    ]


def _aired(title: Title) -> str:
    return f"{_MONTHS[title.season]} 1, {title.year}" if title.season else str(title.year)


def _sentence(title: Title) -> str:
    length = f" in {title.episodes} episodes" if title.episodes > 1 else ""
    place = f", part {title.order} of its franchise" if title.order > 1 else ""
    return (
        f"A {title.year} {_listed(title.genres).lower()} {_noun(title.type)}{length} "
        f"by {_listed(title.studios)}{place}; source: {title.source.lower()}."
    )


def _noun(kind: str) -> str:
    return {"TV": "series", "ONA": "web series", "Movie": "film"}.get(kind, kind)


def _form(title: Title) -> list[str]:
    tags = [f"{title.year // 10 * 10}s"]
    if title.type == "TV" and title.episodes:
        tags += ["Short Series"] * (title.episodes <= _SHORT)
        tags += ["Long-Running"] * (title.episodes >= _LONG)
    return tags


def _places(values: Sequence[float]) -> list[int]:
    """1 for the largest; ties go to the lower id."""
    order = np.argsort(-np.array(values, dtype=np.float64), kind="stable")
    places = np.empty(order.size, dtype=np.int64)
    places[order] = np.arange(1, order.size + 1)
    return [int(place) for place in places]


def _text(score: float | None) -> str:
    return UNKNOWN if score is None else f"{score:.2f}"


def _listed(values: Sequence[str]) -> str:
    return ", ".join(values) or UNKNOWN
