"""Running Beam pipelines on a runner chosen by name."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions

from schemas.errors import SettingsError


@dataclass(frozen=True, slots=True)
class Engine:
    """A runner and the options handed through to it, such as `--flink_master=...`."""

    runner: str = "FnApiRunner"  # named: Beam's own default tries to download another one
    options: tuple[str, ...] = ()

    def run(self, build: Callable[[beam.Pipeline], object]) -> None:
        """Build a pipeline, run it and wait for its end.

        Raises:
            SettingsError: there is no such runner.
        """
        pipeline = self._pipeline()
        build(pipeline)
        pipeline.run().wait_until_finish()

    def _pipeline(self) -> beam.Pipeline:
        try:
            return beam.Pipeline(self.runner, PipelineOptions(list(self.options)))
        except ValueError as error:
            raise SettingsError(f"cannot use runner {self.runner!r}: {error}") from error


IN_PROCESS: Final = Engine()
"""Beam in this very process."""


def save_json(document: object, path: str) -> None:
    """How a pipeline hands a small result back: a file, whatever machine it ran on."""
    Path(path).write_text(json.dumps(document), encoding="utf-8")
