"""What a data set, a model and a generation say about themselves."""

from dataclasses import dataclass, field

from schemas.records import Generation


@dataclass(frozen=True, slots=True)
class DatasetManifest:
    """Written last, beside the files it describes: a data set without one is not finished.

    `hash` covers the resolved rows and the catalogue and does not depend on their order;
    `shards` are file names inside the data set; `rejected` maps a reason to its count, with
    "catalogue: " before the reasons of catalogue rows. `watermark` is the last entry of the ratings
    stream that is in it, empty for none. `inputs` is a fingerprint of all that it was made from
    (batch/ingest/inputs.py): what has the same makes the same; empty where that cannot be told.
    """

    hash: str
    layout: str
    users: int
    anime: int
    rows: int
    shards: list[str]
    rejected: dict[str, int] = field(default_factory=dict)
    sources: list[str] = field(default_factory=list)
    watermark: str = ""
    inputs: str = ""
    version: int = 1


@dataclass(frozen=True, slots=True)
class ModelManifest:
    """Written last, beside the arrays it describes.

    `settings` and `code` are fingerprints: a model is reused only while they, and the data
    hash, still match. `blend` maps a leg's name to its weight at each length of history that
    batch.models.blend names; `candidates` and `novelty` are settings of scoring
    (batch/hybrid.py, batch/scoring.py); `strengths` says how much each rating and status counts.
    `validation` has the settings that chose the rows on which `metrics` were measured;
    `experiment` is the tracker's key for the training.
    """

    model: str
    dataset: str
    settings: str
    code: str
    anime: int
    rated: int
    blend: dict[str, list[float]]
    candidates: int
    novelty: float
    strengths: dict[str, float]
    metrics: dict[str, float]
    validation: dict[str, float] = field(default_factory=dict)
    experiment: str | None = None
    version: int = 1


@dataclass(frozen=True, slots=True)
class GenerationManifest:
    """Where the lists of one generation came from, and how many there are.

    `counts` and `bytes` are by key family; `genres` and `types` are those with a popular
    list of their own. For the live path, `strengths` says how much each rating and status counts,
    and `fame` how much the fame of titles does, by the number of titles that are known of somebody
    (schemas.newcomers). `metrics` are the model's and the coverage of these lists; `validation`
    and `experiment` are the model's: of the training, also where this refresh only reloaded it.
    `data_version` names the raw data in the words of DVC or of their announcement
    (batch.data_version). `lists` says how long lists are, for whoever ranks again with the same
    model; `watermark` is the last entry of the ratings stream that the lists know, empty for none.
    """

    generation: Generation
    created: str
    dataset: str
    model: str
    code: str
    trained: bool
    reason: str
    counts: dict[str, int]
    bytes: dict[str, int]
    metrics: dict[str, float]
    strengths: dict[str, float]
    genres: list[str]
    types: list[str]
    seconds: dict[str, float] = field(default_factory=dict)
    validation: dict[str, float] = field(default_factory=dict)
    experiment: str | None = None
    fame: dict[str, float] = field(default_factory=dict)
    lists: dict[str, int] = field(default_factory=dict)
    watermark: str = ""
    data_version: str = ""
    version: int = 1
