import json
import logging
import sys
import time

import pytest

from batch.params import Params
from batch.tracking import Experiment, Mode, Tracker, figures_of, tell, tracking
from tests.datasets import quiet

HANGS = (sys.executable, "-c", "import time; time.sleep(60)")
FAILS = (sys.executable, "-c", "raise SystemExit('no')")
SENDS = (sys.executable, "-c", "print('is somewhere')")


class FakeListener:
    """Remembers each call as (method, arguments, options)."""

    def __init__(self):
        self.calls = []

    def __getattr__(self, name):
        return lambda *arguments, **options: self.calls.append((name, arguments, options))

    def of(self, name):
        return [(arguments, options) for found, arguments, options in self.calls if found == name]


def told(whole_model=True, **parts):
    listener = FakeListener()
    tell(listener, Experiment("training", "k" * 32, **parts), whole_model=whole_model)
    return listener


def test_everything_an_experiment_says_is_logged():
    listener = told(
        parameters={"people": {"epochs": 3}},
        facts={"dataset": "abc"},
        points=[("people/loss", 1, 0.5), ("people/loss", 2, 0.25)],
        figures={"ndcg@10": 0.5},
    )

    assert listener.of("log_parameters") == [(({"people": {"epochs": 3}},), {})]
    assert listener.of("log_others") == [(({"dataset": "abc"},), {})]
    assert listener.of("log_metric") == [
        (("people/loss", 0.5), {"step": 1}),
        (("people/loss", 0.25), {"step": 2}),
    ]
    assert listener.of("log_metrics") == [(({"ndcg@10": 0.5},), {})]
    assert listener.of("log_model") == listener.of("log_remote_model") == []


def test_plots_are_images_and_other_files_assets():
    listener = told(files=["/r/curve.png", "/r/slices.svg", "/r/evaluation.md"])

    assert [options["name"] for _, options in listener.of("log_image")] == [
        "curve.png", "slices.svg",
    ]  # fmt: skip
    assert listener.of("log_asset") == [(("/r/evaluation.md",), {"file_name": "evaluation.md"})]


def test_a_model_is_logged_whole_or_by_where_it_lies():
    whole = told(model="/models/m1", facts={"model": "m1"}).of("log_model")
    placed = told(False, model="/models/m1", facts={"model": "m1"}).of("log_remote_model")

    assert (whole[0][0], whole[0][1]["metadata"]) == (("anirec", "/models/m1"), {"model": "m1"})
    assert (placed[0][0], placed[0][1]["metadata"]) == (
        ("anirec", "file:///models/m1"),
        {"model": "m1"},
    )


def test_values_reported_with_progress_become_points_and_are_passed_on():
    seen, experiment = [], Experiment("training", "k")

    def progress(stage, done, total, /, **values):
        seen.append((stage, done, total, values))

    report = experiment.following(progress)
    report("ingest", 1, 1)
    report("tower", 2, 9, loss=1, ndcg=0.25)

    assert seen == [("ingest", 1, 1, {}), ("tower", 2, 9, {"loss": 1, "ndcg": 0.25})]
    assert experiment.points == [("tower/loss", 2, 1.0), ("tower/ndcg", 2, 0.25)]


def test_figures_are_the_numbers_of_a_nested_document_by_path():
    document = {"hold-out": {"ours": {"ndcg": 0.5, "users": 3}, "name": "x"}, "ok": True, "l": [1]}

    assert figures_of(document) == {"hold-out/ours/ndcg": 0.5, "hold-out/ours/users": 3.0}


def test_an_experiment_knows_all_parameters_and_has_a_key_of_its_own(tmp_path):
    tracker = Tracker(tmp_path, Mode.AUTO)

    first, second = (tracker.begin("training", Params(), dataset="abc") for _ in range(2))

    assert first.parameters["linear"]["regularisation"] == Params().linear.regularisation
    assert (first.facts["dataset"], first.facts["kind"]) == ("abc", "training")
    assert first.key != second.key
    assert len(first.key) == 32
    assert list(tmp_path.iterdir()) == []


