"""What holds for every list, whatever the model, the crowd and the shards."""

import random
from dataclasses import replace

import numpy as np
import pytest

from batch import artifacts, pipeline
from batch.catalogue import catalogue_of
from batch.dataset import open_dataset
from batch.engine import Engine
from batch.ingest.run import ingest
from batch.model_choice import Train
from batch.models.legs import LEGS, leg_module
from batch.params import PeopleParams
from batch.pipeline import Job
from batch.rules import ProductRules
from batch.scoring import BLOCK, padded
from batch.user_lists import user_lists
from schemas import (
    catalogue_codec,
    history_codec,
    influence_codec,
    keys,
    neighbours_codec,
    ranking_codec,
)
from schemas.product_order import arrange, facts_of, rules_of, started_series
from schemas.records import AnimeId, Generation, Rule, Status, UserId
from tests.datasets import (
    ANIME,
    PLANNER,
    SMALL,
    UNWATCHED,
    catalogue,
    prepared,
    refreshed,
    rows,
    write_kaggle,
)

MADE = Generation("20261124T020000Z")


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return prepared(tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="module")
def dataset(world):
    (folder,) = (world / "artifacts" / "datasets").iterdir()
    return open_dataset(folder)


@pytest.fixture(scope="module")
def model_folder(world):
    (folder,) = (world / "artifacts" / "models").iterdir()
    return folder


@pytest.fixture(scope="module")
def model(model_folder):
    return artifacts.load_model(model_folder)


@pytest.fixture(scope="module")
def rules(dataset, model_folder):
    return ProductRules(facts_of(catalogue_of(dataset, model_folder)))


@pytest.fixture(scope="module")
def everybody(dataset):
    (histories,) = dataset.shards()
    return histories


@pytest.fixture(scope="module")
def crowd(model, rules, everybody):
    """Each user's list, as scored with everybody else."""
    payloads = user_lists(model, rules, everybody, SMALL.lists)
    return dict(zip(everybody.user_ids.tolist(), payloads, strict=True))


def payloads(client, generation, families="uhnaip"):
    """Every payload of some families, by what its key says behind the generation."""
    start = len(keys.everything_of(generation)) - 1
    found = client.scan_iter(keys.everything_of(generation))
    return {key[start:]: client.get(key) for key in found if chr(key[start]) in families}


def seen_by(line):
    user, anime, *_ = map(int, line.split(","))
    return user, anime - 1


def test_nobody_is_recommended_what_they_saw_dropped_or_plan(world, redis_url, client):
    made = Generation(refreshed(world, redis_url).generation)

    seen = {seen_by(line) for line in rows()}
    for user in {user for user, _ in seen}:
        payload = client.get(keys.user(made, UserId(user)))
        listed = {entry.column for entry in ranking_codec.decode(payload)}
        assert listed == {title for title in range(ANIME) if (user, title) not in seen}


def test_every_kind_of_interaction_is_in_the_data():
    statuses = {int(line.split(",")[3]) for line in rows()}

    assert statuses == {Status.COMPLETED, Status.DROPPED, Status.PLANNED}
    assert any(line.split(",")[2:4] == ["0", "2"] for line in rows())


def test_a_history_holds_what_the_files_said(world, redis_url, client):
    made = Generation(refreshed(world, redis_url).generation)

    found = history_codec.decode(client.get(keys.history(made, UserId(7))))

    said = [line.split(",") for line in rows() if line.startswith("7,")]
    assert sorted((one.column + 1, one.rating, int(one.status)) for one in found) == sorted(
        (int(anime), int(rating), int(status)) for _, anime, rating, status, _ in said
    )


def test_similar_titles_of_a_title_are_all_the_others(world, redis_url, client):
    made = Generation(refreshed(world, redis_url).generation)

    for anime in range(1, ANIME + 1):
        similar = ranking_codec.decode(client.get(keys.similar(made, AnimeId(anime))))
        assert {entry.column for entry in similar} == set(range(ANIME)) - {anime - 1}


def test_most_similar_titles_are_of_the_same_kind(world, redis_url, client):
    made = Generation(refreshed(world, redis_url).generation)

    for anime, kind in ((5, range(20)), (25, range(20, 40))):
        similar = ranking_codec.decode(client.get(keys.similar(made, AnimeId(anime))), 5)
        assert sum(entry.column in kind for entry in similar) >= 4


def test_an_influence_row_holds_the_signed_coefficients_of_its_title(
    world, redis_url, client, model
):
    made = Generation(refreshed(world, redis_url).generation)

    for anime in set(range(1, ANIME + 1)) - UNWATCHED:
        payload = client.get(keys.influence(made, AnimeId(anime)))
        columns, coefficients = influence_codec.decode(payload)
        found = dict(zip(columns, coefficients, strict=True))
        row = model.linear.coefficients.row(model.positions[anime - 1])
        for title in set(range(1, ANIME + 1)) - UNWATCHED:
            exact = row[model.positions[title - 1]]
            assert found.get(title - 1, 0.0) == pytest.approx(exact, rel=1e-3, abs=1e-6)
        magnitudes = [abs(one) for one in coefficients]
        assert magnitudes == sorted(magnitudes, reverse=True)
        assert min(coefficients) < 0 < max(coefficients)


