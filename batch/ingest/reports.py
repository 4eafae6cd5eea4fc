"""What ingest counted, piece by piece and shard by shard, and what the counts add up to."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from batch.ingest.rejects import Part, most_frequent_first
from batch.ingest.shards import NO_ROWS, Digest, total


@dataclass(frozen=True, slots=True)
class PieceReport:
    """What became of one piece of a block; `refused` says why the whole input is unusable.

    `lines` counts empty lines too; `rejects` names a file of rejected rows, if there are any.
    """

    block: int
    piece: int
    lines: int = 0
    rows: int = 0
    rejected: dict[str, int] = field(default_factory=dict)
    rejects: str = ""
    refused: str = ""


@dataclass(frozen=True, slots=True)
class ShardReport:
    """One finished shard; `rows` are resolved, `read` counts replaced duplicates too."""

    name: str
    users: int
    rows: int
    read: int
    digest: Digest = NO_ROWS


@dataclass(frozen=True, slots=True)
class Tally:
    """All reports of one run, in file order and by shard."""

    pieces: Sequence[PieceReport]
    shards: Sequence[ShardReport]

    @property
    def rejected(self) -> dict[str, int]:
        """Reason -> rows, the most frequent first."""
        counts = Counter[str]()
        for piece in self.pieces:
            counts.update(piece.rejected)
        return most_frequent_first(counts)

    @property
    def read(self) -> int:
        """All interaction rows, usable or not; empty lines are no rows."""
        return sum(piece.rows for piece in self.pieces) + sum(self.rejected.values())

    @property
    def rows(self) -> int:
        return sum(shard.rows for shard in self.shards)

    @property
    def users(self) -> int:
        return sum(shard.users for shard in self.shards)

    @property
    def replaced(self) -> int:
        """Rows for which a later one of the same user and anime counts."""
        return sum(shard.read - shard.rows for shard in self.shards)

    @property
    def digest(self) -> Digest:
        return total(shard.digest for shard in self.shards)

    def parts(self, folder: Path, file: str, lines_before: int) -> list[Part]:
        """The files of rejected rows and where each begins in the input file."""
        parts = []
        for piece in self.pieces:
            if piece.rejects:
                parts.append(Part(folder / piece.rejects, file, lines_before))
            lines_before += piece.lines
        return parts


def write(path: Path, reports: Sequence[PieceReport] | Sequence[ShardReport]) -> None:
    """Write reports; the file appears whole."""
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps([asdict(report) for report in reports]), encoding="utf-8")
    partial.replace(path)


def read(pieces: Path, shards: Path) -> Tally:
    """Read what a run wrote, whatever the order its workers finished in."""
    read_pieces = [PieceReport(**report) for report in json.loads(pieces.read_bytes())]
    read_shards = [ShardReport(**report) for report in json.loads(shards.read_bytes())]
    return Tally(
        sorted(read_pieces, key=lambda piece: (piece.block, piece.piece)),
        sorted(read_shards, key=lambda shard: shard.name),
    )
