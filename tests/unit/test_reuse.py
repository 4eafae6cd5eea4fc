from dataclasses import replace

import pytest

from batch import reuse
from batch.params import GateParams, LinearParams, Params, StrengthParams
from schemas.manifests import ModelManifest


@pytest.mark.parametrize(
    "params",
    [
        Params(strengths=StrengthParams(rating_power=1.0)),
        Params(linear=LinearParams(regularisation=1.0)),
    ],
)
def test_a_setting_that_training_reads_changes_the_fingerprint(params):
    assert reuse.settings_fingerprint(params) != reuse.settings_fingerprint(Params())


def test_a_setting_that_training_does_not_read_changes_nothing():
    params = Params(gates=GateParams(overlap=0.9))

    assert reuse.settings_fingerprint(params) == reuse.settings_fingerprint(Params())


def test_why_not_names_everything_that_changed():
    made = ModelManifest("m", "data", "settings", "code", 1, 1, {}, 200, 0.3, {}, {})
    wanted = reuse.Identity("data", "settings", "code")

    assert reuse.why_not(made, wanted) == ""
    assert reuse.why_not(made, replace(wanted, code="new")) == "code changed"
    assert reuse.why_not(made, reuse.Identity("a", "b", "code")) == "dataset and settings changed"


def test_a_manifest_of_another_version_is_left_alone(tmp_path, caplog):
    old = tmp_path / "models" / "old"
    old.mkdir(parents=True)
    (old / "manifest.json").write_text('{"model": "m", "blend": {"linear": 1.0}}')

    assert list(reuse.models_in(tmp_path / "models")) == []
    assert "old is of another version" in caplog.text
