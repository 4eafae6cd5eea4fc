"""The installed command, as people and schedulers start it."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from urllib.request import Request, urlopen

import click
import pytest
from redis import Redis

from jobs import cli
from jobs.embedded import embedded_redis
from schemas.store.control import Control
from schemas.store.register import Register, State
from tests.datasets import rows, write_kaggle

ANIREC = Path(sys.executable).with_name("anirec")
COMMANDS = cli.anirec.list_commands(click.Context(cli.anirec))
COMMAND_SECONDS = 300
PARAMS = """
validation: {user_share: 0.5}
people: {factors: 8, epochs: 2}
gates: {catalogue_coverage: 0.01, overlap: 0.0, ndcg_ratio: 0.0, coverage_ratio: 0.0}
"""
REPORT = {
    "generation", "dataset", "model", "trained", "reason", "users", "anime", "rows", "rejected",
    "seconds", "redis_bytes", "peak_rss_bytes", "metrics",
}  # fmt: skip


def anirec(folder, *arguments, **environment):
    """Run a command in a folder, which gets a var/ of its own."""
    return subprocess.run(
        [ANIREC, *map(str, arguments)], cwd=folder, env=scrubbed() | environment,
        capture_output=True, text=True, check=False, timeout=COMMAND_SECONDS,
    )  # fmt: skip


def scrubbed():
    """Our environment without the settings of whoever runs the tests; nothing is tracked."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ANIREC_")}
    return kept | {"ANIREC_TRACKING": "off"}


def succeeded(done):
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A folder in which sample data were made and refreshed twice."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "small.yaml").write_text(PARAMS)
    succeeded(anirec(folder, "sample", "--out", "data", "--users", 200, "--anime", 80))
    return folder


@pytest.fixture(scope="module")
def reports(site):
    arguments = ("refresh", "--data", "data", "--params", "small.yaml", "--json")
    return [json.loads(succeeded(anirec(site, *arguments))) for _ in range(2)]


@pytest.fixture(scope="module")
def served(site, reports, tmp_path_factory):
    with serving(copied(site, tmp_path_factory.mktemp("served"))) as address:
        yield address


@pytest.fixture
def own_site(site, reports, tmp_path):
    """A copy of the site for one test to change."""
    return copied(site, tmp_path)


def copied(site, parent):
    """No command may be running in the site."""
    return shutil.copytree(site, parent / "site")


@contextmanager
def serving(folder):
    """The address of a server that is stopped as an operator would stop it."""
    port = free_port()
    server = start_server(folder, port)
    try:
        wait_until_ready(f"http://127.0.0.1:{port}", server)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.send_signal(signal.SIGTERM)
        assert server.wait(20) == 0


def start_server(folder, port):
    command = [ANIREC, "serve", "--port", str(port)]
    return subprocess.Popen(command, cwd=folder, env=scrubbed(), stderr=subprocess.DEVNULL)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until_ready(address, server):
    for _ in range(300):
        assert server.poll() is None
        try:
            ask(f"{address}/readyz")
            return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("the API did not get ready")


