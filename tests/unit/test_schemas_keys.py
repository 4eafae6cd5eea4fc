import fnmatch

from hypothesis import given
from hypothesis import strategies as st

from schemas import keys
from schemas.records import MAX_ANIME_ID, MAX_USER_ID, AnimeId, Generation, UserId

generations = st.from_regex(r"[0-9]{8}T[0-9]{6}Z", fullmatch=True).map(Generation)
users = st.integers(0, MAX_USER_ID).map(UserId)
anime = st.integers(1, MAX_ANIME_ID).map(AnimeId)
OF_USER = (keys.user, keys.overlay, keys.history, keys.neighbours)
OF_ANIME = (keys.similar, keys.influence)
BY_ID = dict.fromkeys(OF_USER, users) | dict.fromkeys(OF_ANIME, anime)
BY_NAME = (keys.popular_in_genre, keys.popular_in_type, keys.backfill)
OUTSIDE = (keys.CONTROL, keys.REGISTER, keys.RUNS, keys.RUNS_ALIVE, keys.RUNS_LATEST)
SINGLE = (keys.popular, keys.catalogue, keys.manifest, keys.progress)


@st.composite
def arguments(draw):
    """A key function with what it is called with."""
    function = draw(st.sampled_from([*BY_ID, *BY_NAME, *SINGLE]))
    rest = (draw(BY_ID.get(function, st.text())),) if function not in SINGLE else ()
    return function, draw(generations), *rest


@given(st.lists(arguments(), unique=True, max_size=20))
def test_no_two_things_share_a_key(wanted):
    made = [function(*rest) for function, *rest in wanted]

    assert len({*made, *OUTSIDE}) == len(made) + len(OUTSIDE)


@given(arguments())
def test_a_key_tells_its_generation(wanted):
    function, generation, *rest = wanted

    assert keys.generation_of(function(generation, *rest)) == generation


@given(arguments(), generations)
def test_the_pattern_of_a_generation_matches_its_keys_alone(wanted, other):
    function, generation, *rest = wanted
    key = function(generation, *rest)

    matches = fnmatch.fnmatchcase(key, keys.everything_of(other))
    assert matches == (other == generation)


@given(generations)
def test_the_pattern_of_a_generation_spares_the_records_outside(generation):
    pattern = keys.everything_of(generation)

    assert not fnmatch.filter(OUTSIDE, pattern)


def test_every_generation_matches_the_pattern_of_all():
    key = keys.user(Generation("20261124T020000Z"), UserId(7))

    assert fnmatch.fnmatchcase(key, keys.everything_of(Generation("*")))
    assert not fnmatch.filter(OUTSIDE, keys.everything_of(Generation("*")))


def test_keys_are_spelled_as_the_documentation_says():
    made = Generation("G")

    assert keys.user(made, UserId(7)) == "ahr:v1:G:u:7"
    assert keys.history(made, UserId(7)) == "ahr:v1:G:h:7"
    assert keys.neighbours(made, UserId(7)) == "ahr:v1:G:n:7"
    assert keys.similar(made, AnimeId(5)) == "ahr:v1:G:a:5"
    assert keys.influence(made, AnimeId(5)) == "ahr:v1:G:i:5"
    assert keys.popular_in_genre(made, "Action") == "ahr:v1:G:popular:genre:Action"
    assert keys.popular_in_type(made, "TV") == "ahr:v1:G:popular:type:TV"
    assert keys.popular(made) == "ahr:v1:G:popular"
    assert (keys.CONTROL, keys.REGISTER) == ("ahr:v1:control", "ahr:v1:generations")
