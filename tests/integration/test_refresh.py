import shutil
import signal
from collections import Counter
from dataclasses import asdict, replace

import pytest

from batch.deadline import Deadline
from batch.model_choice import Train
from batch.params import GateParams, ListParams, PeopleParams, RetentionParams
from batch.publish.candidate import Candidate
from batch.refresh import refresh
from jobs.exit_codes import TRY_AGAIN, exit_code_of
from schemas import catalogue_codec, history_codec, keys, neighbours_codec, ranking_codec
from schemas.errors import (
    DataRefusedError,
    GateRefusedError,
    LeaseHeldError,
    LeaseLostError,
    VerificationError,
)
from schemas.records import AnimeId, Column, Entry, Generation, UserId
from schemas.store.control import Control
from schemas.store.manifests import read_manifest
from schemas.store.register import Register, State
from tests.builders import people
from tests.datasets import (
    ANIME,
    PLANNER,
    SMALL,
    UNWATCHED,
    catalogue,
    quiet,
    refreshed,
    request,
    rows,
    write_kaggle,
)

USERS = 60


def live(client):
    pointer = Control(client).pointer()
    return pointer.live[0].generation if pointer else None


def stored(client, generation):
    return {key: client.get(key) for key in client.scan_iter(keys.everything_of(generation))}


def generations(client):
    found = client.scan_iter(keys.everything_of(Generation("*")))
    return {keys.generation_of(key.decode()) for key in found}


def family(key):
    return key.decode().split(":")[3]


def test_a_first_refresh_publishes_every_key_of_the_contract(folder, redis_url, client):
    report = refreshed(folder, redis_url)

    assert live(client) == report.generation
    assert Counter(map(family, stored(client, report.generation))) == {
        "u": USERS, "h": USERS, "n": USERS, "a": ANIME, "i": ANIME,
        "popular": 1 + 2 + 2, "catalogue": 1, "insights": 1, "audiences": 1, "manifest": 1,
    }  # fmt: skip


def test_every_user_and_every_title_has_its_own_keys(folder, redis_url, client):
    made = Generation(refreshed(folder, redis_url).generation)

    for user in (UserId(1), UserId(2), UserId(PLANNER)):
        names = (keys.user(made, user), keys.history(made, user), keys.neighbours(made, user))
        assert client.exists(*names) == 3
    for anime in map(AnimeId, range(1, ANIME + 1)):
        assert client.exists(keys.similar(made, anime), keys.influence(made, anime)) == 2
    for key in (keys.popular_in_genre(made, "Action"), keys.popular_in_type(made, "Movie")):
        assert client.exists(key)


def test_the_manifest_says_what_was_published(folder, redis_url, client):
    report = refreshed(folder, redis_url)

    manifest = read_manifest(client, Generation(report.generation))
    assert manifest.counts == {
        "users": USERS, "histories": USERS, "neighbours": USERS, "similar": ANIME,
        "influence": ANIME, "popular": 5, "catalogue": ANIME, "insights": 1, "audiences": 1,
    }  # fmt: skip
    assert (manifest.dataset, manifest.model) == (report.dataset, report.model)
    assert (manifest.genres, manifest.types) == (["Action", "Drama"], ["Movie", "TV"])
    assert manifest.metrics["ndcg@10"] > 0.1
    assert 0 < manifest.metrics["coverage@10"] <= 1
    assert manifest.validation == asdict(SMALL.validation)
    assert manifest.fame == SMALL.live.fame()
    assert (manifest.strengths["rated_1"], manifest.strengths["rated_10"]) == (-0.3, 1.0)
    assert all(size > 0 for size in manifest.bytes.values())


def test_the_manifest_names_the_version_of_the_data_that_dvc_tracks(folder, redis_url, client):
    (folder / "data.dvc").write_text("outs: [{md5: 0123.dir, path: data}]")
    report = refreshed(folder, redis_url)

    manifest = read_manifest(client, Generation(report.generation))
    assert manifest.data_version == "dvc:0123.dir"


def test_the_report_counts_what_was_read(folder, redis_url):
    report = refreshed(folder, redis_url)

    assert (report.users, report.anime, report.rejected) == (USERS, ANIME, 0)
    assert report.rows == len(rows())
    assert set(report.seconds) == {"ingest", "train", "score", "insights", "verify", "total"}