def test_lists_do_not_depend_on_shards(world, dataset, model_folder, redis_url, client, tmp_path):
    few_may_be_named = replace(SMALL.lists, neighbour_pool=10)
    many = tmp_path / "many"
    ingest(world / "data", many, reject_share=0.0, rows_per_shard=90)
    written = []
    for part in (dataset, open_dataset(many)):
        job = Job(MADE, part, model_folder, redis_url, few_may_be_named, tmp_path / "pool.npz")
        pipeline.write_lists(Engine(), job, 20, tmp_path / "report.json")
        written.append((len(part.manifest.shards), payloads(client, MADE, "uhnai")))
        client.flushall()

    (one, whole), (several, pieces) = written
    assert (one, several > 4) == (1, True)
    assert whole == pieces
    assert len(whole) == 3 * 60 + 2 * ANIME
    named = {one.user_id for key, payload in whole.items() if key.startswith(b"n:")
             for one in neighbours_codec.decode(payload)}  # fmt: skip
    assert 8 <= len(named) <= 10


def test_similar_users_share_a_taste(world, redis_url, client):
    made = Generation(refreshed(world, redis_url).generation)

    for user in (7, 8, 31, 32):
        near = neighbours_codec.decode(client.get(keys.neighbours(made, UserId(user))), 10)
        assert len(near) == 10
        assert user not in {one.user_id for one in near}
        assert sum(one.user_id % 2 == user % 2 for one in near) >= 9


def test_nobody_is_similar_to_a_user_of_plans(world, redis_url, client):
    made = Generation(refreshed(world, redis_url).generation)

    assert neighbours_codec.decode(client.get(keys.neighbours(made, UserId(PLANNER)))) == ()


def test_a_user_is_placed_alone_as_among_others(model, everybody):
    strengths = model.strengths(everybody)

    together = model.user_vectors(strengths)

    for user in range(len(everybody)):
        alone = model.user_vectors(strengths[user : user + 1])
        assert alone.tobytes() == together[user : user + 1].tobytes()


def test_a_user_alone_gets_the_list_they_get_in_a_crowd(model, rules, everybody, crowd):
    for place, user in enumerate(everybody.user_ids.tolist()):
        alone = everybody.block(place, place + 1)
        assert list(user_lists(model, rules, alone, SMALL.lists)) == [crowd[user]]


def test_a_list_does_not_depend_on_the_place_in_a_block(model, rules, everybody, crowd):
    for first in (1, 5, 38):
        rest = everybody.block(first, len(everybody))
        for user, payload in zip(
            rest.user_ids.tolist(), user_lists(model, rules, rest, SMALL.lists), strict=True
        ):
            assert payload == crowd[user]


def test_a_data_set_of_one_user_gives_the_list_of_the_crowd(world, redis_url, client, crowd):
    alone = write_kaggle(world / "alone", [line for line in rows() if line.startswith("7,")])

    report = refreshed(world, redis_url, data=alone, train=Train.NEVER)

    assert report.users == 1
    assert client.get(keys.user(Generation(report.generation), UserId(7))) == crowd[7]


def test_permuting_rows_and_training_again_changes_no_payload(world, redis_url, client):
    first = refreshed(world, redis_url)
    before = payloads(client, first.generation)
    chance = random.Random(5)
    lines, titles = rows(), catalogue()
    shuffled = write_kaggle(
        world / "shuffled",
        chance.sample(lines, len(lines)),
        chance.sample(titles, len(titles)),
    )

    again = refreshed(world, redis_url, data=shuffled, train=Train.ALWAYS)

    assert again.trained
    assert again.dataset == first.dataset
    assert payloads(client, again.generation) == before
    assert len(before) == 3 * 60 + 2 * ANIME + 7


def test_a_list_reaches_as_far_as_the_catalogue_and_is_sorted(crowd):
    for payload in crowd.values():
        scores = [entry.score for entry in ranking_codec.decode(payload)]
        assert np.isfinite(scores).all()
        assert scores == sorted(scores, reverse=True)


def test_reasons_are_titles_of_the_user(everybody, crowd):
    own = {
        user: set(everybody.block(place, place + 1).columns.tolist())
        for place, user in enumerate(everybody.user_ids.tolist())
    }
    reasons = {
        user: [reason for entry in ranking_codec.decode(payload) for reason in entry.reasons]
        for user, payload in crowd.items()
    }

    assert all(reason.column in own[user] for user in own for reason in reasons[user])
    assert all(0 <= reason.share <= 1 for found in reasons.values() for reason in found)
    assert reasons[1]


