"""What schemathesis, which makes requests up from the description, finds in a running server."""

import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from redis import Redis

from jobs.serve import api_process
from schemas.records import Column, Interaction, Status
from schemas.store import access, sessions
from tests.builders import anime, publish_small, ranking
from tests.operated import ops_key
from tests.redis_server import free_port

GENRES = ("Action", "Comedy", "Drama")
NAMED = "recommendations", "similar", "live"
"""Operations that take names which only a generation knows: a made-up genre is refused, though the
description allows it."""
PAGES = "home", "user_page", "anime_page", "import_list"
"""Pages whose forms send blanks and names twice, which is more than the description allows."""
FORMS = "rate_on_page", "ops_sign_in", "ops_sign_out", "ops_confirm", "ops_act"
"""Their tokens, and generations, cannot be made up: nearly everything is refused, which
schemathesis would warn of.
"""
SECONDS = 60.0


@pytest.fixture
def server(redis_url):
    """Address of a server over a real Redis with a small generation, a key to it, and the token of
    an operator's session.
    """
    titles = [
        anime(number, f"Title {number}", genres=GENRES[: number % 4], type="TV", raters=number,
              mean_rating=7.0, year=1990 + number)
        for number in range(1, 40)
    ]  # fmt: skip
    with Redis.from_url(redis_url) as client:
        publish_small(
            client,
            anime=tuple(titles),
            users={number: ranking(*range(number, 20), reasons={0: 0.5}) for number in range(5)},
            histories={n: [Interaction(Column(0), 9, Status.COMPLETED)] for n in range(5)},
            similar={number: ranking(*range(number, 30)) for number in range(1, 20)},
            influences={number: {number + 1: 0.5, 3: -0.25} for number in range(1, 30)},
            neighbours={0: {2**62: 0.5}},
            popular=ranking(*range(39)),
            fame={"1": 5.0, "10": 0.0},
        )
        now = datetime.now(UTC)
        key = access.create(client, "tests", now)[1]
        session = sessions.begin(client, ops_key(client)[0], now)
    port = free_port()
    with api_process(redis_url, "127.0.0.1", port):
        yield _ready(f"http://127.0.0.1:{port}"), key, session


def _ready(address):
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        try:
            with urlopen(f"{address}/readyz", timeout=1):
                return address
        except (URLError, OSError):
            time.sleep(0.05)
    raise AssertionError("the server did not get ready")


def schemathesis(server, folder, *options):
    address, key, session = server
    command = [
        Path(sys.executable).with_name("schemathesis"), "run", f"{address}/openapi.json",
        "--seed", "1", "--max-examples", "25", "--phases", "coverage,fuzzing", "--checks", "all",
        "--generation-database", "none", "--no-color",
        "--header", f"Authorization: Bearer {key}",
        "--header", f"Cookie: anirec_ops={session}", *options,
    ]  # fmt: skip
    return subprocess.run(
        command, check=False, cwd=folder, capture_output=True, text=True, timeout=300
    )


@pytest.mark.parametrize(
    "options",
    [
        pytest.param(
            [part for one in (*NAMED, *PAGES, *FORMS) for part in ("--exclude-operation-id", one)],
            id="all",
        ),
        pytest.param(
            [
                *(part for one in NAMED for part in ("--include-operation-id", one)),
                "--exclude-checks",
                "positive_data_acceptance",
            ],
            id="with names",
        ),
        pytest.param(
            [
                *(part for one in PAGES for part in ("--include-operation-id", one)),
                *("--exclude-checks", "positive_data_acceptance,negative_data_rejection"),
            ],
            id="pages",
        ),
        pytest.param(
            [
                *(part for one in FORMS for part in ("--include-operation-id", one)),
                *("--exclude-checks", "positive_data_acceptance,negative_data_rejection"),
                *("--warnings", "off"),
            ],
            id="forms",
        ),
    ],
)
def test_no_request_that_can_be_made_up_gets_an_answer_that_is_not_described(
    server, tmp_path, options
):
    done = schemathesis(server, tmp_path, *options)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "No issues found" in done.stdout
