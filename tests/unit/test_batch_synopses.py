import numpy as np
import pytest

from batch.synopses import text_vectors

SPORT = "A team trains for the final match of the tournament"
SPACE = "A pilot leaves the colony and steers a robot through orbit"
TEXTS = [
    *(f"{SPORT}, coach {name}." for name in ("Aoki", "Baba", "Chiba", "Doi", "Endo")),
    *(f"{SPACE}, captain {name}!" for name in ("Fuji", "Goto", "Hara", "Ito", "Jinbo")),
    "",
] * 6
"""Each kind of text thirty times, and six empty ones."""
MANY = [*TEXTS, *[f"unique{number}" for number in range(700)]]
"""Enough titles that no word is in a tenth of them."""


def cosine(one, other):
    return one @ other / np.sqrt((one @ one) * (other @ other))


@pytest.fixture(scope="module")
def vectors():
    return text_vectors(MANY, 2)


def test_texts_about_the_same_are_near_and_others_are_not(vectors):
    assert cosine(vectors[0], vectors[3]) > 0.9
    assert cosine(vectors[5], vectors[8]) > 0.9
    assert abs(cosine(vectors[0], vectors[5])) < 0.2


def test_a_title_without_synopsis_stands_nowhere(vectors):
    assert vectors.shape == (len(MANY), 2)
    assert not vectors[10].any()


def test_nobody_is_further_out_than_one(vectors):
    assert np.linalg.norm(vectors, axis=1).max() <= 1.01


def test_the_same_texts_give_the_same_bytes(vectors):
    assert text_vectors(MANY, 2).tobytes() == vectors.tobytes()


def test_words_that_everybody_uses_say_nothing():
    assert text_vectors([f"{SPORT} {number}" for number in range(100)], 4).shape == (100, 0)


@pytest.mark.parametrize("texts", [[], [""], ["", "alone"], ["same words"] * 3])
def test_too_few_texts_have_fewer_factors_or_none(texts):
    found = text_vectors(texts, 32)

    assert len(found) == len(texts)
    assert found.shape[1] < max(len(texts), 1)


def test_no_factors_are_no_factors():
    assert text_vectors(MANY, 0).shape == (len(MANY), 0)
