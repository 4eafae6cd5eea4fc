"""Chooses which titles a sample of a given size holds."""

from collections.abc import Iterable

from batch.sample import known
from batch.sample.invented import invent
from batch.sample.title import Title


def titles(anime: int | None, seed: int) -> tuple[Title, ...]:
    """In order of id; None means exactly the hand-written catalogue."""
    written = known.load()
    wanted = len(written) if anime is None else anime
    chosen = _most_popular(written)[:wanted] + invent(max(0, wanted - len(written)), seed)
    return tuple(sorted(chosen, key=lambda title: title.anime_id))


def _most_popular(written: Iterable[Title]) -> tuple[Title, ...]:
    """A title counts as no more popular than what it continues, so beginnings come first."""
    tiers: dict[str, float] = {}
    ranked: list[tuple[float, int, int, Title]] = []
    for title in written:
        tier = min(title.popularity, tiers.get(title.franchise, title.popularity))
        tiers[title.franchise] = tier
        ranked.append((-tier, title.order, title.anime_id, title))
    return tuple(title for *_, title in sorted(ranked, key=lambda entry: entry[:3]))
