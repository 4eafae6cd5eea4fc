"""Experiments told to the real library, and refreshes that are tracked."""

import json
import socket
import subprocess
import sys
import threading
import time
import zipfile
from contextlib import closing
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from redis import Redis

from batch.comet_registry import push
from batch.model_choice import Train
from batch.params import Params
from batch.publish.models import Models, Production, Registered
from batch.refresh import refresh
from batch.tracking import Mode, Tracker
from schemas.errors import SettingsError
from schemas.records import Generation
from schemas.store.manifests import read_manifest
from tests.datasets import SMALL, quiet, request
from tests.redis_server import free_port

HANGS = (sys.executable, "-c", "import time; time.sleep(60)")


@pytest.fixture(autouse=True)
def _without_a_key(monkeypatch):
    monkeypatch.delenv("COMET_API_KEY", raising=False)


@pytest.fixture
def model(tmp_path):
    (tmp_path / "model" / "people").mkdir(parents=True)
    (tmp_path / "model" / "people" / "weights").write_bytes(b"the weights")
    return tmp_path / "model"


def archived(folder, mode, model):
    """The archive of an experiment that says a little of everything."""
    with closing(Tracker(folder, mode)) as tracker:
        experiment = tracker.begin("training", Params(), dataset="abc")
        experiment.following(quiet)("people", 1, 2, loss=0.25)
        experiment.figures["ndcg@10"] = 0.5
        experiment.model = str(model)
        tracker.finish(experiment)
    assert [one.name for one in folder.iterdir()] == [f"{experiment.key}.zip"]
    return zipfile.ZipFile(folder / f"{experiment.key}.zip")


def messages(archive, kind):
    lines = archive.read("messages.json").decode().splitlines()
    found = [one for one in map(json.loads, lines) if one["type"] == kind]
    return [one["payload"] for one in found]


def contents(archive):
    return [archive.read(name) for name in archive.namelist()]


def test_an_archive_has_parameters_curves_figures_data_and_the_model(tmp_path, model, capfd):
    with archived(tmp_path / "e", Mode.OFFLINE, model) as archive:
        parameters = {
            one["param"]["paramName"]: one["param"]["paramValue"]
            for one in messages(archive, "parameter_msg")
        }
        metrics = {
            one["metric"]["metricName"]: (one["metric"]["metricValue"], one["metric"]["step"])
            for one in messages(archive, "metric_msg")
        }
        facts = {one["key"]: one["value"] for one in messages(archive, "log_other")}

        assert parameters["linear|regularisation"] == Params().linear.regularisation
        assert parameters["gates|coverage_ratio"] == Params().gates.coverage_ratio
        assert (metrics["people/loss"], metrics["ndcg@10"][0]) == ((0.25, 1), 0.5)
        assert facts["dataset"] == "abc"
        assert b"the weights" in contents(archive)
    assert capfd.readouterr() == ("", "")


def test_without_a_key_the_archive_names_the_models_folder_only(tmp_path, model):
    with archived(tmp_path / "e", Mode.AUTO, model) as archive:
        (placed,) = messages(archive, "remote_model")

        assert placed["remote_assets"][0]["remoteUrl"] == model.as_uri()
        assert b"the weights" not in contents(archive)


def test_with_a_key_but_no_network_everything_goes_to_an_archive(tmp_path, model, monkeypatch):
    monkeypatch.setenv("COMET_API_KEY", "x" * 25)
    with socket.socket() as silent:  # takes connections and never answers
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        port = silent.getsockname()[1]
        monkeypatch.setenv("COMET_URL_OVERRIDE", f"http://127.0.0.1:{port}/clientlib/")
        start = time.monotonic()
        with archived(tmp_path / "e", Mode.AUTO, model) as archive:
            assert b"the weights" in contents(archive)

    assert time.monotonic() - start < 25


class Refusing(BaseHTTPRequestHandler):
    """Answers as a server that does not know the key."""

    def do_GET(self):
        self.send_error(401)

    def log_message(self, *_):
        """Say nothing."""


