"""Logging for commands: single lines on stderr, ours in full, libraries only when it matters."""

import logging
import os
from typing import Final

_NOISY: Final = ("tensorflow", "absl", "h5py")


def set_up() -> None:
    """Call once, before libraries are imported that log while they load."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s", force=True)
    for name in ("batch", "jobs"):
        logging.getLogger(name).setLevel(logging.INFO)
    for name in _NOISY:
        logging.getLogger(name).setLevel(logging.ERROR)
    # Beam logs a traceback for each try of a step that fails, and then raises the same error.
    logging.getLogger("apache_beam").setLevel(logging.CRITICAL)
    logging.getLogger().addFilter(_not_about_apitools)
    for handler in logging.getLogger().handlers:
        handler.addFilter(_not_about_apitools)


def _not_about_apitools(record: logging.LogRecord) -> bool:
    """Beam warns about a client for Google services that it would only need for them."""
    return "apitools not found" not in record.getMessage()
