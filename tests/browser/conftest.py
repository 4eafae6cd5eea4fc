"""A served generation of made-up titles, and a browser that reports whatever goes wrong in it."""

from dataclasses import replace

import pytest
from redis import Redis

from schemas import audiences_codec
from schemas.audiences_codec import Crowd, Fans
from schemas.insights import Gem, Group, Leaning, Rise, Rising, Trait, Traits
from schemas.records import AnimeId, Column, Interaction, Status
from tests import browsers
from tests.api_server import serving
from tests.builders import anime, insights, publish_small, ranking
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
IDS = tuple(map(AnimeId, range(1, 41)))
TRAIT = Trait("Action", 40, 0.46, 405_183, 7.65, 0.58)
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


TOLD = insights(
    ratings=1_234_567,
    users=45_678,
    support=200,
    few=900,
    traits=Traits(
        genres=(TRAIT, replace(TRAIT, name="A genre with a very long name indeed", watched=0.2)),
        years=tuple(replace(TRAIT, name=str(n), watched=n / 1e5) for n in range(1961, 2027)),
        types=(replace(TRAIT, name="TV"),),
        studios=(replace(TRAIT, name="Atelier Nine"), replace(TRAIT, name=MARKUP, liked=0.9)),
    ),
    rising=Rising(28, 900, tuple(Rise(AnimeId(n), 60 - n, 2.5) for n in range(3, 9))),
    gems=tuple(Gem(AnimeId(n), 20 + n, 8.9 - n / 10, 0.9) for n in range(1, 15)),
    groups=tuple(
        Group(0.25, (Leaning("Action", 0.5, 0.2), Leaning("Drama", 0.4, 0.3)), IDS[n : n + 3])
        for n in range(0, 12, 3)
    ),
)
FANS = audiences_codec.encode(
    Crowd([0, 1, 2], [0.5, 0.3, 0.2]), {Column(0): Fans(1_234, {2: 0.4, 0: 0.6, 1: 0.1})}, 3
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
                insights=TOLD,
                audiences=FANS,
                genres=("Action", "Comedy", "Drama"),
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
