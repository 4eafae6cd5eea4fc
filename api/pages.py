"""What people read in a browser: the API described, on a page that needs no other site."""

from functools import cache
from pathlib import Path
from typing import Final

from flask import render_template

from api import openapi
from api.checking import rule_of

_ASSETS: Final = Path(__file__).parent / "assets"


@cache
def description() -> bytes:
    """The OpenAPI document."""
    return openapi.as_json()


def docs() -> str:
    return render_template("docs.html", rule_of=rule_of, **_described())


@cache
def asset(name: str) -> bytes:
    """A file of our own, for these pages."""
    return (_ASSETS / name).read_bytes()


@cache
def _described() -> openapi.Document:
    return openapi.describe()
