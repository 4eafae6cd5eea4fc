from dataclasses import fields
from pathlib import Path

import pytest
import yaml

from batch import params
from batch.params import Params
from schemas.errors import SettingsError
from schemas.ranking_codec import MAX_ENTRIES

FILE = Path(__file__).parents[2] / "params.yaml"


def test_the_file_at_the_top_states_every_default():
    found = yaml.safe_load(FILE.read_text())

    assert params.load(FILE) == Params()
    assert {name: set(section) for name, section in found.items()} == {
        one.name: {value.name for value in fields(getattr(Params(), one.name))}
        for one in fields(Params)
    }


def test_without_a_file_the_defaults_hold():
    assert params.load(None) == Params()


def test_an_empty_file_changes_nothing(tmp_path):
    path = tmp_path / "params.yaml"
    path.write_text("# nothing\n")

    assert params.load(path) == Params()


def test_a_value_overrides_its_default_and_no_other():
    found = params.from_mapping({"people": {"factors": 8}}, "test")

    assert (found.people.factors, found.people.epochs) == (8, Params().people.epochs)
    assert found.linear == Params().linear


def test_every_problem_is_told_at_once():
    wrong = {
        "people": {"factors": "many", "colour": 1},
        "linear": {"regularisation": -1},
        "taste": {},
        "gates": [1],
    }

    with pytest.raises(SettingsError) as caught:
        params.from_mapping(wrong, "my.yaml")

    message = str(caught.value)
    assert message.startswith("my.yaml: ")
    assert "people.factors must be a whole number, got 'many'" in message
    assert "unknown people.colour" in message
    assert "linear.regularisation must not be negative, got -1" in message
    assert "unknown section 'taste'" in message
    assert "section 'gates' must map names to values, got [1]" in message


@pytest.mark.parametrize(
    ("section", "name", "value", "rule"),
    [
        ("people", "epochs", True, "a whole number"),
        ("people", "epochs", 2.5, "a whole number"),
        ("people", "epochs", None, "a whole number"),
        ("linear", "metadata", False, "a number"),
        ("linear", "metadata", "2", "a number"),
        ("ingest", "reject_share", 1.01, "from 0 to 1"),
        ("validation", "row_share", -0.1, "from 0 to 1"),
        ("gates", "overlap", 2, "from 0 to 1"),
        ("lists", "entries", 0, "from 1 to 255"),
        ("lists", "entries", MAX_ENTRIES + 1, "from 1 to 255"),
        ("lists", "similar", 256, "from 1 to 255"),
        ("lists", "neighbours", 101, "from 1 to 100"),
        ("lists", "neighbour_pool", 0, "at least 1"),
        ("strengths", "unscored", -0.1, "not be negative"),
        ("publish", "refused_hours", -1, "not be negative"),
        ("linear", "regularisation", float("nan"), "a number"),
        ("linear", "regularisation", float("inf"), "a number"),
        ("people", "factors", 0, "at least 1"),
        ("people", "epochs", 0, "at least 1"),
        ("people", "batch_users", 0, "at least 1"),
        ("lists", "influence", 0, "at least 1"),
        ("publish", "lease_seconds", 0, "at least 1"),
        ("ranker", "sharpness", 0, "above 0"),
        ("content", "learning_rate", 0.0, "above 0"),
    ],
)
def test_an_unusable_value_is_refused(section, name, value, rule):
    with pytest.raises(SettingsError, match=rf"^x: {section}\.{name} must (be )?{rule}"):
        params.from_mapping({section: {name: value}}, "x")


def test_lists_are_no_longer_than_what_a_ranker_puts_in_order():
    with pytest.raises(SettingsError, match=r"ranker\.candidates must be at least lists\.entries"):
        params.from_mapping({"ranker": {"candidates": 50}, "lists": {"entries": 60}}, "x")

    found = params.from_mapping({"ranker": {"candidates": 60}, "lists": {"entries": 60}}, "x")
    assert found.ranker.candidates == 60


@pytest.mark.parametrize(("name", "value"), [("dropped", -0.5), ("planned", -1)])
def test_only_drops_and_plans_may_count_against(name, value):
    found = params.from_mapping({"strengths": {name: value}}, "x")

    assert getattr(found.strengths, name) == value


@pytest.mark.parametrize("text", ["- a list", "just words", "a: [", "\x00"])
def test_a_file_that_maps_nothing_is_refused(tmp_path, text):
    path = tmp_path / "params.yaml"
    path.write_text(text)

    with pytest.raises(SettingsError, match=r"params\.yaml"):
        params.load(path)


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(SettingsError, match="cannot read params file"):
        params.load(tmp_path / "none.yaml")


def test_a_rating_counts_as_its_power():
    table = params.from_mapping({"strengths": {"rating_power": 1}}, "x").strengths.table()

    assert (table["rated_10"], table["rated_5"]) == (1.0, 0.5)
    assert (table["unscored"], table["dropped"], table["planned"]) == (0.35, 0.0, 0.0)


def test_live_a_low_rating_counts_against_what_is_similar_and_a_drop_as_much_as_a_one():
    settings = params.from_mapping({"live": {"disliked": 0.5}}, "x")

    table = settings.live.strengths(settings.strengths.table())

    low = [table[f"rated_{rating}"] for rating in range(1, 6)]
    assert low == pytest.approx([-0.5, -0.4, -0.3, -0.2, -0.1])
    assert table["dropped"] == -0.5
    unchanged = ("rated_6", "rated_10", "unscored", "planned")
    assert all(table[name] == settings.strengths.table()[name] for name in unchanged)


def test_live_weights_of_fame_are_by_the_number_of_titles_given():
    found = params.from_mapping({"live": {"fame_3": 1.5}}, "x").live.fame()

    assert found["3"] == 1.5
    assert [int(number) for number in found] == [1, 3, 5, 10, 32, 100]
