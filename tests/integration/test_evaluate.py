import json

from batch.dataset import open_dataset
from batch.engine import Engine
from batch.evaluation.protocols import protocols
from batch.evaluation.references import REFERENCES
from batch.evaluation.report import markdown, write_report
from batch.ingest.run import ingest
from batch.sample import write_sample
from tests.datasets import SMALL, quiet

OURS = ["ours", "ours, linear leg"]


def evaluated(tmp_path, users, anime):
    write_sample(tmp_path / "data", users=users, anime=anime, seed=1)
    ingest(tmp_path / "data", tmp_path / "dataset", reject_share=0.0)
    dataset = open_dataset(tmp_path / "dataset")
    return dict(protocols(dataset, tmp_path, SMALL, Engine(), quiet, seed=0))


def test_fewer_titles_than_a_ranking_is_deep_are_measured_without_a_warning(tmp_path):
    found = evaluated(tmp_path, users=60, anime=50)

    methods = {name: [one.method for one in rows] for name, rows in found.items()}
    assert methods == {
        "hold-out": [*REFERENCES, *OURS],
        "newcomers": [*REFERENCES, *OURS, "ours, live path"],
    }
    measured = [one for rows in found.values() for one in rows]
    assert all(0 < one.ndcg_10 < one.ndcg_100 < 1 for one in measured)
    assert all(0 < one.recall_20 <= 1 and 10 <= one.shown <= 50 for one in measured)
    assert {one.users for one in found["newcomers"]} == {7}


def test_users_too_few_to_hide_anything_measure_0(tmp_path):
    found = evaluated(tmp_path, users=4, anime=8)

    write_report(found, tmp_path / "report")

    kept = json.loads((tmp_path / "report" / "metrics.json").read_text())
    assert {(one["users"], one["ndcg_10"]) for rows in kept.values() for one in rows} == {(0, 0.0)}
    assert "0 users." in markdown(found)
