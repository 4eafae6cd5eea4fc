"""The scoring stage against its bare kernel: the same products, mask and partition, no more."""

from functools import partial
from pathlib import Path

import numpy as np

from batch import artifacts, reuse
from batch.catalogue import catalogue_of
from batch.dataset import Histories, open_dataset
from batch.encoding import encode_histories
from batch.params import ListParams, Params
from batch.rules import ProductRules
from batch.scoring import BLOCK, Model, padded
from batch.threads import in_threads
from batch.user_lists import user_lists
from schemas.product_order import facts_of
from tests.benchmarks.ratios import show, take_turns

BLOCKS = 8
ROUNDS = 5


def measure(folder: Path) -> None:
    """Score a few blocks of users both ways, on the pipeline's own threads."""
    model_folder, _ = next(reuse.models_in(folder / "models"))
    (dataset_folder,) = (folder / "datasets").glob("*/")
    model, dataset = artifacts.load_model(model_folder), open_dataset(dataset_folder)
    blocks = list(dataset.shard(dataset.manifest.shards[0]).blocks(BLOCK))[:BLOCKS]
    lists = Params().lists
    rules = ProductRules(facts_of(catalogue_of(dataset, model_folder)))
    ours, kernel = partial(_ours, model, rules, lists), partial(_kernel, model, lists.entries)
    seconds = take_turns(
        {
            "ours": lambda: list(in_threads(ours, blocks)),
            "kernel": lambda: list(in_threads(kernel, blocks)),
        },
        ROUNDS,
    )
    users = sum(len(block) for block in blocks)
    show(
        f"Scoring {users} users over {model.anime} titles",
        {
            "ours: scores, lists, reasons, bytes": _per_user(seconds["ours"], users),
            "bare kernel: products, mask, partition": _per_user(seconds["kernel"], users),
            "ratio (guide: at most 1.5)": f"{seconds['ours'] / seconds['kernel']:.2f}",
        },
    )


def _per_user(seconds: float, users: int) -> str:
    return f"{seconds / users * 1e6:.0f} us a user"


def _ours(model: Model, rules: ProductRules, lists: ListParams, block: Histories) -> list[bytes]:
    return [*user_lists(model, rules, block, lists), *encode_histories(block)]


def _kernel(model: Model, n: int, block: Histories) -> None:
    rows = padded(model.strengths(block))
    total = model.linear.score(rows)
    for leg in model.hybrid.legs[1:]:
        total += leg.score(rows)
    scores = model.with_unrated(total)[: len(block)]
    scores[block.rows, model.positions[block.columns]] = -np.inf
    np.argpartition(scores, scores.shape[1] - n, axis=1)
