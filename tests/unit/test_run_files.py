import json
from dataclasses import replace

from batch import run_files
from schemas.runs import Outcome, Run, read

FIRST = Run(
    "20261124T020000Z-aaaaaa", "refresh", "nightly", "refresh 1 on a", "2026-11-24T02:00:00"
)
SECOND = replace(FIRST, id="20261125T020000Z-bbbbbb")


def latest(folder):
    return json.loads((folder / "latest.json").read_bytes())


def test_a_record_reads_back_as_it_was_written(tmp_path):
    run_files.write(tmp_path / "runs", FIRST)

    assert [path.name for path in (tmp_path / "runs").iterdir()] == [f"{FIRST.id}.json"]
    assert read((tmp_path / "runs" / f"{FIRST.id}.json").read_bytes()) == FIRST


def test_the_latest_says_which_run_was_last_and_which_was_the_last_success(tmp_path):
    run_files.write(tmp_path, replace(FIRST, outcome=Outcome.DONE))
    run_files.write(tmp_path, replace(SECOND, outcome=Outcome.FAILED))

    said = latest(tmp_path)["refresh"]
    assert (said["run"]["id"], said["success"]["id"]) == (SECOND.id, FIRST.id)


def test_what_runs_or_was_skipped_is_not_the_latest(tmp_path):
    run_files.write(tmp_path, replace(FIRST, outcome=Outcome.FAILED))
    run_files.write(tmp_path, SECOND)
    run_files.write(tmp_path, replace(SECOND, outcome=Outcome.SKIPPED))

    said = latest(tmp_path)["refresh"]
    assert (said["run"]["id"], said["success"]) == (FIRST.id, None)


def test_each_command_has_a_latest_run_of_its_own(tmp_path):
    run_files.write(tmp_path, replace(FIRST, outcome=Outcome.DONE))
    run_files.write(tmp_path, replace(SECOND, command="backfill", outcome=Outcome.FAILED))

    assert {name: said["run"]["id"] for name, said in latest(tmp_path).items()} == {
        "refresh": FIRST.id, "backfill": SECOND.id,
    }  # fmt: skip


def test_a_damaged_latest_is_written_anew(tmp_path):
    (tmp_path / "latest.json").write_text("not json")

    run_files.write(tmp_path, replace(FIRST, outcome=Outcome.DONE))

    assert latest(tmp_path)["refresh"]["success"]["id"] == FIRST.id