def test_the_catalogue_says_what_belongs_together(world, redis_url, client):
    made = Generation(refreshed(world, redis_url).generation)

    stored = catalogue_codec.decode(client.get(keys.catalogue(made)))

    names = {title: stored[title].title.split()[0] for title in range(ANIME)}
    together = [
        {names[title] for title in range(ANIME) if stored[title].franchise == franchise}
        for franchise in {one.franchise for one in stored} - {0}
    ]
    assert len(together) > 3
    assert all(len(saga) == 1 for saga in together)


def test_a_reloaded_model_gives_the_same_franchises(world, redis_url, client):
    trained = refreshed(world, redis_url, train=Train.ALWAYS)
    before = client.get(keys.catalogue(Generation(trained.generation)))

    reloaded = refreshed(world, redis_url)

    assert (trained.trained, reloaded.trained) == (True, False)
    assert client.get(keys.catalogue(Generation(reloaded.generation))) == before


def test_a_published_list_holds_the_order_that_its_flags_and_the_catalogue_give(crowd, rules):
    for payload in crowd.values():
        found = ranking_codec.layout(payload)
        columns = [entry.column for entry in ranking_codec.decode(payload)]
        levels = ranking_codec.levels(payload, found, found.entries)
        worth = [level - levels[-1] for level in levels]

        shown = arrange(columns, worth, ranking_codec.rules(payload, found), rules.facts)

        assert list(ranking_codec.shown(payload, found)) == shown != []


def test_flags_say_what_a_user_has_not_started_or_has_dropped(crowd, everybody, rules):
    flagged = []
    for place, (user, payload) in enumerate(crowd.items()):
        own = everybody.block(place, place + 1)
        assert own.user_ids.tolist() == [user]
        started = own.columns[own.statuses != Status.PLANNED].tolist()
        dropped = own.columns[own.statuses == Status.DROPPED].tolist()
        entries = ranking_codec.decode(payload)
        expected = rules_of(
            [entry.column for entry in entries],
            started_series(started, rules.facts),
            {rules.facts.franchise[one] for one in dropped},
            rules.facts,
        )
        assert [entry.rules for entry in entries] == expected
        flagged += expected
    assert set(flagged) >= {0, Rule.PREREQUISITE_MISSING, Rule.FRANCHISE_DROPPED}


def test_a_user_of_plans_gets_a_list_without_reasons(crowd):
    listed = ranking_codec.decode(crowd[PLANNER])

    assert len(listed) == ANIME - 3
    assert all(entry.reasons == () for entry in listed)


def test_people_get_titles_of_their_own_taste(crowd):
    first = [entry.column < ANIME // 2 for entry in ranking_codec.decode(crowd[7])[:5]]
    other = [entry.column < ANIME // 2 for entry in ranking_codec.decode(crowd[8])[:5]]

    assert (sum(first), sum(other)) == (5, 0)


def test_titles_that_nobody_watched_are_recommended_too(crowd):
    listed = {entry.column + 1 for entry in ranking_codec.decode(crowd[7])}

    assert listed >= UNWATCHED


def test_a_model_trained_again_has_the_same_identity_and_blend(world, model, redis_url):
    refreshed(world, redis_url, train=Train.ALWAYS)

    (folder,) = (world / "artifacts" / "models").iterdir()
    assert artifacts.load_model(folder).manifest == model.manifest


def test_other_settings_make_another_model(world, redis_url, model):
    other = replace(SMALL, people=PeopleParams(factors=4, epochs=1))

    assert refreshed(world, redis_url, params=other).model != model.manifest.model


@pytest.fixture(params=LEGS)
def leg_name(request):
    return request.param


@pytest.fixture
def leg(model_folder, leg_name):
    return leg_module(leg_name).load(model_folder / leg_name)


def test_a_leg_scores_every_rated_title_of_every_user(leg, model, everybody):
    scores = leg.score(padded(model.strengths(everybody)))

    assert scores.shape == (BLOCK, ANIME - len(UNWATCHED))
    assert scores.dtype == np.float32
    assert np.isfinite(scores).all()
    assert scores[: len(everybody) - 1].std(axis=1).min() > 0


def test_a_leg_that_was_saved_scores_the_same(leg, leg_name, model, everybody, tmp_path):
    block = padded(model.strengths(everybody))
    leg.save(tmp_path)

    again = leg_module(leg_name).load(tmp_path)

    assert again.score(block).tobytes() == leg.score(block).tobytes()


def test_a_leg_scores_a_user_alone_as_among_others(leg, model, everybody):
    strengths = model.strengths(everybody)

    together = leg.score(padded(strengths))

    for user in range(len(everybody)):
        alone = leg.score(padded(strengths[user : user + 1]))
        assert alone[0].tobytes() == together[user].tobytes()


def test_a_leg_does_not_pickle(leg, tmp_path):
    leg.save(tmp_path)

    assert {path.suffix for path in tmp_path.iterdir()} <= {".npy", ".npz", ".keras", ".json"}
