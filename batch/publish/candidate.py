"""A generation on its way: written beside the live one, read back, judged, flipped."""

import json
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Final, cast

import numpy as np
from redis import Redis

from batch import artifacts, pipeline
from batch.catalogue import catalogue_of
from batch.engine import Engine
from batch.insights.run import find_insights
from batch.params import Params
from batch.pipeline import Job
from batch.popular_lists import genres_of, in_genre, in_type, popular_list, types_of
from batch.publish import gates, verify
from batch.publish.lease import Lease
from batch.publish.sink import Sample
from batch.publish.verify import Findings, Live
from batch.ratings.files import NONE_DRAINED, Drained
from batch.ratings.recent import taken_up
from batch.statistics import TitleStatistics
from schemas import catalogue_codec, documents, insights_codec, keys
from schemas.errors import GateRefusedError, LeaseLostError
from schemas.manifests import GenerationManifest, ModelManifest
from schemas.pointer import Pointer, Variant
from schemas.records import Anime, AnimeId, Generation, UserId
from schemas.store.control import Control
from schemas.store.manifests import read_manifest
from schemas.store.register import Record, State, started
from schemas.store.retention import Retention

_MEASURED: Final = 200
"""Keys of each family whose memory is asked for; the rest is extrapolated."""


@dataclass(frozen=True)
class Candidate:
    """One generation, its data set and its model, and the store it goes to.

    `ratings` are those of its data set that came through the API.
    """

    client: Redis
    record: Record
    job: Job
    model: ModelManifest
    params: Params
    engine: Engine
    work: Path
    data_version: str = ""
    ratings: Drained = NONE_DRAINED

    @property
    def generation(self) -> Generation:
        return self.record.generation

    @cached_property
    def catalogue(self) -> list[Anime]:
        return catalogue_of(self.job.dataset, self.job.model_folder)

    def write(self) -> dict[str, int]:
        """Write every key but the manifest; returns how many of each family."""
        report = self.work / "written.json"
        pipeline.write_lists(self.engine, self.job, self.params.publish.verify_sample, report)
        totals = json.loads(report.read_bytes())["totals"]
        counts = {_NAMES[family]: total["keys"] for family, total in totals.items()}
        return counts | self._write_shared()

    def _write_shared(self) -> dict[str, int]:
        """The catalogue and the popular lists."""
        statistics = artifacts.load_statistics(self.job.model_folder)
        popular = self._popular(self.catalogue, statistics)
        for key, payload in popular.items():
            self.client.set(key, payload)
        self.client.set(keys.catalogue(self.generation), catalogue_codec.encode(self.catalogue))
        return {"popular": len(popular), "catalogue": len(self.catalogue)}

    def _popular(self, catalogue: list[Anime], statistics: TitleStatistics) -> dict[str, bytes]:
        lists, generation = self.params.lists, self.generation
        everything = np.ones(len(catalogue), bool)
        found = {keys.popular(generation): popular_list(statistics, everything, lists)}
        for genre in genres_of(catalogue):
            key = keys.popular_in_genre(generation, genre)
            found[key] = popular_list(statistics, in_genre(catalogue, genre), lists)
        for anime_type in types_of(catalogue):
            key = keys.popular_in_type(generation, anime_type)
            found[key] = popular_list(statistics, in_type(catalogue, anime_type), lists)
        return found

    def write_insights(self) -> dict[str, int]:
        """What is told of everybody together; returns how many keys of each family."""
        since = started(self.generation) - timedelta(days=self.params.insights.recent_days)
        recent = taken_up(self.ratings.files, since, self.job.dataset.anime_ids)
        found = find_insights(
            self.engine, self.job.dataset, self.catalogue, recent, self.params, self.work
        )
        self.client.set(keys.insights(self.generation), insights_codec.encode(found.insights))
        self.client.set(keys.audiences(self.generation), found.audiences)
        return {"insights": 1, "audiences": 1}

    def verify(self, live: Live | None) -> Findings:
        """Read everything back.

        Raises:
            VerificationError: something is not what was written.
        """
        report = json.loads((self.work / "written.json").read_bytes())
        verify.check_samples(self.client, [Sample(**one) for one in report["samples"]])
        verify.check_titles(self.client, self.generation, self.job.dataset.anime_ids.tolist())
        verify.check_insights(self.client, self.generation, self.catalogue)
        return verify.read_back(
            self.engine,
            self.job.dataset,
            self.job.pool,
            self.job.store,
            self.generation,
            live,
            self.work / "found.json",
        )

    def manifest(
        self,
        counts: dict[str, int],
        findings: Findings,
        *,
        trained: bool,
        reason: str,
        seconds: dict[str, float],
    ) -> GenerationManifest:
        """What will be said about this generation once it is live."""
        return GenerationManifest(
            generation=self.generation,
            created=started(self.generation).isoformat(),
            dataset=self.job.dataset.manifest.hash,
            model=self.model.model,
            code=self.model.code,
            trained=trained,
            reason=reason,
            counts=counts,
            bytes=self.memory(counts),
            metrics=self.model.metrics
            | {gates.COVERAGE: gates.coverage(findings, counts["catalogue"])},
            strengths=self.params.live.strengths(self.model.strengths),
            fame=self.params.live.fame(),
            lists=asdict(self.params.lists),
            watermark=self.job.dataset.manifest.watermark,
            data_version=self.data_version,
            genres=genres_of(self.catalogue),
            types=types_of(self.catalogue),
            seconds=seconds,
            validation=self.model.validation,
            experiment=self.model.experiment,
        )

    def memory(self, counts: dict[str, int]) -> dict[str, int]:
        """Bytes in Redis by what they are for, keys and overhead included, from a sample."""
        users = self.job.dataset.shard(self.job.dataset.manifest.shards[0]).user_ids
        user_ids = [UserId(one) for one in users[:_MEASURED].tolist()]
        ids = self.job.dataset.anime_ids
        spaced = ids[:: max(1, len(ids) // _MEASURED)].tolist()
        anime_ids = [AnimeId(one) for one in spaced]
        mean = self._mean_memory
        generation = self.generation
        similar = mean([keys.similar(generation, one) for one in anime_ids])
        influence = mean([keys.influence(generation, one) for one in anime_ids])
        return {
            "users": round(counts["users"] * mean([keys.user(generation, u) for u in user_ids])),
            "anime": round(counts["similar"] * similar + counts["influence"] * influence),
            "histories": round(
                counts["histories"] * mean([keys.history(generation, u) for u in user_ids])
            ),
            "neighbours": round(
                counts["neighbours"] * mean([keys.neighbours(generation, u) for u in user_ids])
            ),
            "catalogue": round(mean([keys.catalogue(generation)])),
            "insights": round(
                mean([keys.insights(generation)]) + mean([keys.audiences(generation)])
            ),
        }

    def _mean_memory(self, names: list[str]) -> float:
        pipe = self.client.pipeline(transaction=False)
        for name in names:
            pipe.memory_usage(name, samples=0)
        return float(np.mean([found or 0 for found in pipe.execute()]))

    def judge(self, manifest: GenerationManifest, findings: Findings, live: Live | None) -> None:
        """Pass the gates.

        Raises:
            GateRefusedError: saying which ones it did not pass.
        """
        before = read_manifest(self.client, live.generation) if live else None
        refused = gates.refusals(manifest, findings, before, self.params.gates)
        if refused:
            raise GateRefusedError(
                "; ".join(refused) + ". The live generation stays. If this is wanted, as with data "
                "of another site, relax these gates in params.yaml for one run"
            )

    def flip(self, control: Control, lease: Lease, manifest: GenerationManifest) -> None:
        """Make this generation live.

        Raises:
            LeaseLostError: somebody else may be refreshing by now; nothing has changed.
        """
        self.client.set(keys.manifest(self.generation), documents.dump(manifest))
        self.client.delete(keys.progress(self.generation))
        before = control.pointer()
        previous = before.live[0].generation if before else None
        if not control.flip(lease.fence, Pointer((Variant(self.generation, 1.0),), previous)):
            raise LeaseLostError("the lease ran out before the flip; the live generation stays")


_NAMES: Final = {
    pipeline.USERS: "users",
    pipeline.HISTORIES: "histories",
    pipeline.NEIGHBOURS: "neighbours",
    pipeline.SIMILAR: "similar",
    pipeline.INFLUENCE: "influence",
}


def live_generation(control: Control) -> Live | None:
    """What serves now, with the catalogue order that its lists mean; None for nothing."""
    pointer = control.pointer()
    if pointer is None:
        return None
    generation = pointer.live[0].generation
    payload = cast(bytes | None, control.client.get(keys.catalogue(generation)))
    if payload is None:
        return None
    ids = [anime.anime_id for anime in catalogue_codec.decode(payload)]
    return Live(generation, np.array(ids, np.int64))


def refuse(
    retention: Retention, record: Record, error: GateRefusedError, hours: float, now: datetime
) -> None:
    """Keep a refused candidate for inspection, for some hours."""
    noted = replace(record, note=str(error))
    retention.retire(noted, State.REFUSED, hours, now)
