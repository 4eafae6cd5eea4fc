"""A served generation of made-up titles, and a browser that reports whatever goes wrong in it."""

import pytest
from redis import Redis

from schemas.records import Column, Interaction, Status
from tests import browsers
from tests.api_server import serving
from tests.builders import anime, publish_small, ranking
from tests.emulators import NOT_TRIED
from tests.redis_server import free_port, start

MARKUP = "<img src=x onerror=alert(1)> & Co"
NAMES = (
    ("Hoshi no Kakera", "Star Fragments", "星のかけら"),
    ("Kaze no Uta", "Song of Wind", "風の歌"),
    ("Yoru ni Saku", "Blooming at Night", "夜に咲く"),
    ("Tetsu no Hana", "Iron Flower", "鉄の花"),
    (MARKUP, "", ""),
    ("Umi no Tegami", "", "海の手紙"),
    ("Long Road Home", "", ""),
)
TITLES = tuple(
    anime(
        number,
        title,
        title_english=english,
        title_japanese=japanese,
        type="TV" if number % 3 else "Movie",
        year=1990 + number,
        episodes=12,
        genres=("Action", "Drama") if number % 2 else ("Comedy",),
        studios=("Atelier Nine",),
        franchise=1 if number < 3 else 0,
        raters=1000 - number,
        mean_rating=8.0,
    )
    for number, (title, english, japanese) in enumerate(
        [*NAMES, *((f"Title {number}", "", "") for number in range(8, 41))], 1
    )
)


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    server = start(tmp_path_factory.mktemp("r"))
    try:
        with Redis.from_url(server.url) as client:
            publish_small(
                client,
                anime=TITLES,
                users={7: ranking(*range(4, 30), reasons={0: 0.6, 1: 0.4})},
                similar={1: ranking(*range(1, 20))},
                influences={n: {(n + k) % 40: 1 / k for k in range(1, 20)} for n in range(1, 41)},
                neighbours={7: {44: 0.8}},
                histories={7: [Interaction(Column(n), 9, Status.COMPLETED) for n in range(4)]},
                popular=ranking(*range(39)),
            )
        port = free_port()
        with serving(server.url, port):
            yield f"http://localhost:{port}"
    finally:
        server.stop()


@pytest.fixture(scope="module")
def chromium():
    if not browsers.install():
        pytest.skip(f"{NOT_TRIED}: {browsers.MISSING}")
    with browsers.browser() as started:
        yield started


@pytest.fixture
def opened(chromium, address):
    """Opens pages by address, each in a profile of its own; whatever they complain of fails."""
    contexts, complaints = [], []

    def open_page(path="/", width=1440, **how):
        context = chromium.new_context(viewport={"width": width, "height": 900}, **how)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda said: complaints.append(said.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: complaints.append(f"a dialog: {dialog.message}"))
        page.set_default_timeout(10_000)
        page.goto(address + path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []
