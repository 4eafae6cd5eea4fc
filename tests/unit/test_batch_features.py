import numpy as np
import pyarrow as pa
import pytest

from batch.features import features_of, unit_columns


def table(**columns):
    return pa.table({"title": ["Solo"] * len(next(iter(columns.values()))), **columns})


def names(**columns):
    return [name for name in features_of(table(**columns)).names if name != ("title", "solo")]


def test_a_feature_needs_two_titles():
    assert names(genres=[["Action", "Drama"], ["Action"], []]) == [("genres", "Action")]


def test_the_same_word_in_two_families_is_two_features():
    found = names(genres=[["Action"], ["Action"]], tags=[["Action"], ["Action"]])

    assert found == [("genres", "Action"), ("tags", "Action")]


def test_unknown_facts_are_no_features():
    assert names(type=["", ""], year=[None, None]) == []


def test_facts_with_one_value_count_too():
    assert names(type=["TV", "TV"], year=[1998, 1998]) == [("type", "TV"), ("year", "1998")]


def test_title_words_are_found_in_any_case_and_in_either_title():
    found = features_of(
        pa.table({"title": ["NARUTO: Shippuden", "Boruto"], "title_english": ["", "Naruto next"]})
    )

    assert found.names == [("title", "naruto")]
    assert found.matrix.toarray().tolist() == [[1.0, 1.0]]


def test_a_word_twice_in_a_title_counts_once():
    found = features_of(pa.table({"title": ["Hunter x Hunter", "Hunter"]}))

    assert found.matrix.toarray().tolist() == [[1.0, 1.0]]


def test_rows_stand_in_the_order_of_their_names():
    found = features_of(table(genres=[["B"], ["A", "B"], ["A"]]))

    assert found.names == [("genres", "A"), ("genres", "B"), ("title", "solo")]
    assert found.matrix.toarray().tolist() == [[0, 1, 1], [1, 1, 0], [1, 1, 1]]


def test_a_catalogue_that_shares_nothing_has_no_features():
    found = features_of(pa.table({"title": ["One", "Two"]}))

    assert found.matrix.shape == (0, 2)


def test_a_common_feature_counts_less_by_its_number_of_titles():
    found = features_of(table(genres=[["A", "B"], ["A", "B"], ["B"], ["B"]]))

    squares = (found.weighted(0.5).toarray() ** 2)[:2]

    assert squares.max(axis=1) == pytest.approx([2**-0.5, 4**-0.5])


def test_without_rarity_all_features_count_the_same():
    found = features_of(table(genres=[["A", "B"], ["A", "B"], ["B"]]))

    assert (found.weighted(0.0) != found.matrix).nnz == 0


def test_unit_columns_have_length_one_or_nothing():
    found = features_of(table(genres=[["A"], ["A"], []])).matrix[:1]

    assert np.linalg.norm(unit_columns(found).toarray(), axis=0).tolist() == [1.0, 1.0, 0.0]
