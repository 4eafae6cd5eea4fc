import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import documents, pointer
from schemas.errors import PayloadError
from schemas.manifests import DatasetManifest, GenerationManifest, ModelManifest
from schemas.pointer import Pointer, Variant
from schemas.records import Generation

texts = st.text(max_size=10)
counts = st.dictionaries(texts, st.integers(0, 10**12), max_size=3)
figures = st.floats(allow_nan=False, allow_infinity=False)
measures = st.dictionaries(texts, figures, max_size=3)
weights = st.dictionaries(texts, st.lists(figures, max_size=3), max_size=3)
lists = st.lists(texts, max_size=3)
number = st.integers(0, 10**12)

datasets = st.builds(DatasetManifest, texts, texts, number, number, number, lists, counts, lists)
models = st.builds(
    ModelManifest, texts, texts, texts, texts, number, number, weights, number, figures, measures,
    measures,
)  # fmt: skip
generations = st.builds(
    GenerationManifest, texts, texts, texts, texts, texts, st.booleans(), texts, counts, counts,
    measures, measures, lists, lists, measures, st.none() | texts,
)  # fmt: skip
shares = st.floats(0, 1, exclude_min=True)
pointers = st.builds(
    Pointer,
    st.lists(st.builds(Variant, texts, shares), min_size=1, max_size=2).map(tuple),
    st.none() | texts,
)
DATASET = DatasetManifest("h", "kaggle-2020", 1, 2, 3, ["a.parquet"])


@given(datasets | models | generations, st.sampled_from([None, 2]))
def test_loading_undoes_dumping(document, indent):
    text = documents.dump(document, indent=indent)

    assert documents.load(type(document), text) == document


def test_unknown_fields_are_ignored():
    text = json.dumps(json.loads(documents.dump(DATASET)) | {"colour": "red"})

    assert documents.load(DatasetManifest, text) == DATASET


def test_fields_with_a_default_may_be_missing():
    found = json.loads(documents.dump(DATASET))
    del found["rejected"]

    assert documents.load(DatasetManifest, json.dumps(found)) == DATASET


def test_a_missing_field_without_default_is_refused():
    with pytest.raises(PayloadError, match="malformed DatasetManifest"):
        documents.load(DatasetManifest, '{"hash": "h"}')


@pytest.mark.parametrize("text", ["", "[]", "7", "null", '"text"', "{", b"\xff", b"\xff\xfe{}"])
def test_what_is_no_json_object_is_refused(text):
    with pytest.raises(PayloadError, match="DatasetManifest"):
        documents.load(DatasetManifest, text)


def test_a_manifest_never_holds_what_json_cannot():
    with pytest.raises(ValueError, match="not JSON compliant"):
        documents.dump(
            ModelManifest("m", "d", "s", "c", 1, 1, {}, 1, 0.3, {}, {"ndcg": float("nan")})
        )


@given(pointers)
def test_decoding_a_pointer_undoes_encoding(one):
    assert pointer.decode(pointer.encode(one)) == one


def test_a_pointer_is_readable_json():
    text = pointer.encode(Pointer((Variant(Generation("B"), 1.0),), Generation("A")))

    assert json.loads(text) == {"live": [{"generation": "B", "share": 1.0}], "previous": "A"}


@pytest.mark.parametrize(
    "text",
    [
        "", "{}", "[]", '{"live": []}', '{"live": [{}]}', '{"live": 5}', '{"live": [5]}',
        '{"live": [{"generation": "A"}]}', '{"live": [{"generation": "A", "share": "half"}]}',
        '{"live": [{"generation": "A", "share": 1' + "0" * 400 + "}]}",
    ],
)  # fmt: skip
def test_what_is_no_pointer_is_refused(text):
    with pytest.raises(PayloadError):
        pointer.decode(text)


@given(st.binary(max_size=60))
def test_garbage_raises_a_payload_error(garbage):
    with pytest.raises(PayloadError):
        pointer.decode(garbage)
