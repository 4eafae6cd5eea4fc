import os
import time

import pytest

from batch.artifacts import scratch, sweep_leftovers, whole_folder

DAY = 24 * 3600


def aged(folder, seconds):
    folder.mkdir()
    then = time.time() - seconds
    os.utime(folder, (then, then))
    return folder


def test_a_folder_appears_whole(tmp_path):
    with whole_folder(tmp_path / "model") as part:
        (part / "file").write_text("x")
        assert not (tmp_path / "model").exists()

    assert (tmp_path / "model" / "file").read_text() == "x"


def test_a_failed_write_leaves_the_old_folder_as_it_was(tmp_path):
    with whole_folder(tmp_path / "model") as part:
        (part / "file").write_text("old")

    def fail():
        with whole_folder(tmp_path / "model") as part:
            (part / "file").write_text("new")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()

    assert [path.name for path in tmp_path.iterdir()] == ["model"]
    assert (tmp_path / "model" / "file").read_text() == "old"


def test_what_a_killed_run_left_goes_after_a_day(tmp_path):
    aged(tmp_path / ".part-old", 2 * DAY)
    aged(tmp_path / ".arriving.123.partial", 2 * DAY)
    young = aged(tmp_path / ".part-young", DAY / 2)

    sweep_leftovers(tmp_path)

    assert list(tmp_path.iterdir()) == [young]


def test_other_peoples_folders_stay(tmp_path):
    kept = {aged(tmp_path / name, 9 * DAY) for name in (".ssh", ".git", "models", ".cache")}

    with scratch(tmp_path):
        pass

    assert set(tmp_path.iterdir()) == kept