def test_the_catalogue_tells_how_titles_were_rated(folder, redis_url, client):
    made = Generation(refreshed(folder, redis_url).generation)

    shelf = catalogue_codec.decode(client.get(keys.catalogue(made)))

    assert [anime.anime_id for anime in shelf] == list(range(1, ANIME + 1))
    for anime in shelf:
        ratings = [int(r) for _, title, r, status, _ in (line.split(",") for line in rows())
                   if int(title) == anime.anime_id and int(r) and status != "6"]  # fmt: skip
        assert anime.raters == len(ratings)
        mean = round(sum(ratings) / len(ratings), 2) if ratings else None
        assert anime.mean_rating == mean


def test_popular_lists_hold_watched_titles_of_their_kind_only(folder, redis_url, client):
    made = Generation(refreshed(folder, redis_url).generation)

    everywhere, action = (
        {entry.column + 1 for entry in ranking_codec.decode(client.get(key))}
        for key in (keys.popular(made), keys.popular_in_genre(made, "Action"))
    )

    assert everywhere == set(range(1, ANIME + 1)) - UNWATCHED
    assert action == set(range(1, ANIME // 2 + 1)) - UNWATCHED


def test_every_generation_is_stored_without_an_expiry_while_it_is_live(folder, redis_url, client):
    first = refreshed(folder, redis_url).generation

    assert {client.ttl(key) for key in stored(client, first)} == {-1}


def test_a_second_refresh_reloads_the_model_and_supersedes_the_first(folder, redis_url, client):
    first, second = (refreshed(folder, redis_url) for _ in range(2))

    assert not second.trained
    assert second.reason == "data, settings and code are those of the saved model"
    assert live(client) == second.generation != first.generation
    assert Control(client).pointer().previous == first.generation
    assert all(client.ttl(key) > 0 for key in stored(client, first.generation))
    assert {client.ttl(key) for key in stored(client, second.generation)} == {-1}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"params": replace(SMALL, people=PeopleParams(factors=4, epochs=1))}, "settings changed"),
        ({"train": Train.ALWAYS}, "asked to"),
    ],
)
def test_it_trains_when_it_has_to_and_says_why(folder, redis_url, change, reason):
    report = refreshed(folder, redis_url, **change)

    assert (report.trained, report.reason) == (True, reason)


def test_changed_data_ask_for_a_new_model(folder, redis_url):
    write_kaggle(folder / "data", [*rows(), "7,1,10,2,1"])

    report = refreshed(folder, redis_url)

    assert (report.trained, report.reason) == (True, "dataset changed")


def test_without_a_model_it_trains(tmp_path, redis_url):
    report = refreshed(tmp_path, redis_url)

    assert (report.trained, report.reason) == (True, "no saved model")


def test_settings_that_do_not_touch_the_model_leave_it(folder, redis_url, client):
    shorter = replace(SMALL, lists=ListParams(entries=5, reasons=2))

    report = refreshed(folder, redis_url, params=shorter)

    assert not report.trained
    payload = client.get(keys.user(Generation(report.generation), UserId(1)))
    listed = ranking_codec.decode(payload)
    assert [bool(entry.reasons) for entry in listed] == [True, True, False, False, False]


def test_an_older_model_serves_new_data_when_asked_not_to_train(folder, redis_url):
    write_kaggle(folder / "data", [*rows(), "9999,1,10,2,1"])

    report = refreshed(folder, redis_url, train=Train.NEVER)

    assert (report.trained, report.reason) == (False, "asked not to train")
    assert report.users == USERS + 1


def test_a_reloaded_model_names_nobody_who_left(folder, redis_url, client):
    gone = {user for user in range(1, USERS) if user % 3 == 0}
    stay = [line for line in rows() if int(line.split(",")[0]) not in gone]
    write_kaggle(folder / "data", stay)

    report = refreshed(folder, redis_url, train=Train.NEVER)

    made = Generation(report.generation)
    named = {one.user_id for key in client.scan_iter(f"ahr:v1:{made}:n:*")
             for one in neighbours_codec.decode(client.get(key))}  # fmt: skip
    assert not report.trained
    assert named == set(range(1, USERS)) - gone


