"""`anirec doctor` over real stores: what it finds, and how it ends."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from click.testing import CliRunner
from redis import Redis

from batch.doctor import machine
from batch.worker.reranking import Stores
from batch.worker.run import Pace, Worker
from jobs.doctor import doctor
from schemas import keys
from schemas.records import UserId
from schemas.runs import Outcome, Run
from schemas.store import access, runs
from schemas.store.checks import stores
from schemas.store.checks.findings import Verdict
from schemas.store.checks.live import age
from tests.builders import manifest
from tests.live import contents, rate
from tests.redis_server import start

KNOWN = UserId(7)


@pytest.fixture
def client(stocked):
    return stocked


@pytest.fixture
def artifacts(site):
    return site[0] / "artifacts"


@pytest.fixture
def examined(redis_url, artifacts):
    """Runs the command; returns its exit code, and verdicts and texts by check."""

    def run(*arguments, store=redis_url, folder=artifacts):
        base = ["--store", store, "--artifacts", str(folder), "--json"]
        done = CliRunner().invoke(doctor, [*base, *map(str, arguments)])
        found = json.loads(done.output)
        checks = {one["check"]: (one["verdict"], one["said"]) for one in found["checks"]}
        return done.exit_code, checks, found["verdict"]

    return run


def fails(checks):
    return [name for name, (verdict, _) in checks.items() if verdict == "fail"]


def test_a_store_in_order_fails_nowhere_and_is_left_as_it_is(client, site, examined):
    before = contents(client)

    code, checks, _ = examined()

    assert (code, fails(checks)) == (0, [])
    assert checks["live generation"][1].startswith(site[1])
    assert checks["model"][0] == "ok"
    assert checks["workers"][1] == "no worker has ever come, and nobody has rated"
    assert contents(client) == before


def test_each_trouble_says_what_to_do(client, examined, redis_url, artifacts):
    done = CliRunner().invoke(doctor, ["--store", redis_url, "--artifacts", str(artifacts)])

    assert "set appendonly yes" in done.output
    assert "installed: " in done.output


def test_an_empty_store_fails(redis_url, examined):
    code, checks, verdict = examined()

    assert (code, verdict, fails(checks)) == (1, "fail", ["live generation"])


@pytest.mark.parametrize("family", [keys.catalogue, keys.popular, keys.manifest])
def test_a_live_generation_that_is_not_whole_fails(client, site, examined, family):
    client.delete(family(site[1]))

    code, checks, _ = examined()

    assert (code, fails(checks)) == (1, ["live generation"])
    assert family(site[1]) in checks["live generation"][1]


def test_a_live_generation_that_expires_fails(client, site, examined):
    client.expire(keys.catalogue(site[1]), 1000)

    assert fails(examined()[1]) == ["live generation"]


def test_artifacts_without_the_live_model_fail_and_none_at_all_warn(client, tmp_path, examined):
    code, checks, _ = examined(folder=tmp_path)
    assert (code, fails(checks)) == (1, ["model"])

    code, checks, _ = examined(folder=tmp_path / "none")
    assert (code, checks["model"][0]) == (0, "warn")


def test_a_model_whose_manifest_cannot_be_read_fails(client, tmp_path, examined, artifacts):
    (name,) = [path.name for path in (artifacts / "models").glob("*/")]
    (tmp_path / "models" / name).mkdir(parents=True)
    (tmp_path / "models" / name / "manifest.json").write_text("{")

    assert fails(examined(folder=tmp_path)[1]) == ["model"]


def test_ratings_that_would_be_lost_with_redis_fail(client, examined):
    rate(client, KNOWN, 3, 9)

    code, checks, _ = examined()

    assert (code, fails(checks)) == (1, ["ratings are kept"])
    assert checks["workers"] == ("warn", "no worker has ever come")
    assert checks["backlog"] == ("ok", "1 ratings in the stream")


def test_a_store_with_an_append_only_file_keeps_ratings(tmp_path):
    (tmp_path / "r").mkdir()
    server = start(tmp_path / "r", appendonly="yes", appendfsync="always")
    try:
        with Redis.from_url(server.url) as client:
            assert stores.persistence(client).said == "append-only file, appendfsync always"
    finally:
        server.stop()


@pytest.mark.parametrize(
    ("policy", "verdict"),
    [("noeviction", Verdict.OK), ("volatile-lru", Verdict.WARN), ("allkeys-lru", Verdict.FAIL)],
)
def test_a_store_that_throws_things_away_is_noticed(client, policy, verdict):
    client.config_set("maxmemory-policy", policy)
    try:
        assert stores.eviction(client, "memory").verdict is verdict
    finally:
        client.config_set("maxmemory-policy", "noeviction")


def test_lag_and_dead_letters_are_told(client, examined, artifacts):
    client.xadd(keys.STREAM, {"user": "7"}, id="5-1")
    Worker(Stores(client, client), artifacts / "models", "w", Pace(gather_ms=0)).turn()
    client.xadd(keys.DEAD_LETTERS, {"entry": "5-1"})

    _, checks, _ = examined()

    assert checks["workers"][0] == "warn"
    assert checks["workers"][1].startswith("1 ratings are not in lists yet")
    assert checks["dead letters"] == ("warn", "1")


def test_keys_and_the_holder_of_the_lease_are_told(client, examined):
    seconds, _ = client.time()
    client.hset(keys.CONTROL, mapping={"holder": "backfill 9 on b", "lease_until": seconds * 2000})
    access.create(client, "importer", datetime.now(UTC))

    _, checks, _ = examined()

    assert checks["lease"][1] == "backfill 9 on b is at work"
    assert checks["API keys"] == ("ok", "1")


def test_how_the_last_runs_ended_is_told(client, examined):
    runs.write(client, Run("1", "refresh", "nightly", "me", "2026-11-24T02:00:00", Outcome.DONE))
    assert examined()[1]["last runs"] == ("ok", "refresh done")

    refused = Run("2", "refresh", "nightly", "me", "2026-11-25T02:00:00", Outcome.REFUSED,
                  ended="2026-11-25T02:09:00", message="gates.overlap")  # fmt: skip
    runs.write(client, refused)

    code, checks, _ = examined()
    assert (code, "last runs" in checks) == (0, False)
    assert checks["last refresh"] == ("warn", "refused at 2026-11-25T02:09:00: gates.overlap")


def test_an_old_generation_is_noticed():
    made = datetime(2026, 11, 24, 2, tzinfo=UTC)
    old = manifest(created=made.isoformat())

    verdicts = [age(old, made + timedelta(hours=hours), 36).verdict for hours in (35, 37)]

    assert verdicts == [Verdict.OK, Verdict.WARN]


def test_a_full_disk_is_noticed(tmp_path, monkeypatch):
    def free(amount):
        monkeypatch.setattr(machine.shutil, "disk_usage", lambda _: SimpleNamespace(free=amount))
        return machine.disk(str(tmp_path / "not" / "there")).verdict

    assert [free(2**20), free(2**30), free(2**40)] == [Verdict.FAIL, Verdict.WARN, Verdict.OK]


def test_a_store_that_is_away_ends_it_with_3(client, examined):
    code, checks, _ = examined(store="redis://127.0.0.1:1")

    assert (code, fails(checks)) == (3, ["store"])
    assert "disk" in checks

    code, checks, _ = examined("--ratings-store", "redis://127.0.0.1:1")
    assert (code, fails(checks)) == (3, ["ratings store"])


def test_settings_that_cannot_be_used_end_it_with_2(client, tmp_path, examined):
    (tmp_path / "p.yaml").write_text("gates: {overlap: 7}")

    code, checks, _ = examined("--params", tmp_path / "p.yaml")
    assert (code, fails(checks)) == (2, ["settings"])
    assert examined("--params", tmp_path / "none.yaml")[0] == 2
    assert examined(store="nonsense://")[0] == 2


def test_it_needs_no_more_than_serving_does(client, redis_url, artifacts):
    script = f"""
import sys
HEAVY = ("tensorflow", "keras", "apache_beam", "pandas", "pyarrow", "scipy", "comet_ml", "yaml")


class Missing:
    def find_spec(self, name, *_):
        if name.split(".")[0] in HEAVY:
            raise ModuleNotFoundError(f"No module named {{name!r}}")


sys.meta_path.insert(0, Missing())
from jobs.cli import main

sys.argv[1:] = ["doctor", "--store", {redis_url!r}, "--artifacts", {str(artifacts)!r}, "--json"]
main()
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    extras = {one["check"]: one["said"] for one in json.loads(done.stdout)["checks"]}["extras"]
    assert "batch" in extras.partition("; not: ")[2]
