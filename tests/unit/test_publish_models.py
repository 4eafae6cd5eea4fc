from datetime import UTC, datetime

import fakeredis
import pytest

from batch.publish.models import Models, Production, Stage
from schemas.errors import InvalidParameterError, NothingPublishedError
from schemas.manifests import ModelManifest
from schemas.records import Generation

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.fixture
def models():
    return Models(fakeredis.FakeRedis(), NOON)


def manifest(name):
    return ModelManifest(name, "rows", "s", "c", 2, 2, {}, 200, 0.6, {}, {"ndcg@10": 0.3},
                         experiment=f"key-of-{name}")  # fmt: skip


def published(models, *names):
    for number, name in enumerate(names):
        models.publish(manifest(name), Generation(f"2026112{number}T020000Z"))


def stages(models):
    production = models.production()
    return {one.model: str(production.stage(one.model)) for one in models.records()}


def test_a_published_model_is_registered_with_what_it_was_made_from(models):
    published(models, "a")

    (found,) = models.records()
    assert (found.model, found.version, found.dataset) == ("a", 1, "rows")
    assert found.metrics == {"ndcg@10": 0.3}
    assert (found.generation, found.published) == ("20261120T020000Z", NOON.isoformat())
    assert found.experiment == "key-of-a"
    assert models.production().stage("a") is Stage.PRODUCTION


def test_a_model_that_publishes_again_keeps_its_version(models):
    published(models, "a", "a", "b")

    assert [(one.model, one.version) for one in models.records()] == [("a", 1), ("b", 2)]
    assert stages(models) == {"a": "archived", "b": "production"}


@pytest.mark.parametrize("name", ["a", "1", "v1"])
def test_a_promoted_model_is_pinned(models, name):
    published(models, "a", "b")

    assert models.promote(name).model == "a"
    assert models.production() == Production("a", "b", pinned=True)
    assert models.pinned() == "a"


def test_a_model_that_was_being_trained_when_another_was_pinned_does_not_replace_it(models):
    published(models, "a", "b")
    models.promote("a")
    published(models, "c")

    assert models.pinned() == "a"
    assert stages(models) == {"a": "production", "b": "archived", "c": "archived"}


def test_rolling_back_twice_ends_where_it_began(models):
    published(models, "a", "b")

    assert models.roll_back().model == "a"
    assert models.roll_back().model == "b"


def test_an_unpinned_model_is_replaced_by_the_next_one(models):
    published(models, "a", "b")
    models.promote("a")
    models.unpin()
    assert models.production() == Production("a", "b")
    published(models, "c")

    assert models.production() == Production("c", "a")


def test_what_is_in_production_and_what_was_before_must_be_kept(models):
    assert models.kept() == set()
    published(models, "a", "b", "c")

    assert models.kept() == {"b", "c"}


def test_before_anything_was_published_there_is_nothing_to_promote_or_to_go_back_to(models):
    for ask in (lambda: models.promote("v1"), models.roll_back):
        with pytest.raises(NothingPublishedError, match="`anirec refresh` comes first"):
            ask()


def test_a_model_that_nobody_knows_is_not_promoted(models):
    published(models, "a")

    with pytest.raises(InvalidParameterError, match=r"no model z is registered; known: v1 \(a\)"):
        models.promote("z")
    with pytest.raises(InvalidParameterError, match="no model was in production before"):
        models.roll_back()
    assert models.pinned() == ""
