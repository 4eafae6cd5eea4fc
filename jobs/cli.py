"""The `anirec` command: a lazy group, so that each command imports only what it runs."""

import logging
import os
import signal
import sys
import traceback
from collections.abc import Mapping
from contextlib import suppress
from importlib import import_module, metadata
from typing import Final, NoReturn

import click

from jobs.exit_codes import FAILED, exit_code_of, message_of

_COMMANDS: Final[Mapping[str, str]] = {
    "demo": "sample data, a refresh, three answers as tables, then the API",
    "refresh": "the main job: ingest, train or reload, score, publish",
    "ingest": "only read files into a data set",
    "train": "only train a model on a data set",
    "backfill": "recompute chosen users' lists with the live model",
    "serve": "the API and the dashboard",
    "worker": "follow the ratings stream: lists that change seconds after a rating",
    "listen": "refresh when a data set was announced",
    "doctor": "check settings, store, model, ages",
    "keys": "API keys: create, list, revoke",
    "forget": "erase everything about a user",
    "runs": "what was run, and how it ended",
    "generations": "list what is stored",
    "models": "registered models; put another one in production",
    "monitor": "a day of serving in figures, to Comet or an archive",
    "rollback": "make another stored generation live",
    "variants": "serve two generations by shares",
    "announce": "say that a data set is complete",
    "evaluate": "measure recommendation quality on held-out ratings",
    "sample": "write a made-up data set in the Kaggle layout",
}
"""Each is a module of jobs with a click command of the same name."""


class LazyGroup(click.Group):
    """Imports a command's module when that command is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        command = getattr(import_module(f"jobs.{cmd_name}"), cmd_name)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.group(cls=LazyGroup, context_settings={"max_content_width": 100})
@click.version_option(metadata.version("anirec"), prog_name="anirec")
def anirec() -> None:
    """Anime recommendations: refresh the lists, serve them, look after them.

    \b
    Start here:  anirec demo
    Every night: anirec refresh --data DIR --store redis://HOST:6379
    Options can also be set in the environment, as ANIREC_STORE for --store.
    Exit codes:  0 done, 1 failed, 2 misused, 3 try again later, 4 refused by the data or a gate
    """


def main() -> None:
    """Run the command line and exit with a code of the contract: 0, 1, 2, 3 or 4."""
    signal.signal(signal.SIGTERM, _interrupt)
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _interrupt)
    try:
        anirec.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        _leave(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("stopped", err=True)
        _leave(FAILED)
    except Exception as error:
        code = exit_code_of(error)
        if code is None:
            traceback.print_exc()
            _leave(FAILED)
        click.echo(f"anirec: {message_of(error)}", err=True)
        _leave(code)


def _leave(code: int) -> NoReturn:
    """End now, everything of ours being tidy: work that was cut short may hold more up.

    A TensorFlow iterator whose generator was at work waits for it when Python shuts down, and
    the generator waits for Python: for ever.
    """
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):  # nobody listens any more
            stream.flush()
    os._exit(code)


def _interrupt(number: int, _frame: object) -> NoReturn:
    """Clean up as after Ctrl-C; a second SIGTERM must not cut that short.

    It says something, since Beam makes another kind of error of one that says nothing.
    """
    if number == signal.SIGTERM:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise KeyboardInterrupt("told to stop")


if __name__ == "__main__":
    main()