def test_not_training_on_an_unknown_catalogue_is_refused(folder, redis_url, client):
    write_kaggle(folder / "data", titles=[*catalogue(), "41,New,Action,TV,Manga,Studio1"])

    with pytest.raises(DataRefusedError, match=r"no model in .* was trained on this catalogue"):
        refreshed(folder, redis_url, train=Train.NEVER)

    assert (live(client), generations(client)) == (None, set())


STRANGERS = [f"{id},{name},Genre{id},,," for id, name in ((1, "Alpha"), (2, "Beta"), (3, "Gamma"))]
SMALLEST = {
    "one row": (["5,1,9,2,1"], None),
    "titles that share nothing": ([f"{user},{1 + user % 3},9,2,1" for user in range(9)], STRANGERS),
    "nobody rates": ([f"{user},{1 + 7 * user % 30},0,2,1" for user in range(30)], None),
}


@pytest.mark.parametrize("name", SMALLEST)
def test_the_smallest_data_sets_are_published(tmp_path, redis_url, client, name):
    lines, titles = SMALLEST[name]
    write_kaggle(tmp_path / "data", lines, titles)

    made = Generation(refreshed(tmp_path, redis_url).generation)

    assert live(client) == made
    user = UserId(int(lines[0].split(",")[0]))
    listed = ranking_codec.decode(client.get(keys.user(made, user)))
    assert len(listed) == (ANIME if titles is None else len(titles)) - 1


def test_data_that_say_nothing_about_taste_are_refused(tmp_path, redis_url):
    write_kaggle(tmp_path / "data", [f"{user},{user % 9 + 1},3,4,1" for user in range(1, 40)])

    with pytest.raises(DataRefusedError, match="nobody likes anything"):
        refreshed(tmp_path, redis_url)


def test_data_in_which_nobody_watches_are_refused(tmp_path, redis_url):
    write_kaggle(tmp_path / "data", [f"{user},{user % 9 + 1},0,6,1" for user in range(1, 40)])

    with pytest.raises(DataRefusedError, match="nobody has watched anything"):
        refreshed(tmp_path, redis_url)


@pytest.mark.parametrize("gate", ["ndcg_ratio", "coverage_ratio"])
def test_a_refused_candidate_leaves_the_live_one_and_stays_for_a_while(
    folder, redis_url, client, gate
):
    first = refreshed(folder, redis_url).generation
    before = stored(client, first)
    impossible = replace(SMALL, gates=GateParams(**{gate: 99.0}))

    noted = {}
    with pytest.raises(GateRefusedError, match=rf"gates\.{gate}"):
        refresh(request(folder, redis_url, params=impossible), quiet, noted.update)

    assert live(client) == first
    assert stored(client, first) == before
    assert {client.ttl(key) for key in before} == {-1}
    (refused,) = generations(client) - {first}
    assert all(client.ttl(key) > 0 for key in stored(client, refused))
    record = Register(client).find(refused)
    assert record.state is State.REFUSED
    assert f"gates.{gate}" in record.note
    assert noted["metrics"] == read_manifest(client, first).metrics


def at(stage, do):
    """A progress callback that does something once, when a stage first reports its end."""
    done = []

    def progress(name, step, total, /, **_):
        if name == stage and step == total and not done:
            done.append(True)
            do()

    return progress


def lost_list(client, made):
    client.delete(keys.user(made, UserId(3)))


def seen_title(client, made):
    history = history_codec.decode(client.get(keys.history(made, UserId(3))))
    client.set(keys.user(made, UserId(3)), ranking_codec.encode((Entry(history[0].column, 1.0),)))


def unknown_title(client, made):
    client.set(keys.user(made, UserId(3)), ranking_codec.encode((Entry(Column(ANIME), 1.0),)))


def title_twice(client, made):
    shown = ranking_codec.decode(client.get(keys.user(made, UserId(3))))[0]
    client.set(keys.user(made, UserId(3)), ranking_codec.encode((shown, shown)))


def cut_list(client, made):
    client.set(keys.user(made, UserId(3)), client.get(keys.user(made, UserId(3)))[:-1])


def other_history(client, made):
    client.set(keys.history(made, UserId(3)), history_codec.encode(()))


def lost_neighbours(client, made):
    client.delete(keys.neighbours(made, UserId(3)))


