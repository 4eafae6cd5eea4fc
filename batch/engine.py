"""Running Beam pipelines on a runner chosen by name."""

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NoReturn

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions, _BeamArgumentParser
from apache_beam.runners import PipelineRunner, create_runner
from apache_beam.runners.portability.portable_runner import PortableRunner

from schemas.errors import SettingsError

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Engine:
    """A runner and the options handed through to it, such as `--flink_master=...`."""

    runner: str = "FnApiRunner"  # named: Beam's own default tries to download another one
    options: tuple[str, ...] = ()

    def run(self, build: Callable[[beam.Pipeline], object]) -> None:
        """Build a pipeline, run it and wait for its end.

        Raises:
            SettingsError: there is no such runner, or it has no such option.
        """
        pipeline = self._pipeline()
        build(pipeline)
        pipeline.run().wait_until_finish()

    def _pipeline(self) -> beam.Pipeline:
        try:
            runner = create_runner(self.runner)
        except ValueError as error:
            raise SettingsError(f"cannot use runner {self.runner!r}: {error}") from error
        self._require_known_options(runner)
        try:
            return beam.Pipeline(runner, PipelineOptions(list(self.options)))
        except ValueError as error:
            raise SettingsError(f"cannot use runner {self.runner!r}: {error}") from error

    def _require_known_options(self, runner: PipelineRunner) -> None:
        listed = " ".join(unknown_options(self.options))
        if not listed:
            return
        if not isinstance(runner, PortableRunner):
            raise SettingsError(f"runner {self.runner} has no option {listed}")
        # A job server has options of its own, which only it can tell.
        _log.warning("only the job server of %s may know the option %s", self.runner, listed)


class _Parser(_BeamArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise SettingsError(f"runner options: {message}")


def unknown_options(options: Sequence[str]) -> list[str]:
    """What Beam would drop without a word, since no option that it knows takes it.

    Raises:
        SettingsError: a known option has a value that it cannot have.
    """
    parser = _Parser(allow_abbrev=False, add_help=False)
    kinds = {str(kind): kind for kind in PipelineOptions.__subclasses__()}
    for kind in kinds.values():
        kind._add_argparse_args(parser)  # Beam's own parser is made so, and is out of reach
    return parser.parse_known_args(list(options))[1]


IN_PROCESS: Final = Engine()
"""Beam in this very process."""


def save_json(document: object, path: str) -> None:
    """How a pipeline hands a small result back: a file, whatever machine it ran on.

    So workers on other machines must see the artifacts folder under the same path as we do.
    """
    Path(path).write_text(json.dumps(document), encoding="utf-8")
