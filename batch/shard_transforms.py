"""How a pipeline gets at the users of a data set: by name, one shard at a time."""

from pathlib import Path

import apache_beam as beam

from batch.dataset import Dataset, open_dataset


class EachShard(beam.PTransform):
    """Nothing -> names of shards, spread over the workers.

    Workers read the names from the manifest: a graph that listed them would grow with the users.
    """

    def __init__(self, dataset: Dataset) -> None:
        super().__init__()
        self._folder = dataset.folder

    def expand(self, pipeline: beam.Pipeline) -> beam.PCollection:
        return (
            pipeline
            | "Data set" >> beam.Create([str(self._folder)])
            | "Names" >> beam.FlatMap(_names)
            | "Spread" >> beam.Reshuffle()
        )


def _names(folder: str) -> list[str]:
    return open_dataset(Path(folder)).manifest.shards
