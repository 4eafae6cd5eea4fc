"""Tiny data sets, written as Kaggle's files, and a refresh over them."""

import random
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from batch.dataset import Dataset, Histories
from batch.params import (
    ContentParams,
    Params,
    PeopleParams,
    PublishParams,
    RankerParams,
    ValidationParams,
)
from schemas.manifests import DatasetManifest

if TYPE_CHECKING:
    from batch.refresh import Report, Request

ANIME = 40
UNWATCHED = frozenset({19, 20, 39, 40})
"""Titles that nobody has on a list: they are ranked by what they look like."""
PLANNER = 900
"""A user who has nothing but plans."""

SMALL = Params(
    validation=ValidationParams(user_share=0.5, row_share=0.3),
    people=PeopleParams(factors=8, epochs=2),
    content=ContentParams(factors=8, epochs=1, steps=4),
    ranker=RankerParams(hidden=4, epochs=1),
    publish=PublishParams(verify_sample=20),
)
"""Everything at its default but what would take long."""

_CATALOGUE = "MAL_ID,Name,Genres,Type,Source,Studios"
_INTERACTIONS = "user_id,anime_id,rating,watching_status,watched_episodes"


def rows(users: int = 60, seed: int = 1) -> list[str]:
    """Lines of an animelist: odd users like titles 1 to 20, even ones 21 to 40, some roam.

    Ratings, unscored, dropped and planned titles all occur; the last user only plans.
    """
    chance = random.Random(seed)
    lines = [line for user in range(1, users) for line in _of_user(user, chance)]
    return [*lines, *(f"{PLANNER},{anime},0,6,0" for anime in (1, 2, 21))]


def _of_user(user: int, chance: random.Random) -> Iterable[str]:
    home = 0 if user % 2 else ANIME // 2
    liked = chance.sample(range(1 + home, 1 + home + ANIME // 2), 9)
    other = chance.sample(range(1 + ANIME // 2 - home, 1 + ANIME - home), 3)
    marks = [*((chance.randint(7, 10), 2) for _ in liked), (0, 2), (3, 4), (0, 6)]
    for anime, (rating, status) in zip([*liked, *other], marks, strict=True):
        if anime not in UNWATCHED:
            yield f"{user},{anime},{rating},{status},1"


def catalogue() -> list[str]:
    """Lines of an anime.csv: two genres, two types, franchises of four."""
    return [
        f"{anime},Saga{anime // 4} Part {anime % 4},"
        f"{'Action' if anime <= ANIME // 2 else 'Drama'},{'TV' if anime % 3 else 'Movie'},"
        f"Manga,Studio{anime % 5}"
        for anime in range(1, ANIME + 1)
    ]


def write_kaggle(
    folder: Path, lines: Sequence[str] | None = None, titles: Sequence[str] | None = None
) -> Path:
    """A folder in the Kaggle 2020 layout; what lies there is replaced."""
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / "anime.csv", _CATALOGUE, catalogue() if titles is None else titles)
    _write(folder / "animelist.csv", _INTERACTIONS, rows() if lines is None else lines)
    return folder


def _write(path: Path, header: str, lines: Sequence[str]) -> None:
    path.write_text("\n".join([header, *lines, ""]), encoding="utf-8")


def quiet(_stage: str, _done: int, _total: int, /, **_values: float) -> None:
    """Nobody watches the progress."""


def request(tmp_path: Path, redis_url: str, **parts: Any) -> "Request":
    """A refresh of `tmp_path/data`, which is written if it is not there."""
    from batch.refresh import Request  # here, so that unit tests do not import Beam

    data = tmp_path / "data"
    if not data.exists():
        write_kaggle(data)
    facts = {"data": data, "store": redis_url, "artifacts": tmp_path / "artifacts", "params": SMALL}
    return Request(**(facts | parts))


def refreshed(tmp_path: Path, redis_url: str, **parts: Any) -> "Report":
    """Run a refresh in this process."""
    from batch.refresh import refresh

    return refresh(request(tmp_path, redis_url, **parts), quiet)


def histories(users: Mapping[int, Sequence[tuple[int, int, int]]]) -> Histories:
    """Users in ascending order, each with (column, rating, status) by ascending column."""
    ids = sorted(users)
    flat = [row for user in ids for row in users[user]]
    starts = np.cumsum([0, *(len(users[user]) for user in ids)])
    columns, ratings, statuses = (
        np.array([row[part] for row in flat], kind)
        for part, kind in enumerate((np.int32, np.int8, np.int8))
    )
    return Histories(np.array(ids, np.int64), starts, columns, ratings, statuses)


def prepared(tmp_path: Path) -> Path:
    """A folder with the data set ingested and the model trained, for `request` to find."""
    from batch.dataset_choice import Sources, choose_dataset
    from batch.model_choice import choose_model

    wanted = request(tmp_path, "")
    datasets, models = wanted.artifacts / "datasets", wanted.artifacts / "models"
    found = choose_dataset(Sources(wanted.data), datasets, wanted.params.ingest, wanted.engine)
    choose_model(found.dataset, models, wanted.train, wanted.params, wanted.engine, quiet)
    return tmp_path


class InMemoryDataset(Dataset):
    """Shards of users over titles 1, 2, ...; nothing is on disk."""

    def __init__(self, anime: int, *shards: Histories) -> None:
        names, users = [str(one) for one in range(len(shards))], sum(map(len, shards))
        super().__init__(Path(), DatasetManifest("", "", users, anime, 0, names))
        object.__setattr__(self, "held", dict(zip(names, shards, strict=True)))
        object.__setattr__(self, "anime_ids", np.arange(1, anime + 1, dtype=np.int32))

    def shard(self, name: str) -> Histories:
        return self.held[name]


def told(some: Histories) -> list[tuple[int, list[tuple[int, int, int]]]]:
    """Each user with (column, rating, status), in order: the inverse of `histories`."""
    flat = list(
        zip(*(one.tolist() for one in (some.columns, some.ratings, some.statuses)), strict=True)
    )
    ends = some.starts.tolist()
    return [
        (user, flat[first:last])
        for user, first, last in zip(some.user_ids.tolist(), ends, ends[1:], strict=False)
    ]
