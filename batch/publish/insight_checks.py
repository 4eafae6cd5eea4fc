"""What can be wrong with stored insights and audiences. Pure."""

from collections.abc import Iterator, Sequence

from schemas import audiences_codec, insights_codec
from schemas.errors import PayloadError
from schemas.insights import Insights
from schemas.records import Anime, AnimeId


def wrong_insights(payload: bytes, catalogue: Sequence[Anime]) -> str:
    """What is wrong with insights, empty if nothing is; of adult titles they must not tell."""
    try:
        insights = insights_codec.decode(payload)
    except PayloadError as error:
        return str(error)
    may_be_named = {one.anime_id for one in catalogue if not one.adult}
    unknown = sorted(set(_named(insights)) - may_be_named)
    return f"name titles that may not be named: {unknown[:3]}" if unknown else ""


def wrong_audiences(payload: bytes, catalogue: Sequence[Anime]) -> str:
    """What is wrong with audiences; empty if nothing is."""
    try:
        columns = audiences_codec.columns(payload, audiences_codec.layout(payload))
    except PayloadError as error:
        return str(error)
    if list(columns) != sorted(set(columns)):
        return "titles are not in order"
    if columns and columns[-1] >= len(catalogue):
        return "names a title that the catalogue does not have"
    return ""


def _named(insights: Insights) -> Iterator[AnimeId]:
    yield from (one.anime_id for one in insights.rising.items)
    yield from (one.anime_id for one in insights.gems)
    yield from (title for one in insights.groups for title in one.titles)
