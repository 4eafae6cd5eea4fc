import json
import zipfile

import pytest
from click.testing import CliRunner

from batch.dataset import open_dataset
from batch.engine import Engine
from batch.evaluation.ours import LIVE, OURS, RULES
from batch.evaluation.protocols import GIVEN, METHODS, Evaluation, cold_users_given, evaluate
from batch.evaluation.references import (
    COLD_ANIME,
    COLD_USERS,
    HOLD_OUT,
    NEWCOMERS,
    PROTOCOLS,
    REFERENCES,
)
from batch.evaluation.report import write_report
from batch.evaluation.tables import markdown
from batch.evaluation.titles import franchises_of, titles_of
from batch.ingest.run import ingest
from batch.models.legs import LEGS
from batch.sample import write_sample
from jobs.evaluate import evaluate as command
from tests.datasets import SMALL, quiet

ABLATED = [
    "ours, without ranker",
    *(f"ours, without {leg}" for leg in LEGS),
    *(f"ours, {leg} alone" for leg in LEGS),
    "ours, without metadata in the linear leg",
    "ours, without synopses",
    "ours, without rating power",
]
COLD = [cold_users_given(n, withheld_ranked=ranked) for ranked in (False, True) for n in GIVEN]


def sampled(folder, users, anime, **parts):
    write_sample(folder / "data", users=users, anime=anime, seed=1)
    ingest(folder / "data", folder / "dataset", reject_share=0.0)
    dataset = open_dataset(folder / "dataset")
    titles = titles_of(dataset.table, franchises_of(dataset))
    return Evaluation(dataset, titles, folder, SMALL, Engine(), quiet, **parts)


@pytest.fixture(scope="module")
def everything(tmp_path_factory):
    """Every method and protocol on a small sample."""
    return evaluate(sampled(tmp_path_factory.mktemp("evaluate"), users=120, anime=90))


def names(protocol):
    return [one.name for one in REFERENCES if protocol in one.protocols and one.installed]


def test_every_method_takes_part_where_it_can(everything):
    found = {name: [one.method for one in rows] for name, rows in everything.items()}

    assert found == {
        HOLD_OUT: [*names(HOLD_OUT), OURS, RULES, *ABLATED],
        **{one: [*names(NEWCOMERS), OURS, LIVE, *ABLATED] for one in (NEWCOMERS, *COLD)},
        COLD_ANIME: [*names(COLD_ANIME), OURS, *ABLATED],
    }


def test_figures_are_within_their_ranges(everything):
    for one in (one for rows in everything.values() for one in rows):
        assert one.users > 0
        assert 0 <= one.low["ndcg@10"] <= one.figures["ndcg@10"] <= one.high["ndcg@10"] <= 1
        assert one.figures["ndcg@10"] <= one.figures["ndcg@100"] < 1
        assert 0 < one.figures["coverage@10"] <= 90
        assert (one.p is None) == (one.method == OURS)


def test_ours_beats_popularity_on_known_users(everything):
    by_method = {one.method: one.figures["ndcg@100"] for one in everything[HOLD_OUT]}

    assert by_method[OURS] > by_method["popularity"]


def test_cold_users_are_the_newcomers_whatever_they_give(everything):
    counts = {rows[0].users for name, rows in everything.items() if name in (NEWCOMERS, *COLD)}

    assert len(counts) == 1


def test_the_report_has_flat_figures_tables_and_plots(everything, tmp_path):
    write_report(everything, tmp_path / "report", missing=["item-kNN"], examples="# More\n")

    figures = json.loads((tmp_path / "report" / "metrics.json").read_text())
    text = (tmp_path / "report" / "evaluation.md").read_text()
    assert (
        figures[HOLD_OUT][OURS]["ndcg@10"]
        == everything[HOLD_OUT][-2 - len(ABLATED)].figures["ndcg@10"]
    )
    assert {type(value) for value in figures[COLD_ANIME][OURS].values()} <= {int, float}
    assert "make peers" in text
    assert (tmp_path / "report" / "examples.md").read_text() == "# More\n"
    assert "| **ours** |" in text
    for plot in ("quality", "history-length", "cold-users", "coverage"):
        assert f"](evaluation/{plot}.svg)" in text
        assert (tmp_path / "report" / "evaluation" / f"{plot}.svg").stat().st_size > 1000


def test_product_rules_and_seeds_make_rows_of_their_own(tmp_path):
    evaluation = sampled(
        tmp_path, 60, 50, methods=[OURS], protocols=[HOLD_OUT], seeds=(0, 1),
    )  # fmt: skip

    ours, ruled = evaluate(evaluation)[HOLD_OUT]

    assert (ours.method, ruled.method) == (OURS, RULES)
    assert ruled.figures["recall@50"] < ours.figures["recall@50"]
    assert ruled.figures["sequels@10"] < ours.figures["sequels@10"]
    assert ours.spreads["ndcg@10"] > 0


def test_users_too_few_to_hide_anything_measure_0(tmp_path):
    found = evaluate(sampled(tmp_path, users=4, anime=8, methods=["popularity", "EASE"]))

    write_report(found, tmp_path / "report")

    assert {(one.users, one.figures["ndcg@10"]) for rows in found.values() for one in rows} == {
        (0, 0.0)
    }
    assert "0 users." in markdown(found)


def test_the_command_writes_and_tracks_a_report_with_lists_to_read(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_sample(tmp_path / "data", users=60, anime=60, seed=1)

    said = CliRunner().invoke(
        command,
        [f"--data={tmp_path / 'data'}", f"--out={tmp_path / 'out'}", "--examples",
         "--protocols=hold-out", "--methods=Popularity,ours", "--tracking=offline"],
    )  # fmt: skip

    assert said.exit_code == 0, said.output
    written = (tmp_path / "out" / "examples.md").read_text()
    assert "| popularity |" in said.output
    assert "EASE" not in said.output
    assert written.count("**User ") == 10
    assert "(a film):" in written
    (archive,) = (tmp_path / "var" / "artifacts" / "experiments").glob("*.zip")
    with zipfile.ZipFile(archive) as opened:
        assert b"quality.svg" in opened.read("messages.json")


@pytest.mark.parametrize(
    ("option", "told"),
    [
        ("--methods=best", "unknown best; known are popularity, item-knn"),
        ("--protocols=hot", "unknown hot; known are hold-out"),
        ("--seeds=one", "whole numbers with commas, got 'one'"),
    ],
)
def test_unknown_names_are_refused_before_any_work(tmp_path, option, told):
    said = CliRunner().invoke(command, [f"--data={tmp_path}", option])

    assert said.exit_code == 2
    assert told in " ".join(said.output.split())


def test_all_that_can_be_chosen_is_what_the_help_lists():
    said = CliRunner().invoke(command, ["--help"]).output

    for name in (*METHODS, *PROTOCOLS, COLD_USERS):
        assert name.lower().replace(" ", "-").replace("'", "") in said
