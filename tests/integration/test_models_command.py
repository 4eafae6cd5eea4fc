"""`anirec models` on a real Redis."""

import json

import pytest
from click.testing import CliRunner

from batch.publish.models import Models
from jobs.models import models
from schemas.errors import InvalidParameterError
from schemas.manifests import ModelManifest
from schemas.records import Generation


@pytest.fixture
def run(redis_url, client, monkeypatch):
    """Runs a subcommand on a store where two models were published."""
    monkeypatch.delenv("COMET_API_KEY", raising=False)
    for name in ("first", "second"):
        manifest = ModelManifest(name, "rows", "s", "c", 2, 2, {}, 9, 0.6, {}, {"ndcg@10": 0.3})
        Models(client).publish(manifest, Generation("20261124T020000Z"))

    def run(*arguments):
        command = [*arguments, "--store", redis_url]
        return CliRunner().invoke(models, command, catch_exceptions=False).output

    return run


def test_models_are_listed_with_their_stage(run):
    listed = json.loads(run("list", "--json"))

    assert [(one["version"], one["model"], one["stage"], one["pinned"]) for one in listed] == [
        (1, "first", "archived", False), (2, "second", "production", False),
    ]  # fmt: skip
    assert "v2" in run("list")


def test_promoting_rolling_back_and_unpinning(run, client):
    assert run("promote", "v1") == "v1 (first) is in production, and pinned\n"
    assert "production, pinned" in run("list")
    assert run("rollback") == "v2 (second) is in production, and pinned\n"
    assert run("unpin") == "no model is pinned\n"
    assert (Models(client).pinned(), Models(client).production().model) == ("", "second")


def test_a_model_that_is_not_there_is_named(run):
    with pytest.raises(InvalidParameterError, match="no model v9 is registered; known: v1"):
        run("promote", "v9")


def test_without_a_key_nothing_is_sent_to_comet(run):
    assert run("push").startswith("nothing was sent: COMET_API_KEY")
