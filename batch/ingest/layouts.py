"""Recognises the two Kaggle layouts in a folder by what the headers of its files say."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from batch.ingest.sources import Format, Source, describe, format_of
from schemas.errors import DataRefusedError

_log = logging.getLogger(__name__)
_SHOWN_COLUMNS: Final = 12

STATUS: Final = "watching_status"
SYNOPSIS: Final = ("sypnopsis", "synopsis")
"""Kaggle's own spelling comes first."""


class Role(StrEnum):
    CATALOGUE_2020 = "anime.csv of Kaggle 2020"
    CATALOGUE_2016 = "anime.csv of Kaggle 2016"
    ANIMELIST = "animelist.csv"
    RATINGS = "rating_complete.csv or rating.csv"
    SYNOPSIS = "anime_with_synopsis.csv"
    TAGS = "anime_tags.csv"


REQUIRED: Final = {
    Role.ANIMELIST: ("user_id", "anime_id", "rating", STATUS),
    Role.RATINGS: ("user_id", "anime_id", "rating"),
    Role.TAGS: ("MAL_ID", "Themes", "Demographics", "Tags"),
    Role.CATALOGUE_2020: ("MAL_ID", "Name", "Genres"),
    Role.CATALOGUE_2016: ("anime_id", "name", "genre"),
}
_ONLY_ANIMELIST: Final = (STATUS, "watched_episodes")
_CATALOGUES: Final = (Role.CATALOGUE_2020, Role.CATALOGUE_2016)
_INTERACTIONS: Final = (Role.ANIMELIST, Role.RATINGS)
_KAGGLE_NAMES: Final = frozenset(
    ["anime", "animelist", "rating", "rating_complete", "anime_with_synopsis", "anime_tags"]
)


@dataclass(frozen=True, slots=True)
class Layout:
    """Which file plays which part; `unscored` is the rating that means "none given"."""

    name: str
    catalogue: Source
    interactions: Source
    unscored: int | None
    synopsis: Source | None = None
    tags: Source | None = None

    @property
    def sources(self) -> list[str]:
        """Names of the files that are read."""
        used = (self.catalogue, self.interactions, self.synopsis, self.tags)
        return [source.path.name for source in used if source is not None]


def recognise(data: Path) -> Layout:
    """Find the files of one layout; files that fit nothing are left alone.

    Raises:
        DataRefusedError: no such folder, a file or column is missing, two files claim the same
            role, or a file with a name that Kaggle uses is damaged.
    """
    sources = _tables(data)
    found = _by_role(sources)
    catalogue = _one(found, _CATALOGUES, "catalogue", data, sources)
    if all(role in found for role in _INTERACTIONS):
        ignored = found.pop(Role.RATINGS).path.name
        _log.info("reading %s, not %s", found[Role.ANIMELIST].path.name, ignored)
    interactions = _one(found, _INTERACTIONS, "interactions", data, sources)
    is_2016 = Role.CATALOGUE_2016 in found
    return Layout(
        name="kaggle-2016" if is_2016 else "kaggle-2020",
        catalogue=catalogue,
        interactions=interactions,
        unscored=0 if Role.ANIMELIST in found else -1 if is_2016 else None,
        synopsis=found.get(Role.SYNOPSIS),
        tags=found.get(Role.TAGS),
    )


def _tables(data: Path) -> list[Source]:
    if not data.is_dir():
        raise DataRefusedError(f"there is no folder {data}")
    paths = sorted(path for path in data.iterdir() if path.is_file())
    kinds = [(path, format_of(path)) for path in paths]
    described = [_describe(path, kind) for path, kind in kinds if kind is not None]
    sources = [source for source in described if source is not None]
    if not sources:
        readable = "readable " if described else ""
        raise DataRefusedError(f"{data} holds no {readable}.csv, .csv.gz or .parquet file")
    return sources


def _describe(path: Path, kind: Format) -> Source | None:
    """Read a header; a damaged file that no layout asks for is none of our business."""
    try:
        return describe(path, kind)
    except DataRefusedError as error:
        if path.name.lower().removesuffix(kind) in _KAGGLE_NAMES:
            raise
        _log.warning("ignoring a file that cannot be read: %s", error)
        return None


def _by_role(sources: Sequence[Source]) -> dict[Role, Source]:
    found: dict[Role, Source] = {}
    for source in sources:
        role = role_of(source.columns)
        if role is None:
            _log.info("ignoring %s", _shown(source))
        elif role in found:
            _refuse_both(found[role], source, f"look like {role}")
        else:
            _require_columns(source, role)
            found[role] = source
    return found


def role_of(columns: Sequence[str]) -> Role | None:
    """Which part a file with these columns plays, if any."""
    if any(name in columns for name in SYNOPSIS) and "Type" not in columns:
        return Role.SYNOPSIS if "MAL_ID" in columns else None
    # An animelist that lost its status must not pass for a list of completed titles.
    if "user_id" in columns and any(name in columns for name in _ONLY_ANIMELIST):
        return Role.ANIMELIST
    fits = (role for role, needed in REQUIRED.items() if set(needed) <= set(columns))
    return next(fits, None)


def _require_columns(source: Source, role: Role) -> None:
    for name in REQUIRED.get(role, ()):
        times = source.columns.count(name)
        if times != 1:
            raise DataRefusedError(
                f"{role} needs exactly one column {name}, found {times}: {_shown(source)}"
            )


def _one(
    found: dict[Role, Source], roles: Sequence[Role], what: str, data: Path,
    sources: Sequence[Source],
) -> Source:  # fmt: skip
    fitting = [found[role] for role in roles if role in found]
    if len(fitting) > 1:
        _refuse_both(fitting[0], fitting[1], f"could be the {what}")
    if not fitting:
        wanted = " or ".join(f"{', '.join(REQUIRED[role])} ({role})" for role in roles)
        seen = "; ".join(_shown(source, roles) for source in sources)
        raise DataRefusedError(
            f"{data} has no {what} file: looked for the columns {wanted}; found {seen}"
        )
    return fitting[0]


def _refuse_both(first: Source, second: Source, why: str) -> None:
    raise DataRefusedError(
        f"{first.path.name} and {second.path.name} both {why}: keep one of them in the folder"
    )


def _shown(source: Source, roles: Sequence[Role] = ()) -> str:
    names = source.columns[:_SHOWN_COLUMNS]
    more = len(source.columns) - len(names)
    listed = ", ".join(names) + (f" and {more} more" if more else "")
    return f"{source.path.name} with {listed or 'no columns'}{_lacking(source.columns, roles)}"


def _lacking(columns: Sequence[str], roles: Sequence[Role]) -> str:
    """Name what keeps a file from fitting, if it looks as if it was meant to."""
    gaps = [[name for name in REQUIRED[role] if name not in columns] for role in roles]
    near = [g for g, role in zip(gaps, roles, strict=True) if 0 < len(g) < len(REQUIRED[role]) - 1]
    near.sort(key=len)
    return f" (lacks {', '.join(near[0])})" if near else ""
