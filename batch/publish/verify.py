"""Reading a candidate back: every list there and decodable, no seen title, samples identical."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final, cast

import apache_beam as beam
import numpy as np
from numpy.typing import NDArray
from redis import Redis

from batch.dataset import Dataset, Histories
from batch.encoding import encode_histories
from batch.engine import Engine, save_json
from batch.neighbour_transforms import load_pool_ids
from batch.publish import store
from batch.publish.insight_checks import wrong_audiences, wrong_insights
from batch.publish.neighbour_checks import check_neighbours, has_neighbours
from batch.publish.sink import Sample
from batch.shard_transforms import EachShard
from schemas import documents, influence_codec, keys, ranking_codec
from schemas.chunks import chunks
from schemas.errors import PayloadError, VerificationError
from schemas.records import Anime, AnimeId, Generation, UserId

_FIRST: Final = 10
"""How deep catalogue coverage looks."""
_OVERLAP: Final = 20
"""How deep the comparison with the live lists looks."""
_SAMPLED_PER_SHARD: Final = 200
"""Of how many users each shard compares lists with the live ones, and checks reasons."""
_KeyOf = Callable[[Generation, UserId], str]
_PROBLEMS: Final = 10
"""How many problems are kept to be told."""


@dataclass(frozen=True, slots=True)
class Live:
    """The serving generation, to compare a candidate with, and its catalogue order."""

    generation: Generation
    anime_ids: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Findings:
    """What reading back found; adds up over shards.

    `with_list` counts users with a list, or with nothing left to list, `with_neighbours` those
    to whom somebody is near; `shown` lists the
    catalogue columns in anybody's first ten; `overlap` sums, over the
    `compared` users, the share of their first twenty that the live generation has there too.
    """

    users: int = 0
    with_list: int = 0
    with_neighbours: int = 0
    shown: list[int] = field(default_factory=list)
    overlap: float = 0.0
    compared: int = 0
    problems: list[str] = field(default_factory=list)

    def __add__(self, other: "Findings") -> "Findings":
        return Findings(
            self.users + other.users,
            self.with_list + other.with_list,
            self.with_neighbours + other.with_neighbours,
            sorted({*self.shown, *other.shown}),
            self.overlap + other.overlap,
            self.compared + other.compared,
            (self.problems + other.problems)[:_PROBLEMS],
        )


def read_back(
    engine: Engine,
    dataset: Dataset,
    pool: Path,
    url: str,
    generation: Generation,
    live: Live | None,
    report: Path,
) -> Findings:
    """Read every user's list, history and neighbours of a candidate back, shard by shard.

    Raises:
        VerificationError: naming the first things that are wrong.
    """

    def build(pipeline: beam.Pipeline) -> object:
        return (
            pipeline
            | "Shards" >> EachShard(dataset)
            | "Read back" >> beam.ParDo(_ReadBack(dataset, pool, url, generation, live))
            | "Add up" >> beam.CombineGlobally(_add_up)
            | "Plain" >> beam.Map(asdict)
            | "Report" >> beam.Map(save_json, str(report))
        )

    engine.run(build)
    findings = documents.load(Findings, report.read_bytes())
    if findings.problems:
        raise VerificationError("; ".join(findings.problems))
    return findings


def _add_up(findings: Iterable[Findings]) -> Findings:
    return sum(findings, Findings())


def check_titles(client: Redis, generation: Generation, anime_ids: Iterable[int]) -> None:
    """Check that each title has a decodable similar list and influence row.

    Raises:
        VerificationError: naming the first one that has not.
    """
    for some in chunks(anime_ids):
        for key_of, check in (
            (keys.similar, ranking_codec.layout),
            (keys.influence, influence_codec.length),
        ):
            names = [key_of(generation, AnimeId(one)) for one in some]
            for name, payload in zip(names, _fetch(client, names), strict=True):
                try:
                    check(payload or b"")
                except PayloadError as error:
                    raise VerificationError(f"{name}: {error}") from error


def check_insights(client: Redis, generation: Generation, catalogue: Sequence[Anime]) -> None:
    """Check that what is told of everybody is there, decodable, and about titles that are.

    Raises:
        VerificationError: naming the key that is not so.
    """
    for key, check in (
        (keys.insights(generation), wrong_insights),
        (keys.audiences(generation), wrong_audiences),
    ):
        [payload] = _fetch(client, [key])
        problem = check(payload or b"", catalogue)
        if problem:
            raise VerificationError(f"{key}: {problem}")


def check_samples(client: Redis, samples: Sequence[Sample]) -> None:
    """Compare what is stored with what was written, byte for byte (by 128-bit digests).

    Raises:
        VerificationError: naming the first key that differs.
    """
    for some in chunks(samples):
        payloads = _fetch(client, [sample.key for sample in some])
        for sample, payload in zip(some, payloads, strict=True):
            if payload is None or Sample.of(sample.key, payload) != sample:
                raise VerificationError(f"{sample.key}: not the bytes that were written")


def _fetch(client: Redis, names: Sequence[str]) -> list[bytes | None]:
    return cast(list[bytes | None], client.mget(names))


class _ReadBack(beam.DoFn):
    """Shard name -> Findings."""

    def __init__(
        self,
        dataset: Dataset,
        pool: Path,
        url: str,
        generation: Generation,
        live: Live | None,
    ) -> None:
        self._dataset, self._url, self._generation, self._live = dataset, url, generation, live
        self._pool = pool

    def setup(self) -> None:
        self._client = store.connect(self._url)
        self._pool_ids = load_pool_ids(self._pool)

    def teardown(self) -> None:
        self._client.close()

    def process(self, shard: str) -> Iterator[Findings]:
        histories = self._dataset.shard(shard)
        rankings = list(self._lists(keys.user, self._generation, histories.user_ids.tolist()))
        total = _check_users(histories, rankings, len(self._dataset.anime_ids))
        total += self._check_histories(histories)
        total += self._check_neighbours(histories.user_ids.tolist())
        yield total + self._compare(histories, rankings) if self._live else total

    def _lists(
        self, key_of: _KeyOf, generation: Generation, users: Iterable[int]
    ) -> Iterator[bytes | None]:
        for some in chunks(users):
            yield from _fetch(self._client, [key_of(generation, UserId(one)) for one in some])

    def _check_histories(self, histories: Histories) -> Findings:
        ids = histories.user_ids.tolist()
        stored = self._lists(keys.history, self._generation, ids)
        problems = [
            f"history of user {user} is not what was written"
            for user, found, wanted in zip(ids, stored, encode_histories(histories), strict=True)
            if found != wanted
        ]
        return Findings(problems=problems[:_PROBLEMS])

    def _check_neighbours(self, ids: Sequence[int]) -> Findings:
        stored = list(self._lists(keys.neighbours, self._generation, ids))
        found = (
            (user, check_neighbours(user, payload, self._pool_ids))
            for user, payload in zip(ids, stored, strict=True)
        )
        problems = [f"neighbours of user {user}: {problem}" for user, problem in found if problem]
        named = 0 if problems else sum(map(has_neighbours, stored))
        return Findings(with_neighbours=named, problems=problems[:_PROBLEMS])

    def _compare(self, histories: Histories, rankings: Sequence[bytes | None]) -> Findings:
        assert self._live is not None
        before = self._lists(
            keys.user, self._live.generation, histories.user_ids[:_SAMPLED_PER_SHARD].tolist()
        )
        shares = [
            overlap(self._dataset.anime_ids[_columns(new)], self._live.anime_ids[_columns(old)])
            for new, old in zip(rankings, before, strict=False)
            if new is not None and old is not None
        ]
        known = [share for share in shares if share is not None]
        return Findings(overlap=sum(known), compared=len(known))


def _check_users(histories: Histories, rankings: Sequence[bytes | None], anime: int) -> Findings:
    shown = np.zeros(anime, bool)
    problems: list[str] = []
    with_list = 0
    for user, payload in enumerate(rankings):
        seen = histories.block(user, user + 1).columns
        problem = check_list(payload, seen, anime)
        if not problem and user < _SAMPLED_PER_SHARD:
            problem = check_reasons(cast(bytes, payload), seen)
        if problem:
            problems.append(f"list of user {histories.user_ids[user]}: {problem}")
            continue
        columns = _columns(cast(bytes, payload))
        with_list += len(columns) > 0 or len(seen) == anime
        shown[columns[:_FIRST]] = True
    return Findings(
        users=len(histories),
        with_list=with_list,
        shown=np.flatnonzero(shown).tolist(),
        problems=problems[:_PROBLEMS],
    )


def check_list(payload: bytes | None, seen: NDArray[np.int32], anime: int) -> str:
    """What is wrong with one stored list; empty if nothing is.

    Args:
        payload: as stored, None for missing.
        seen: catalogue columns of the user's history.
        anime: how many titles the catalogue has.
    """
    if payload is None:
        return "missing"
    try:
        columns = _columns(payload)
    except PayloadError as error:
        return str(error)
    if len(columns) and columns.max() >= anime:
        return "names a title that the catalogue does not have"
    if len(np.unique(columns)) != len(columns):
        return "names a title twice"
    if np.isin(columns, seen, kind="table").any():
        return "names a seen title"
    shown = ranking_codec.shown(payload, ranking_codec.layout(payload)) or b""
    sound = len(set(shown)) == len(shown) and max(shown, default=-1) < len(columns)
    return "" if sound else "shows an entry twice, or one that it does not have"


def check_reasons(payload: bytes, seen: NDArray[np.int32]) -> str:
    """What is wrong with the reasons of a sound list; empty if nothing is."""
    found = ranking_codec.layout(payload)
    because = ranking_codec.contributors(payload, found, found.with_reasons)
    titles = np.array(because, np.int64).reshape(-1, 4)[:, ::2]
    known = np.isin(titles, np.append(seen, ranking_codec.NO_COLUMN))
    return "" if known.all() else "gives a reason that the user has not seen"


def overlap(new: NDArray[np.integer], old: NDArray[np.integer]) -> float | None:
    """Share of the old list's first twenty that are in the new one's; None if it was empty."""
    if not len(old):
        return None
    return len(np.intersect1d(new[:_OVERLAP], old[:_OVERLAP])) / min(len(old), _OVERLAP)


def _columns(payload: bytes) -> NDArray[np.int64]:
    found = ranking_codec.layout(payload)
    stored = np.frombuffer(payload, "<u2", found.entries, found.columns)
    return stored.astype(np.int64)
