"""A day of serving in figures, of real lists in a real Redis."""

import json
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from click.testing import CliRunner

from batch.monitoring.lists import DEPTH, Lists, figures
from jobs.monitor import monitor
from schemas import keys, ranking_codec
from schemas.errors import NothingPublishedError
from schemas.ratings import Rating
from schemas.records import AnimeId, Generation, Status, UserId
from schemas.store import ratings
from schemas.store.register import started
from tests.datasets import refreshed
from tests.unit.test_schemas_serving import METRICS


def listed(client, generation, user):
    lists = Lists.of(client, generation)
    entries = ranking_codec.decode(client.get(keys.user(generation, user)))
    return [lists.shelf[one.column] for one in entries]


def rate(client, user, anime, rating=0, status=Status.COMPLETED):
    ratings.append(client, Rating(UserId(user), AnimeId(anime), rating, status), 1000)


def test_without_lists_there_is_nothing_to_say(client):
    with pytest.raises(NothingPublishedError):
        figures(client, client, datetime.now(UTC))


def test_figures_of_lists_that_somebody_took_up(folder, redis_url, client):
    made = Generation(refreshed(folder, redis_url).generation)
    titles = listed(client, made, 1)
    rate(client, 1, titles[0], 9)
    rate(client, 1, titles[1], 3)
    rate(client, 1, titles[2], 0, Status.DROPPED)
    rate(client, 1, titles[DEPTH], 9)

    found = figures(client, client, started(made) + timedelta(hours=5))

    assert found == {"age_hours": 5, "ratings": 4, "accepted": 0.5, "accepted/liked": 0.5}


def test_the_same_lists_once_more_have_not_drifted_and_others_have(folder, redis_url, client):
    refreshed(folder, redis_url)
    again = Generation(refreshed(folder, redis_url).generation)
    assert figures(client, client, datetime.now(UTC))["drift"] == 0

    one, two = keys.user(again, UserId(1)), keys.user(again, UserId(2))
    client.set(one, client.get(two))

    assert 0 < figures(client, client, datetime.now(UTC))["drift"] <= 1 / 60


class Metrics(BaseHTTPRequestHandler):
    """Answers as the API's /metrics does."""

    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(METRICS.encode())

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def url():
    with ThreadingHTTPServer(("127.0.0.1", 0), Metrics) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/metrics"
        server.shutdown()


def test_a_day_goes_to_an_archive_and_the_next_day_counts_from_there(folder, redis_url, url):
    refreshed(folder, redis_url)

    def day():
        done = CliRunner().invoke(monitor, [
            "--store", redis_url, "--artifacts", str(folder / "artifacts"), "--metrics-url", url,
            "--tracking", "offline", "--json",
        ], catch_exceptions=False)  # fmt: skip
        return json.loads(done.stdout)

    first, second = day(), day()

    assert (first["requests"], first["source/nightly"]) == (100, 0.75)
    assert second["requests"] == 0
    assert len(list((folder / "artifacts" / "experiments").glob("*.zip"))) == 2
