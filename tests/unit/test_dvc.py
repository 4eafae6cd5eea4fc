from pathlib import Path

import pytest
import yaml

from batch import params, reuse

TOP = Path(__file__).parents[2]
STAGES = yaml.safe_load((TOP / "dvc.yaml").read_text())["stages"]
SECTIONS = yaml.safe_load((TOP / "params.yaml").read_text())
MADE = ("data", "var/")


def changed(section):
    """Parameters that differ from the defaults by the last whole or broken number of a section."""
    name = list(SECTIONS[section])[-1]
    value = SECTIONS[section][name]
    other = value + 1 if isinstance(value, int) else value / 2 + 0.125
    return params.from_mapping({section: {name: other}}, "test")


@pytest.mark.parametrize("section", SECTIONS)
def test_training_runs_again_for_the_settings_that_it_reads_and_no_other(section):
    read = reuse.settings_fingerprint(changed(section)) != reuse.settings_fingerprint(
        params.Params()
    )

    assert (section in STAGES["train"]["params"]) == read


def test_evaluation_runs_again_for_everything_that_training_reads():
    assert {*STAGES["ingest"]["params"], *STAGES["train"]["params"]} <= {
        *STAGES["evaluate"]["params"]
    }


@pytest.mark.parametrize("stage", STAGES)
def test_code_that_a_stage_depends_on_is_there(stage):
    code = [path for path in STAGES[stage]["deps"] if not path.startswith(MADE)]

    assert code
    assert [path for path in code if not (TOP / path).exists()] == []
