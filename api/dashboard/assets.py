"""Styles and scripts of the pages, at addresses that change with their content."""

import zlib
from functools import cache
from typing import Final

from api import pages


def content(name: str) -> bytes:
    """A file of ours."""
    return pages.asset(name)


FOR_EVER: Final = "public, max-age=31536000, immutable"
"""How long browsers may keep one."""


@cache
def address(name: str) -> str:
    """Where browsers find it, and may keep it for ever."""
    return f"/assets/{name}?v={zlib.crc32(content(name)):08x}"
