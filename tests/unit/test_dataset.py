import pickle

import pyarrow as pa
import pyarrow.parquet as pq

from batch.dataset import CATALOGUE, Dataset
from schemas.manifests import DatasetManifest


def test_a_data_set_travels_by_name_even_after_it_was_read(tmp_path):
    pq.write_table(
        pa.table({"anime_id": pa.array(range(1, 5000), pa.int32())}), tmp_path / CATALOGUE
    )
    dataset = Dataset(tmp_path, DatasetManifest("hash", "layout", 1, 4999, 1, ["shard"]))
    before = len(pickle.dumps(dataset))

    assert dataset.anime_ids[-1] == 4999
    assert len(pickle.dumps(dataset)) == before
    assert pickle.loads(pickle.dumps(dataset)) == dataset
