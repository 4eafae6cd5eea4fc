"""Merging the small files that every night adds, so that there are never many of them."""

import logging
from collections.abc import Sequence
from itertools import accumulate, takewhile
from pathlib import Path
from typing import Final

from batch.ratings import files
from batch.ratings.files import Drained, drained_in

log = logging.getLogger(__name__)

MOST_FILES: Final = 16
"""Small files side by side."""
MOST_ROWS: Final = 1_000_000
"""In a file that was merged: it is read in one piece."""


def compact(folder: Path, most_files: int = MOST_FILES, most_rows: int = MOST_ROWS) -> Drained:
    """Merge the newest files, as many as fit into one, if there are more than `most_files`.

    Rows and their order stay, and so does the watermark. Only who holds the lease may do it.

    Raises:
        VerificationError: a file is not what was written; those before are still there.
    """
    files.delete_held(folder)
    found = drained_in(folder).files
    small = _newest_that_fit(found, most_rows)
    if len(small) > most_files:
        into = files.merge(folder, small)
        log.info("merged %d files of ratings into %s", len(small), into.name)
    return drained_in(folder)


def _newest_that_fit(found: Sequence[Path], most_rows: int) -> Sequence[Path]:
    totals = accumulate(files.rows_in(one) for one in reversed(found))
    fitting = sum(1 for _ in takewhile(lambda total: total <= most_rows, totals))
    return found[len(found) - fitting :]
