"""gs:// and announcements against Google's Pub/Sub emulator and a Cloud Storage one."""

import json
import os
import signal
import subprocess
import sys
import uuid
from dataclasses import dataclass
from pathlib import Path

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import pubsub_v1, storage
from redis import Redis

from batch.listening.pubsub import Subscription
from batch.storage import data, whole
from batch.storage.google import open_folder
from batch.storage.inventory import SEAL
from batch.storage.transfer import send
from schemas import keys
from schemas.store.control import Control
from tests import emulators
from tests.buckets import LAWS
from tests.datasets import write_kaggle

PROJECT = "anirec"
SECONDS = 120
PARAMS = """
validation: {user_share: 0.5, row_share: 0.3}
people: {factors: 8, epochs: 2}
content: {factors: 8, epochs: 1, steps: 4}
ranker: {hidden: 4, epochs: 1}
publish: {verify_sample: 20}
gates: {catalogue_coverage: 0.01, overlap: 0.0, ndcg_ratio: 0.0, coverage_ratio: 0.0}
"""


@dataclass(frozen=True)
class Cloud:
    """A bucket whose notifications a subscription gets, and a topic for dead letters."""

    bucket: str
    subscription: str
    dead_letters: str
    dead_subscription: str
    environment: dict[str, str]

    def folder(self, name):
        return open_folder(f"{self.bucket}/{name}")

    def listen(self, where, redis_url, *arguments):
        """`anirec listen` in a folder of its own, as on a machine of its own."""
        where.mkdir(exist_ok=True)
        (where / "params.yaml").write_text(PARAMS)
        kept = {name: v for name, v in os.environ.items() if not name.startswith("ANIREC_")}
        command = [
            sys.executable, "-m", "jobs.cli", "listen", "--subscription", self.subscription,
            "--dead-letter-topic", self.dead_letters, "--artifacts", f"{self.bucket}/artifacts",
            "--store", redis_url, "--tracking", "off", *arguments,
        ]  # fmt: skip
        paths = {"PYTHONPATH": str(Path(__file__).parents[2])}
        return subprocess.Popen(
            command, cwd=where, env=kept | self.environment | paths, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def listen_once(self, where, redis_url, *, wait=15):
        process = self.listen(where, redis_url, "--once", "--wait", str(wait))
        out, log = process.communicate(timeout=SECONDS)
        return process.returncode, out, log


@pytest.fixture(scope="module")
def addresses(tmp_path_factory):
    """Of the two emulators; topics have to be there before anything is told to them."""
    if emulators.missing():
        pytest.skip(f"{emulators.NOT_TRIED}: {emulators.missing()}")
    folder = tmp_path_factory.mktemp("cloud")
    with pytest.MonkeyPatch.context() as patch, emulators.pubsub(folder) as pubsub:
        patch.setenv("PUBSUB_EMULATOR_HOST", pubsub)
        with pubsub_v1.PublisherClient() as publisher:
            publisher.create_topic(name=f"projects/{PROJECT}/topics/bucket")
        with emulators.cloud_storage(folder, PROJECT, "bucket", pubsub) as url:
            patch.setenv("STORAGE_EMULATOR_HOST", url)
            yield {"PUBSUB_EMULATOR_HOST": pubsub, "STORAGE_EMULATOR_HOST": url}


@pytest.fixture
def cloud(addresses):
    name = f"test-{uuid.uuid4().hex[:12]}"
    made = Cloud(
        f"gs://{name}",
        f"projects/{PROJECT}/subscriptions/{name}",
        f"projects/{PROJECT}/topics/dead-{name}",
        f"projects/{PROJECT}/subscriptions/dead-{name}",
        addresses,
    )
    with storage.Client(project=PROJECT, credentials=AnonymousCredentials()) as client:
        client.create_bucket(name)
    with pubsub_v1.PublisherClient() as publisher:
        publisher.create_topic(name=made.dead_letters)
    with pubsub_v1.SubscriberClient() as subscriber:
        for subscription, topic in (
            (made.subscription, f"projects/{PROJECT}/topics/bucket"),
            (made.dead_subscription, made.dead_letters),
        ):
            subscriber.create_subscription(name=subscription, topic=topic, ack_deadline_seconds=10)
    return made


@pytest.fixture
def remote(cloud):
    return cloud.folder("here")


def upload(remote, folder):
    for path in sorted(folder.iterdir()):
        send(remote, path, path.name, remote.find(path.name))


def pulled(subscription, seconds=3.0):
    """One message as it lies in a subscription, or None."""
    source = Subscription(subscription)
    return source._pulled(seconds)


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_a_bucket_keeps_the_laws(law, remote, tmp_path):
    law(remote, tmp_path)


def test_an_announced_data_set_is_refreshed_once_and_the_model_comes_back(
    cloud, redis_url, tmp_path
):
    incoming = cloud.folder("incoming/monday")
    upload(incoming, write_kaggle(tmp_path / "made"))
    data.announce_remote(incoming)

    code, _, log = cloud.listen_once(tmp_path / "first", redis_url)

    assert code == 0, log
    with Redis.from_url(redis_url) as client:
        first = Control(client).pointer().live[0].generation
        manifest = json.loads(client.get(keys.manifest(first)))
        artifacts = cloud.folder("artifacts")
        assert manifest["trained"]
        assert whole.newest(artifacts, "models") == [f"models/{manifest['model']}"]
        assert whole.newest(artifacts, "datasets") == [f"datasets/{manifest['dataset'][:16]}"]

        # The same announcement, delivered again: nothing but an acknowledgement.
        notify_again(cloud, incoming)
        code, out, log = cloud.listen_once(tmp_path / "second", redis_url, wait=3)
        assert (code, "no data set was announced" in out) == (0, True), log
        assert "is done already" in log
        assert Control(client).pointer().live[0].generation == first
        assert Subscription(cloud.subscription).pull(3) is None

        # Announced anew, to a machine with nothing on it: the model comes from the bucket.
        data.announce_remote(incoming)
        code, _, log = cloud.listen_once(tmp_path / "third", redis_url)
        assert code == 0, log
        second = Control(client).pointer().live[0].generation
        assert second > first
        manifest = json.loads(client.get(keys.manifest(second)))
        assert not manifest["trained"], manifest["reason"]


def notify_again(cloud, remote):
    """What Pub/Sub may do at any time: deliver once more what was acknowledged."""
    found = remote.find("dataset.json")
    with pubsub_v1.PublisherClient() as publisher:
        publisher.publish(
            f"projects/{PROJECT}/topics/bucket", b"{}", eventType="OBJECT_FINALIZE",
            bucketId=cloud.bucket.removeprefix("gs://"), objectId="incoming/monday/dataset.json",
            objectGeneration=str(found.generation),
        ).result(30)  # fmt: skip


def test_a_broken_data_set_becomes_a_dead_letter_with_the_reason(cloud, redis_url, tmp_path):
    incoming = cloud.folder("incoming/broken")
    made = write_kaggle(tmp_path / "made", lines=["1,9999,7,2,1"] * 30)
    upload(incoming, made)
    data.announce_remote(incoming)

    code, _, log = cloud.listen_once(tmp_path / "machine", redis_url)

    assert code == 4, log
    letter = pulled(cloud.dead_subscription, 10)
    assert letter.message.attributes["objectId"] == "incoming/broken/dataset.json"
    assert "30 of 30 interaction rows" in letter.message.attributes["reason"]
    assert Subscription(cloud.subscription).pull(3) is None
    with Redis.from_url(redis_url) as client:
        assert Control(client).pointer() is None
    assert [name for name in cloud.folder("artifacts").listed() if "rejects" in name]


def test_an_event_is_kept_for_longer_than_its_deadline(cloud, remote, tmp_path):
    (tmp_path / "dataset.json").write_text("x")
    remote.upload(tmp_path / "dataset.json", "dataset.json", None)
    ours = Subscription(cloud.subscription, keep_seconds=2)
    event = ours.pull(10)
    ours._deadline(event, 1)

    with ours.keep(event):
        assert Subscription(cloud.subscription).pull(4) is None

    ours.give_back(event, 0)
    assert Subscription(cloud.subscription).pull(10).identity == event.identity


def test_sigterm_ends_an_idle_listener_well(cloud, redis_url, tmp_path):
    process = cloud.listen(tmp_path / "machine", redis_url)
    wait_for("listening to", process)

    process.send_signal(signal.SIGTERM)

    _, log = process.communicate(timeout=SECONDS)
    assert process.returncode == 0, log


def test_sigterm_during_a_refresh_gives_the_event_back(cloud, redis_url, tmp_path):
    incoming = cloud.folder("incoming/tuesday")
    upload(incoming, write_kaggle(tmp_path / "made"))
    data.announce_remote(incoming)
    process = cloud.listen(tmp_path / "machine", redis_url)
    wait_for("reading anime.csv", process)

    process.send_signal(signal.SIGTERM)

    _, log = process.communicate(timeout=SECONDS)
    assert process.returncode == 1, log
    assert "stopped" in log
    assert Subscription(cloud.subscription).pull(5).data == incoming.uri
    with Redis.from_url(redis_url) as client:
        assert Control(client).pointer() is None


def wait_for(said, process):
    for line in process.stderr:
        if said in line:
            return
    raise AssertionError(f"it ended and never said {said!r}")


def test_half_an_artifact_in_the_bucket_is_none(cloud, tmp_path):
    artifacts = cloud.folder("artifacts")
    made = write_kaggle(tmp_path / "made")
    whole.publish(artifacts, made, "models/x")
    artifacts.delete(artifacts.find(f"models/x/{SEAL}"))

    assert not whole.fetch(artifacts, "models/x", tmp_path / "new")
    assert whole.newest(artifacts, "models") == []
