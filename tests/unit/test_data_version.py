import pytest

from batch.data_version import data_version

DVC = """
outs:
- md5: 0123456789abcdef.dir
  size: 12
  hash: md5
  path: data
"""


def test_data_that_dvc_tracks_have_its_version(tmp_path):
    (tmp_path / "data.dvc").write_text(DVC)

    assert data_version(tmp_path / "data", "/data#7") == "dvc:0123456789abcdef.dir"


@pytest.mark.parametrize("text", ["", "deps: []", "outs: []", DVC.replace("path: data", "path: x")])
def test_a_file_that_does_not_speak_of_the_data_says_nothing(tmp_path, text):
    (tmp_path / "data.dvc").write_text(text)

    assert data_version(tmp_path / "data") == ""


def test_announced_data_have_the_version_of_their_announcement(tmp_path):
    assert data_version(tmp_path / "data", "gs://bucket/data#1764000000") == "announced:1764000000"
    assert data_version(tmp_path / "data", "gs://bucket/data") == ""
