import os

import pytest

from batch.params import RetentionParams
from batch.pruning import Kept, named_by, prune, superfluous
from schemas.store.register import Record, State

DAY = 24 * 3600
NOW = 1000 * DAY
FEW = RetentionParams(models=1, datasets=1, experiments=1, runs=1, days=7.0)


def folder_of(parent, name, days_ago, manifest="manifest.json"):
    folder = parent / name
    folder.mkdir(parents=True)
    if manifest:
        (folder / manifest).touch()
    (folder / "rows.parquet").touch()
    os.utime(folder, (NOW - days_ago * DAY,) * 2)


def file_of(folder, name, days_ago):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).touch()
    os.utime(folder / name, (NOW - days_ago * DAY,) * 2)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def record(generation, state, dataset="", model=""):
    return Record(generation, state, dataset=dataset, model=model)


@pytest.mark.parametrize("kind", ["models", "datasets"])
def test_the_last_used_and_the_young_stay(tmp_path, kind):
    for name, days in (("a", 9), ("b", 8), ("c", 6), ("d", 5)):
        folder_of(tmp_path / kind, name, days)

    assert prune(tmp_path, FEW, [], NOW) == 2

    assert names(tmp_path / kind) == ["c", "d"]


@pytest.mark.parametrize("kind", ["models", "datasets"])
def test_the_last_used_stay_however_old_they_are(tmp_path, kind):
    for name, days in (("a", 99), ("b", 98)):
        folder_of(tmp_path / kind, name, days)

    prune(tmp_path, FEW, [], NOW)

    assert names(tmp_path / kind) == ["b"]


@pytest.mark.parametrize("state", State)
def test_what_a_stored_generation_names_stays_whatever_its_state(tmp_path, state):
    for kind in ("models", "datasets"):
        for name, days in (("0123456789abcdef", 99), ("old", 98), ("new", 1)):
            folder_of(tmp_path / kind, name, days)
    stored = record("20261124T020000Z", state, "0123456789abcdef" * 4, "0123456789abcdef")

    prune(tmp_path, FEW, named_by([stored]), NOW)

    for kind in ("models", "datasets"):
        assert names(tmp_path / kind) == ["0123456789abcdef", "new"]


def test_what_is_unfinished_is_not_ours_to_judge(tmp_path):
    folder_of(tmp_path / "models", "half", 99, manifest="")
    folder_of(tmp_path / "models", ".part-1", 99)
    folder_of(tmp_path / "models", "new", 1)

    assert prune(tmp_path, FEW, [], NOW) == 0


def test_ratings_are_never_deleted(tmp_path):
    for number in range(9):
        file_of(tmp_path / "ratings", f"{number:016}-{number:010}.parquet", 999)

    assert prune(tmp_path, RetentionParams(0, 0, 0, 0, 0.0), [], NOW) == 0
    assert len(names(tmp_path / "ratings")) == 9


def test_records_of_runs_go_but_not_what_was_last(tmp_path):
    for name, days in (("latest.json", 99), ("1.json", 99), ("2.json", 98), ("3.json", 1)):
        file_of(tmp_path / "runs", name, days)

    prune(tmp_path, FEW, [], NOW)

    assert names(tmp_path / "runs") == ["3.json", "latest.json"]


def test_what_belongs_to_one_experiment_goes_together(tmp_path):
    for name, days in (("a.json", 99), ("a.log", 9), ("b.zip", 98), ("c.zip", 8), ("d.log", 1)):
        file_of(tmp_path / "experiments", name, days)

    assert prune(tmp_path, RetentionParams(experiments=2, days=7.0), [], NOW) == 2

    assert names(tmp_path / "experiments") == ["c.zip", "d.log"]


def test_an_empty_folder_has_nothing_to_prune(tmp_path):
    assert prune(tmp_path / "nowhere", FEW, [], NOW) == 0


def test_what_cannot_be_deleted_stays_for_another_night(tmp_path, caplog, monkeypatch):
    for name in ("a", "b", "c"):
        folder_of(tmp_path / "models", name, 99)

    def refuse(*_):
        raise PermissionError(13, "no")

    monkeypatch.setattr("batch.pruning.shutil.rmtree", refuse)

    assert prune(tmp_path, FEW, [], NOW) == 0
    assert "cannot delete" in caplog.text


def test_of_equal_age_one_order_decides():
    found = [Kept(name, 1.0, ()) for name in "abc"]

    assert [one.name for one in superfluous(found, (), 1, 2.0)] == ["b", "a"]
    assert superfluous(found, (), 1, 2.0) == superfluous(found[::-1], (), 1, 2.0)