def stranger(client, made):
    near = people({4: 0.5, 12345: 0.4})
    client.set(keys.neighbours(made, UserId(3)), neighbours_codec.encode(near))


def lost_similar(client, made):
    client.delete(keys.similar(made, AnimeId(5)))


def lost_influence(client, made):
    client.delete(keys.influence(made, AnimeId(40)))


DAMAGE = {
    lost_list: "missing|not the bytes",
    seen_title: "names a seen title|not the bytes",
    unknown_title: "names a title that the catalogue does not have|not the bytes",
    title_twice: "names a title twice|not the bytes",
    cut_list: "its header says|not the bytes",
    other_history: "history of user 3 is not what was written|not the bytes",
    lost_neighbours: "neighbours of user 3: missing|not the bytes",
    stranger: "neighbours of user 3: name somebody who is not in the pool|not the bytes",
    lost_similar: "has no header|not the bytes",
    lost_influence: "unknown influence version|not the bytes",
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_candidate_that_reads_back_wrong_is_taken_away(folder, redis_url, client, damage):
    wanted = request(folder, redis_url)

    def break_it():
        (made,) = generations(client)
        damage(client, made)

    with pytest.raises(VerificationError, match=DAMAGE[damage]):
        refresh(wanted, at("score", break_it))

    assert (live(client), generations(client), Register(client).records()) == (None, set(), [])


def test_a_second_refresh_at_the_same_time_is_told_who_has_the_lease(folder, redis_url, client):
    Control(client).acquire("refresh 12 on night-1", 60_000)

    with pytest.raises(LeaseHeldError, match="refresh 12 on night-1"):
        refreshed(folder, redis_url)

    assert Register(client).records() == []


def test_whoever_loses_the_lease_flips_nothing_and_spares_its_successor(folder, redis_url, client):
    other = Generation("20991231T000000Z")

    def take_over():
        client.hset(keys.CONTROL, "lease_until", 0)
        Control(client).acquire("successor", 60_000)
        client.set(keys.user(other, UserId(1)), b"already written")

    with pytest.raises(LeaseLostError):
        refresh(request(folder, redis_url), at("score", take_over))

    assert live(client) is None
    assert generations(client) == {other}
    with pytest.raises(LeaseHeldError, match="successor"):
        Control(client).acquire("me", 1)


def test_a_deadline_is_called_off_before_the_flip(folder, redis_url, monkeypatch):
    left = []

    def flip(*them):
        left.append(signal.getitimer(signal.ITIMER_REAL)[0])
        before(*them)

    before = Candidate.flip
    monkeypatch.setattr(Candidate, "flip", flip)
    refreshed(folder, redis_url, deadline=Deadline(3600))

    assert left == [0]


def test_what_nothing_needs_any_more_goes_after_the_flip(folder, redis_url):
    first = refreshed(folder, redis_url)
    write_kaggle(folder / "data", [*rows(), "7,1,10,2,1"])
    second = refreshed(folder, redis_url)
    strange = folder / "artifacts" / "models" / "strange"
    shutil.copytree(strange.with_name(first.model), strange)
    keep = RetentionParams(models=0, datasets=0, days=0.0)

    third = refreshed(folder, redis_url, params=replace(SMALL, retention=keep))

    models, datasets = ({one.name for one in (folder / "artifacts" / kind).glob("[!.]*")}
                        for kind in ("models", "datasets"))  # fmt: skip
    assert third.model == second.model != first.model
    assert models == {first.model, second.model}  # the first can be gone back to
    assert datasets == {first.dataset[:16], second.dataset[:16]}


def test_the_lease_is_free_after_a_refresh(folder, redis_url, client):
    refreshed(folder, redis_url)

    assert Control(client).acquire("me", 1)


def test_a_store_that_goes_away_while_lists_are_written_asks_for_another_try(
    folder, start_redis, tmp_path_factory
):
    server = start_redis(tmp_path_factory.mktemp("s"))
    params = replace(SMALL, people=PeopleParams(factors=4, epochs=1))

    with pytest.raises(Exception, match=r".") as caught:
        refresh(request(folder, server.url, params=params), at("linear", server.stop))

    assert exit_code_of(caught.value) == TRY_AGAIN