def test_what_is_switched_off_has_no_key_and_leaves_nothing(tmp_path):
    with tracking(tmp_path / "experiments", Mode.OFF) as tracker:
        experiment = tracker.begin("training", Params())
        experiment.following(quiet)("people", 1, 2, loss=0.5)
        tracker.finish(experiment)

    assert experiment.key is None
    assert list(tmp_path.iterdir()) == []


def test_without_the_library_one_line_says_that_nothing_is_tracked(tmp_path, monkeypatch, caplog):
    monkeypatch.setitem(sys.modules, "comet_ml", None)  # as if it were not installed
    with caplog.at_level(logging.INFO):
        experiment = Tracker(tmp_path, Mode.OFFLINE).begin("training", Params())

    assert experiment.key is None
    assert caplog.messages == ["this training is not tracked: comet-ml is not installed"]


def sent(folder, sender, seconds):
    """Seconds that finishing and closing took, and the experiment."""
    tracker = Tracker(folder, Mode.AUTO, seconds, sender)
    experiment = tracker.begin("training", Params())
    start = time.monotonic()
    tracker.finish(experiment)
    finished = time.monotonic()
    tracker.close()
    return finished - start, time.monotonic() - finished, experiment


def test_a_sender_that_hangs_is_stopped_when_its_time_is_over(tmp_path, caplog):
    finishing, closing, experiment = sent(tmp_path, HANGS, 3)

    assert finishing < 3 <= closing < 30, "it sleeps for a minute"
    assert f"experiment {experiment.key} was not sent" in caplog.text


def test_what_could_not_be_sent_stays_to_be_sent_again(tmp_path, caplog):
    *_, experiment = sent(tmp_path, FAILS, 20)

    kept = tmp_path / f"{experiment.key}.json"
    assert f"`python -m batch.tracking {kept}` tries again" in caplog.text
    assert json.loads(kept.read_text())["parameters"] == experiment.parameters
    assert kept.with_suffix(".log").read_text() == "no\n"
    assert set(tmp_path.iterdir()) == {kept, kept.with_suffix(".log")}


def test_a_sender_that_cannot_be_started_fails_nothing(tmp_path, caplog):
    *_, experiment = sent(tmp_path, ("/nowhere/at-all",), 20)

    assert f"experiment {experiment.key} is not tracked" in caplog.text


def test_a_folder_that_cannot_be_written_fails_nothing(tmp_path, caplog):
    (tmp_path / "file").write_text("")

    *_, experiment = sent(tmp_path / "file", SENDS, 20)

    assert f"experiment {experiment.key} is not tracked" in caplog.text


def test_the_log_says_where_an_experiment_went(tmp_path, caplog):
    with caplog.at_level(logging.INFO):
        *_, experiment = sent(tmp_path, SENDS, 20)

    assert caplog.messages == [f"experiment {experiment.key} is somewhere"]


def test_who_interrupts_a_run_does_not_wait_for_its_experiments(tmp_path):
    def interrupted():
        with tracking(tmp_path, Mode.OFFLINE) as tracker:
            tracker.finish(tracker.begin("training", Params()))
            raise KeyboardInterrupt

    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        interrupted()

    assert time.monotonic() - start < 10
    assert not list(tmp_path.glob(".part-*"))


def test_a_figure_that_is_no_number_fails_nothing(tmp_path, caplog):
    tracker = Tracker(tmp_path, Mode.OFFLINE)
    experiment = tracker.begin("training", Params())
    experiment.following(quiet)("people", 1, 2, loss=float("nan"))
    experiment.figures["ndcg@10"] = float("inf")

    tracker.finish(experiment)

    assert experiment.points == []
    assert f"experiment {experiment.key} is not tracked" in caplog.text