def test_a_key_that_is_refused_loses_nothing(tmp_path, model, monkeypatch):
    monkeypatch.setenv("COMET_API_KEY", "x" * 25)
    with ThreadingHTTPServer(("127.0.0.1", 0), Refusing) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/clientlib/"
        monkeypatch.setenv("COMET_URL_OVERRIDE", address)
        with archived(tmp_path / "e", Mode.AUTO, model) as archive:
            assert b"the weights" in contents(archive)
        server.shutdown()


def test_what_could_not_be_sent_can_be_sent_again(tmp_path):
    with closing(Tracker(tmp_path, Mode.AUTO, 0.1, HANGS)) as tracker:
        experiment = tracker.begin("training", Params())
        tracker.finish(experiment)
    record = tmp_path / f"{experiment.key}.json"

    command = [sys.executable, "-m", "batch.tracking", record]
    done = subprocess.run(command, capture_output=True, text=True, check=True)

    archive = record.with_suffix(".zip")
    assert done.stdout == f"is in {archive}; `comet upload {archive}` sends it\n"
    assert list(tmp_path.iterdir()) == [archive]


def published(redis_url, done):
    with Redis.from_url(redis_url) as client:
        return read_manifest(client, Generation(done.generation))


def test_lists_name_the_experiment_that_trained_their_model(tmp_path, redis_url):
    with closing(Tracker(tmp_path / "e", Mode.OFFLINE)) as tracker:
        trained = refresh(request(tmp_path, redis_url, tracker=tracker), quiet)
        reloaded = refresh(request(tmp_path, redis_url, tracker=tracker), quiet)

    (archive,) = (tmp_path / "e").glob("*.zip")
    keys = [published(redis_url, one).experiment for one in (trained, reloaded)]
    assert (trained.trained, reloaded.trained) == (True, False)
    assert keys == [archive.stem, archive.stem]
    with zipfile.ZipFile(archive) as opened:
        curve = [one["metric"] for one in messages(opened, "metric_msg")]
        steps = [one["step"] for one in curve if one["metricName"] == "people/val_ndcg"]
        assert steps == list(range(1, SMALL.people.epochs + 1))
        named = b'"experiment": "%s"' % archive.stem.encode()
        assert any(named in one for one in contents(opened))


def test_a_tracker_that_hangs_does_not_hold_a_refresh_up(tmp_path, redis_url):
    tracker = Tracker(tmp_path / "e", Mode.AUTO, 1.0, HANGS)

    done = refresh(request(tmp_path, redis_url, tracker=tracker), quiet)
    start = time.monotonic()
    tracker.close()

    assert published(redis_url, done).experiment
    assert time.monotonic() - start < 20


def test_an_untracked_refresh_names_no_experiment(tmp_path, redis_url):
    done = refresh(request(tmp_path, redis_url), quiet)

    assert published(redis_url, done).experiment is None


def test_a_registry_that_is_out_of_reach_is_told_of_and_is_no_error(monkeypatch):
    monkeypatch.setenv("COMET_API_KEY", "x" * 25)
    monkeypatch.setenv("COMET_URL_OVERRIDE", f"http://127.0.0.1:{free_port()}/clientlib/")
    record = Registered("m", 1, "rows", {"ndcg@10": 0.3}, "g", "now", "e")

    outcome = push([record], Production("m"))

    assert outcome.startswith("Comet's model registry was not told: ")
    assert "refused" in outcome


def test_a_published_model_is_registered_and_a_pinned_one_publishes_again(tmp_path, redis_url):
    first = refresh(request(tmp_path, redis_url), quiet)
    other = replace(SMALL, people=replace(SMALL.people, factors=4))
    second = refresh(request(tmp_path, redis_url, params=other), quiet)
    with Redis.from_url(redis_url) as client:
        registry = Models(client)
        assert [one.model for one in registry.records()] == [first.model, second.model]
        registry.roll_back()

        third = refresh(request(tmp_path, redis_url, params=other), quiet)

        assert (third.model, third.trained, third.reason) == (first.model, False, "pinned")
        with pytest.raises(SettingsError, match="pinned, so none is trained"):
            refresh(request(tmp_path, redis_url, train=Train.ALWAYS), quiet)
        registry.unpin()
        fourth = refresh(request(tmp_path, redis_url, params=other), quiet)
        assert (fourth.model, registry.production().model) == (second.model, second.model)
