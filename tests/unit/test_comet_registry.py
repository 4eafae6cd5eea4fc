from batch.comet_registry import copy, push
from batch.publish.models import Production, Registered


class InMemoryShelf:
    """Comet's registry: versions with their experiment, and which ones are tagged."""

    def __init__(self, unknown=()):
        self.unknown = unknown
        self.experiments, self.metadata, self.tagged, self.calls = {}, {}, set(), []

    def versions(self):
        return {version: version in self.tagged for version in self.experiments}

    def register(self, version, experiment, metadata):
        if experiment in self.unknown:
            return False
        self.calls.append(f"register {version}")
        self.experiments[version], self.metadata[version] = experiment, metadata
        return True

    def tag(self, version):
        self.calls.append(f"tag {version}")
        self.tagged.add(version)

    def untag(self, version):
        self.calls.append(f"untag {version}")
        self.tagged.discard(version)


def told(*stages, experiment="e"):
    return [
        {"model": f"m{n}", "version": n, "dataset": "rows", "metrics": {"ndcg@10": 0.3},
         "generation": "g", "published": "now", "stage": stage,
         "experiment": experiment and f"{experiment}{n}"}
        for n, stage in enumerate(stages, 1)
    ]  # fmt: skip


def test_a_model_is_registered_with_its_training_data_hash_metrics_and_stage():
    shelf = InMemoryShelf()

    copy(shelf, told("archived", "production"))

    assert shelf.experiments == {"1.0.0": "e1", "2.0.0": "e2"}
    assert shelf.metadata["2.0.0"] == {
        "model": "m2", "dataset": "rows", "generation": "g", "published": "now", "ndcg@10": 0.3,
    }  # fmt: skip
    assert shelf.tagged == {"2.0.0"}


def test_copying_again_changes_nothing():
    shelf = InMemoryShelf()
    copy(shelf, told("archived", "production"))
    shelf.calls.clear()

    copy(shelf, told("archived", "production"))

    assert shelf.calls == []


def test_the_tag_follows_a_rollback():
    shelf = InMemoryShelf()
    copy(shelf, told("archived", "production"))

    copy(shelf, told("production", "archived"))

    assert shelf.tagged == {"1.0.0"}


def test_a_model_whose_training_is_still_in_an_archive_holds_up_no_other():
    shelf = InMemoryShelf(unknown={"e1"})

    said = copy(shelf, told("archived", "production"))

    assert shelf.calls == ["register 2.0.0", "tag 2.0.0"]
    assert said.endswith("1 wait until the archive of their training is uploaded")
    shelf.unknown = ()
    copy(shelf, told("archived", "production"))
    assert set(shelf.experiments) == {"1.0.0", "2.0.0"}


def test_a_model_that_was_not_tracked_is_not_told():
    shelf = InMemoryShelf()

    copy(shelf, told("production", experiment=None))

    assert shelf.calls == []


RECORD = Registered("m", 1, "rows", {"ndcg@10": 0.3}, "g", "now", "e")


def test_nothing_is_sent_without_a_key(monkeypatch):
    monkeypatch.delenv("COMET_API_KEY", raising=False)

    assert push([RECORD], Production("m")) is None
