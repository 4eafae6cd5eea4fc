import logging

import apache_beam as beam
import pytest

from batch.engine import Engine, save_json
from schemas.errors import SettingsError


def run(folder, *options, runner="FnApiRunner"):
    path = folder / "report.json"
    Engine(runner, options).run(
        lambda pipeline: pipeline | beam.Create([[1, 2]]) | beam.Map(save_json, str(path))
    )
    return path.read_text()


def test_a_pipeline_hands_its_result_back_in_a_file(tmp_path):
    assert run(tmp_path) == "[1, 2]"


def test_options_that_beam_knows_are_handed_through(tmp_path):
    assert run(tmp_path, "--direct_num_workers=1", "--job_name", "nightly") == "[1, 2]"


@pytest.mark.parametrize("options", [
    ("--bogus=1",), ("--bogus", "1"), ("--bogus",), ("bogus",), ("-b",), ("--direct_num_worker=1",),
    ("--help",),
])  # fmt: skip
def test_options_that_beam_would_drop_are_refused(tmp_path, options):
    with pytest.raises(SettingsError) as refused:
        run(tmp_path, *options)

    assert str(refused.value) == f"runner FnApiRunner has no option {' '.join(options)}"


def test_a_value_that_an_option_cannot_have_is_refused(tmp_path):
    with pytest.raises(SettingsError, match="argument --direct_num_workers: invalid int"):
        run(tmp_path, "--direct_num_workers=many")


def test_options_of_a_job_server_are_left_to_it_with_a_warning(caplog):
    engine = Engine("FlinkRunner", ("--flink_master=local", "--state_backend=rocksdb"))

    with caplog.at_level(logging.WARNING, "batch.engine"):
        engine._pipeline()

    assert [one.message for one in caplog.records if one.name == "batch.engine"] == [
        "only the job server of FlinkRunner may know the option --state_backend=rocksdb"
    ]


def test_a_runner_that_does_not_exist_is_refused(tmp_path):
    with pytest.raises(SettingsError, match="cannot use runner 'Nobody'"):
        run(tmp_path, runner="Nobody")
