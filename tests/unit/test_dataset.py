import pickle

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given
from hypothesis import strategies as st

from batch.dataset import CATALOGUE, MANIFEST, Dataset, joined
from schemas import documents
from schemas.manifests import DatasetManifest
from tests.datasets import histories, told


def test_a_data_set_travels_by_name_even_after_it_was_read(tmp_path):
    pq.write_table(
        pa.table({"anime_id": pa.array(range(1, 5000), pa.int32())}), tmp_path / CATALOGUE
    )
    shards = [f"shard-{number}" for number in range(5000)]
    manifest = DatasetManifest("hash", "layout", 1, 4999, 1, shards)
    (tmp_path / MANIFEST).write_text(documents.dump(manifest))
    dataset = Dataset(tmp_path, manifest)

    assert dataset.anime_ids[-1] == 4999
    assert len(pickle.dumps(dataset)) < 1000
    assert pickle.loads(pickle.dumps(dataset)) == dataset


users = st.dictionaries(
    st.integers(1, 99),
    st.lists(st.integers(0, 50), max_size=6, unique=True).map(
        lambda columns: [(one, one % 11, one % 3) for one in sorted(columns)]
    ),
    max_size=6,
)


@given(users, st.data())
def test_some_users_are_chosen_with_all_they_have(everybody, data):
    chosen = [data.draw(st.booleans()) for _ in everybody]

    found = histories(everybody).only(np.array(chosen, bool))

    everyone = told(histories(everybody))
    assert told(found) == [one for one, kept in zip(everyone, chosen, strict=True) if kept]


@given(st.lists(users, min_size=1, max_size=3))
def test_joined_parts_follow_each_other_user_by_user(parts):
    found = joined([histories(part) for part in parts])

    assert told(found) == [one for part in parts for one in told(histories(part))]


@given(users, st.integers(1, 4))
def test_blocks_joined_again_are_what_was_cut(everybody, size):
    some = histories(everybody)

    assert told(joined([some.block(0, 0), *some.blocks(size)])) == told(some)


@given(users, st.data())
def test_without_some_interactions_users_and_the_other_ones_stay_together(everybody, data):
    some = histories(everybody)
    keep = np.array([data.draw(st.booleans()) for _ in some.columns], bool)

    found = some.where(keep)

    flat = iter(keep.tolist())
    wanted = [(user, [row for row in rows if next(flat)]) for user, rows in told(some)]
    assert told(found) == wanted