def ask(url, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = Request(url, data, {"Content-Type": "application/json"})
    with urlopen(request, timeout=10) as response:
        return json.load(response)


def test_a_refresh_prints_the_object_of_the_contract(reports):
    first, _ = reports

    assert set(first) == REPORT
    assert (first["trained"], first["users"], first["anime"]) == (True, 200, 80)
    assert set(first["redis_bytes"]) == {
        "users", "anime", "histories", "neighbours", "catalogue", "insights"
    }  # fmt: skip
    assert first["seconds"]["total"] > 0
    assert first["peak_rss_bytes"] > 10**8
    assert first["metrics"]["ndcg@10"] > 0


def test_a_second_refresh_reloads_the_model(reports):
    first, second = reports

    assert (second["trained"], second["model"]) == (False, first["model"])
    assert second["generation"] > first["generation"]


def test_a_user_is_looked_up_over_http(served, reports):
    answer = ask(f"{served}/v1/users/7/recommendations?limit=3")

    assert (answer["source"], len(answer["items"])) == ("precomputed", 3)
    assert answer["generation"] == reports[1]["generation"]
    assert answer["items"][0]["reasons"]


def test_similar_titles_are_looked_up_over_http(served):
    answer = ask(f"{served}/v1/anime/5114/similar")

    assert len(answer["items"]) == 10
    assert 5114 not in [item["anime_id"] for item in answer["items"]]


def test_somebody_new_is_answered_live(served):
    answer = ask(f"{served}/v1/recommendations", {"ratings": [{"anime_id": 1535, "rating": 10}]})

    assert (answer["source"], len(answer["items"])) == ("live", 10)


def test_the_manifest_of_the_live_generation_is_served(served, reports):
    assert ask(f"{served}/v1/generation")["dataset"] == reports[1]["dataset"]


def test_generations_are_listed_and_rolled_back(own_site, reports):
    first, second = (report["generation"] for report in reports)

    listed = json.loads(succeeded(anirec(own_site, "generations", "--json")))
    assert [(one["generation"], one["state"]) for one in listed] == [
        (first, "superseded"), (second, "live"),
    ]  # fmt: skip
    assert succeeded(anirec(own_site, "rollback")) == f"{first} is live\n"
    table = succeeded(anirec(own_site, "generations"))
    assert re.search(rf"{first}.*live", table)
    assert re.search(rf"{second}.*superseded", table)
    assert succeeded(anirec(own_site, "rollback", second)) == f"{second} is live\n"


def test_a_rollback_is_served(own_site, reports):
    first, second = (report["generation"] for report in reports)

    with serving(own_site) as address:
        assert ask(f"{address}/v1/generation")["generation"] == second
        succeeded(anirec(own_site, "rollback", first))
        time.sleep(1.5)  # an API process follows within about a second

        assert ask(f"{address}/v1/users/7/recommendations")["generation"] == first


def test_a_killed_server_takes_its_api_along(own_site):
    port = free_port()
    server = start_server(own_site, port)
    wait_until_ready(f"http://127.0.0.1:{port}", server)

    server.kill()
    server.wait()

    eventually(lambda: is_free(port))


def is_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # closed connections linger
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def eventually(happened, seconds=8):
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_refresh_that_is_told_to_stop_cleans_up(own_site):
    shutil.rmtree(own_site / "var" / "artifacts")  # so that it has to train, for seconds
    command = [ANIREC, "refresh", "--data", "data", "--params", "small.yaml"]

    with embedded_redis(own_site / "var") as url, Redis.from_url(url) as client:
        refresh = subprocess.Popen(
            command, cwd=own_site, env=scrubbed(), stderr=subprocess.PIPE, text=True
        )
        assert any("training a model" in line for line in refresh.stderr)
        assert State.WRITING in states(client)
        refresh.terminate()
        _, said = refresh.communicate(timeout=30)

        assert (refresh.returncode, said.splitlines()[-1]) == (1, "stopped"), said
        assert State.WRITING not in states(client)
        assert Control(client).acquire("somebody else", 1000)
    assert list((own_site / "var" / "artifacts").rglob(".*")) == []


def states(client):
    return [record.state for record in Register(client).records()]


def test_a_refresh_beside_another_one_says_so_and_is_no_failure(site, reports):
    with embedded_redis(site / "var") as url, Redis.from_url(url) as client:
        fence = Control(client).acquire("refresh 9 on night-1", 60_000)

        done = anirec(site, "refresh", "--data", "data", "--params", "small.yaml", "--json")

        Control(client).release(fence)
    reason = json.loads(succeeded(done))["reason"]
    assert reason == "another refresh is running: refresh 9 on night-1"


def test_the_first_stages_run_alone(site):
    out = succeeded(anirec(site, "ingest", "--data", "data", "--out", "set"))
    trained = succeeded(anirec(site, "train", "--dataset", "set", "--artifacts", "models",
                               "--params", "small.yaml"))  # fmt: skip

    assert "200 users and 80 anime" in out
    assert "ndcg@10" in trained


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_with_an_example(tmp_path, command):
    text = succeeded(anirec(tmp_path, command, "--help"))

    assert f"Example: anirec {command}" in text


def test_the_top_level_names_every_command(tmp_path):
    text = succeeded(anirec(tmp_path, "--help"))

    assert all(re.search(rf"^  {command} ", text, re.MULTILINE) for command in COMMANDS)
    assert "anirec demo" in text


def test_it_tells_its_version(tmp_path):
    assert re.fullmatch(
        r"anirec, version \d+\.\d+\.\d+\n", succeeded(anirec(tmp_path, "--version"))
    )


def test_a_demo_shows_three_tables_and_ends(tmp_path):
    shown = succeeded(anirec(tmp_path, "demo", "--once", "--users", 300))

    assert shown.count("source: ") == 3
    assert [line.split()[-1] for line in re.findall("source: [a-z]+", shown)] == [
        "precomputed", "precomputed", "live",
    ]  # fmt: skip
    assert "Fullmetal Alchemist: Brotherhood" in shown


@pytest.mark.parametrize(
    ("code", "arguments", "said"),
    [
        (2, ["refresh", "--colour"], "No such option"),
        (2, ["refresh"], "--data"),
        (2, ["paint"], "No such command"),
        (2, ["refresh", "--data", "s3://bucket/x"], "must be a local folder or gs://"),
        (2, ["refresh", "--data", "x", "--params", "none.yaml"], "cannot read params file"),
        (2, ["generations", "--store", "nonsense"], "cannot use the store address"),
        (1, ["rollback", "20200101T000000Z"], "cannot roll back to 20200101T000000Z: nothing is"),
        (1, ["rollback"], "nothing is published yet"),
        (1, ["variants", "show"], "nothing is published yet"),
        (1, ["models", "rollback"], "nothing is published yet"),
        (1, ["backfill", "--all"], "nothing is published yet"),
        (3, ["generations", "--store", "redis://127.0.0.1:1"], "the store is away"),
        (2, ["refresh", "--data", "nowhere"], "there is no folder nowhere"),
        (2, ["ingest", "--data", "nowhere", "--out", "x"], "there is no folder nowhere"),
    ],
)
def test_a_failure_has_the_code_of_the_contract_and_a_single_line(tmp_path, code, arguments, said):
    done = anirec(tmp_path, *arguments)

    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_without_a_store_where_none_may_be_embedded_it_is_misused(tmp_path):
    done = anirec(tmp_path, "generations", ANIREC_EMBEDDED="0")

    assert done.returncode == 2
    assert "set --store or ANIREC_STORE" in done.stderr


def test_options_may_come_from_the_environment(tmp_path):
    done = anirec(tmp_path, "generations", ANIREC_STORE="nonsense")

    assert "cannot use the store address" in done.stderr


def test_too_many_bad_rows_are_refused_and_named(tmp_path):
    write_kaggle(tmp_path / "data", [*rows(), *["1,1,eleven,2,1"] * 100])

    done = anirec(tmp_path, "refresh", "--data", "data")

    assert done.returncode == 4
    assert "100 of 740 interaction rows (13.51%) cannot be used" in done.stderr
    (kept,) = re.findall(r"(\S+\.csv) lists them", done.stderr)
    assert "animelist.csv,642," in (tmp_path / kept).read_text()


def test_a_missing_column_is_refused_with_those_that_were_found(tmp_path):
    folder = write_kaggle(tmp_path / "data")
    (folder / "animelist.csv").write_text("user_id,anime_id,watching_status\n1,1,2\n")

    done = anirec(tmp_path, "refresh", "--data", "data")

    assert done.returncode == 4
    assert "needs exactly one column rating, found 0: animelist.csv with user_id" in done.stderr


def test_a_refused_refresh_leaves_what_is_live(site, reports):
    before = succeeded(anirec(site, "generations", "--json"))

    (site / "empty").mkdir()
    done = anirec(site, "refresh", "--data", "empty")

    assert done.returncode == 4
    assert succeeded(anirec(site, "generations", "--json")) == before
