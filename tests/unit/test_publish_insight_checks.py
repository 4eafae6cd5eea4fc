import pytest

from batch.publish.insight_checks import wrong_audiences, wrong_insights
from schemas import audiences_codec, insights_codec
from schemas.audiences_codec import Crowd, Fans
from schemas.insights import Gem, Group, Rise, Rising
from tests.builders import anime, insights

TITLES = [anime(10), anime(20, adult=True)]


def stored(**parts):
    return insights_codec.encode(insights(**parts))


def titled(title):
    return [
        {"gems": (Gem(title, 20, 9.0, 0.9),)},
        {"rising": Rising(28, 50, (Rise(title, 50, 1.0),))},
        {"groups": (Group(0.5, (), (title,)),)},
    ]


def audiences(*columns):
    return audiences_codec.encode(
        Crowd([0], [0.5]), {one: Fans(50, {0: 0.5}) for one in columns}, 2
    )


@pytest.mark.parametrize("parts", [{}, *titled(10)])
def test_what_tells_of_titles_of_the_catalogue_is_right(parts):
    assert wrong_insights(stored(**parts), TITLES) == ""


@pytest.mark.parametrize("parts", [*titled(20), *titled(30)])
def test_what_tells_of_adult_titles_or_of_none_is_wrong(parts):
    assert "may not be named" in wrong_insights(stored(**parts), TITLES)


def test_audiences_of_titles_of_the_catalogue_are_right():
    assert wrong_audiences(audiences(0, 1), TITLES) == wrong_audiences(audiences(), TITLES) == ""


def test_audiences_that_cannot_be_searched_or_are_of_no_title_are_wrong():
    both = bytearray(audiences(0, 1))
    at = audiences_codec.layout(bytes(both)).columns
    both[at : at + 4] = bytes([1, 0, 0, 0])

    assert "not in order" in wrong_audiences(bytes(both), TITLES)
    assert "does not have" in wrong_audiences(audiences(2), TITLES)


def test_what_is_missing_or_damaged_is_wrong():
    assert wrong_insights(b"", TITLES)
    assert wrong_audiences(b"", TITLES)
    assert wrong_audiences(audiences(0)[:-1], TITLES)
