"""Answers as JSON text, joined from what the catalogue prepared. No Flask, no decisions."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from itertools import count, repeat
from typing import Final

import orjson

from api.catalogue import Catalogue
from api.lines import Lines
from api.service import Answer, People
from schemas.manifests import GenerationManifest
from schemas.ranking_codec import NO_COLUMN, NO_REASONS, SHARE_SCALE, Because
from schemas.records import Anime, AnimeId, Generation, UserId

_SHARES: Final = tuple(f"{round(n / SHARE_SCALE, 3)}}}" for n in range(SHARE_SCALE + 1))


def for_user(user_id: UserId, answer: Answer, *, reasons: bool) -> str:
    return _answer(f'"user_id":{user_id},', answer, reasons=reasons)


def similar(anime_id: AnimeId, answer: Answer) -> str:
    return _answer(f'"anime_id":{anime_id},', answer, reasons=False)


def people(user_id: UserId, answer: People) -> str:
    items = (
        f'{{"rank":{rank},"user_id":{one.user_id},"similarity":{one.similarity:.4g}}}'
        for rank, one in enumerate(answer.neighbours, 1)
    )
    subject = f'"user_id":{user_id},{_variant(answer.variant)}'
    return _envelope(subject, "precomputed", answer.loaded.generation, items)


def live(answer: Answer, *, reasons: bool) -> str:
    ignored = ",".join(map(str, answer.ignored))
    return _answer(f'"ignored":[{ignored}],', answer, reasons=reasons)


def anime(found: Anime) -> bytes:
    facts = asdict(found)
    for name in ("franchise", "series", "side"):  # what the product rules think, not facts
        del facts[name]
    return orjson.dumps(facts)


def found(titles: Sequence[Anime]) -> bytes:
    names = ("anime_id", "title", "title_english", "type", "year")
    return orjson.dumps({"items": [{name: getattr(one, name) for name in names} for one in titles]})


def generation(manifest: GenerationManifest, previous: Generation | None) -> bytes:
    return orjson.dumps({**asdict(manifest), "previous": previous})


def _answer(subject: str, answer: Answer, *, reasons: bool) -> str:
    catalogue = answer.loaded.catalogue
    items = _items(answer.lines, catalogue, reasons=reasons)
    for source, lines in answer.more:
        rank = len(items) + 1
        items += _items(lines, catalogue, rank, f',"source":"{source}"', reasons=reasons)
    subject += _variant(answer.variant)
    return _envelope(subject, answer.source, answer.loaded.generation, items, stale=answer.stale)


def _variant(name: str) -> str:
    return f'"variant":"{name}",' if name else ""


def _envelope(
    subject: str, source: str, generation: Generation, items: Iterable[str], *, stale: bool = False
) -> str:
    return (
        f'{{{subject}"source":"{source}","generation":"{generation}",'
        f'"stale":{"true" if stale else "false"},"items":[{",".join(items)}]}}'
    )


def _items(
    lines: Lines, catalogue: Catalogue, first: int = 1, ending: str = "", *, reasons: bool
) -> list[str]:
    anime, facts = catalogue.anime, catalogue.facts
    because = _because(lines, catalogue.reasons) if reasons else repeat("")
    every = zip(count(first), lines.columns, lines.scores, because, strict=False)
    return [
        f'{{"rank":{rank},"anime_id":{anime[column].anime_id},"score":{score:.6g},'
        f"{facts[column]}{why}{ending}}}"
        for rank, column, score, why in every
    ]


def _because(lines: Lines, titles: Sequence[str]) -> list[str]:
    missing = len(lines.columns) - len(lines.reasons)
    every = [*lines.reasons, *repeat(NO_REASONS, missing)]
    return [f',"reasons":[{_two(why, titles)}]' for why in every]


def _two(why: Because, titles: Sequence[str]) -> str:
    first, share, second, other = why
    if second != NO_COLUMN:
        return f"{titles[first]}{_SHARES[share]},{titles[second]}{_SHARES[other]}"
    return f"{titles[first]}{_SHARES[share]}" if first != NO_COLUMN else ""
