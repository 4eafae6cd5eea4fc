"""Rivals, each tuned and each in one small adapter: `fit` on a trial gives a scorer.

A module is imported when it is run: some need the `peers` extra, two need TensorFlow.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Final, Protocol, cast

from batch.evaluation.trial import Scorer, Trial

HOLD_OUT: Final = "hold-out"
NEWCOMERS: Final = "newcomers"
COLD_USERS: Final = "cold-users"
COLD_ANIME: Final = "cold-anime"
PROTOCOLS: Final = (HOLD_OUT, NEWCOMERS, COLD_USERS, COLD_ANIME)

_RATED: Final = frozenset({HOLD_OUT, NEWCOMERS, COLD_USERS})


@dataclass(frozen=True, slots=True)
class Reference:
    """Its name in tables, its module, where it can take part, and what package it needs."""

    name: str
    module: str
    protocols: frozenset[str] = _RATED
    needs: str = ""

    @property
    def installed(self) -> bool:
        return not self.needs or find_spec(self.needs) is not None


class ReferenceModule(Protocol):
    """What a module of a reference offers."""

    def fit(self, trial: Trial) -> Scorer:
        """Learn from the training rows of a trial."""


REFERENCES: Final = (
    Reference("popularity", "popularity"),
    Reference("item-kNN", "item_knn", needs="implicit"),
    Reference("BPR", "bpr", needs="implicit"),
    Reference("iALS", "ials", needs="implicit"),
    Reference("Mult-VAE", "mult_vae"),
    Reference("EASE", "ease"),
    Reference("student model", "student", frozenset({HOLD_OUT})),
    Reference("genre popularity", "genre_popularity", frozenset({COLD_ANIME})),
    Reference("user's genres", "genre_profile", frozenset({COLD_ANIME})),
    Reference("content kNN", "content_knn", frozenset({COLD_ANIME})),
)


def references_for(protocol: str, methods: Sequence[str]) -> list[Reference]:
    """Those chosen by name that can take part in a protocol and have what they need."""
    return [
        one
        for one in REFERENCES
        if one.name in methods and protocol in one.protocols and one.installed
    ]


def not_installed(methods: Sequence[str]) -> list[str]:
    """Those chosen by name that lack what they need."""
    return [one.name for one in REFERENCES if one.name in methods and not one.installed]


def fit(reference: Reference, trial: Trial) -> Scorer:
    """Fit a reference on what a trial lets it see."""
    module = import_module(f"{__name__}.{reference.module}")
    return cast(ReferenceModule, module).fit(trial)
