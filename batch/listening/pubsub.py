"""Cloud Storage's notifications, from a Pub/Sub subscription: only announcements of data sets."""

import logging
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from google.api_core import exceptions as failures
from google.auth import exceptions as credentials
from google.cloud import pubsub_v1

from batch.listening.events import Event
from batch.storage.inventory import ANNOUNCEMENT
from schemas.errors import SettingsError, TryAgainError

log = logging.getLogger(__name__)

KEEP_SECONDS: Final = 60
"""How long an event stays ours at a time; asked for again after a third of it."""
_CALL_SECONDS: Final = 30.0
_LONGEST: Final = 600
_NAME: Final = "projects/[^/]+/{}/[^/]+"
_MISUSED: Final = (
    failures.NotFound, failures.PermissionDenied, failures.Unauthenticated,
    failures.InvalidArgument, credentials.DefaultCredentialsError,
)  # fmt: skip


class Subscription:
    """Follows one subscription; what is given up goes to a topic of dead letters, if any."""

    def __init__(
        self, name: str, dead_letters: str = "", below: str = "", keep_seconds: int = KEEP_SECONDS
    ) -> None:
        """Only announcements at or below the address `below` count, all if it is empty."""
        _require_name(name, "subscriptions", "--subscription")
        if dead_letters:
            _require_name(dead_letters, "topics", "--dead-letter-topic")
        self.gives_up = bool(dead_letters)
        self._name, self._dead_letters, self._below = name, dead_letters, below.rstrip("/")
        self._keep_seconds = keep_seconds
        self._messages: dict[str, pubsub_v1.types.PubsubMessage] = {}
        with _translated(name):
            self._subscriber = pubsub_v1.SubscriberClient()
            self._publisher = pubsub_v1.PublisherClient() if dead_letters else None

    def pull(self, seconds: float) -> Event | None:
        while (received := self._pulled(seconds)) is not None:
            event = self._event(received.ack_id, received.message.attributes)
            if event is not None:
                self._messages[event.handle] = received.message
                return event
            self._acknowledge(received.ack_id)
        return None

    @contextmanager
    def keep(self, event: Event) -> Iterator[None]:
        """Extend the deadline from a thread, so that it does not matter how long the block runs."""
        over = threading.Event()
        keeper = threading.Thread(target=self._extend, args=(event, over), daemon=True)
        keeper.start()
        try:
            yield
        finally:
            over.set()
            keeper.join()

    def done(self, event: Event) -> None:
        self._messages.pop(event.handle, None)
        self._acknowledge(event.handle)

    def give_back(self, event: Event, seconds: float) -> None:
        """A deadline in the future is a back-off that needs no policy of the subscription."""
        self._messages.pop(event.handle, None)
        self._deadline(event, min(round(seconds), _LONGEST))

    def give_up(self, event: Event, reason: str) -> None:
        message = self._messages.get(event.handle)
        if self._publisher and message:
            said = dict(message.attributes) | {"reason": reason[:1000], "subscription": self._name}
            with _translated(self._dead_letters):
                self._publisher.publish(self._dead_letters, message.data, **said).result(
                    _CALL_SECONDS
                )
        self.done(event)

    def _pulled(self, seconds: float) -> pubsub_v1.types.ReceivedMessage | None:
        with _translated(self._name):
            try:
                answer = self._subscriber.pull(
                    subscription=self._name, max_messages=1, timeout=seconds, retry=None
                )
            except failures.DeadlineExceeded:
                return None
        return next(iter(answer.received_messages), None)

    def _event(self, handle: str, said: Mapping[str, str]) -> Event | None:
        """None for what announces no data set of ours."""
        folder, _, name = f"{said.get('bucketId')}/{said.get('objectId', '')}".rpartition("/")
        if said.get("eventType") != "OBJECT_FINALIZE" or name != ANNOUNCEMENT:
            return None
        address = f"gs://{folder}"
        if not f"{address}/".startswith(f"{self._below}/" if self._below else ""):
            log.info("%s is not below %s", address, self._below)
            return None
        return Event(address, said.get("objectGeneration", ""), handle)

    def _extend(self, event: Event, over: threading.Event) -> None:
        while True:
            try:
                self._deadline(event, self._keep_seconds)
            except TryAgainError as error:
                log.warning("could not keep %s for longer: %s", event.identity, error)
            if over.wait(self._keep_seconds / 3):
                return

    def _deadline(self, event: Event, seconds: int) -> None:
        with _translated(self._name):
            self._subscriber.modify_ack_deadline(
                subscription=self._name, ack_ids=[event.handle], ack_deadline_seconds=seconds,
                timeout=_CALL_SECONDS,
            )  # fmt: skip

    def _acknowledge(self, handle: str) -> None:
        with _translated(self._name):
            self._subscriber.acknowledge(
                subscription=self._name, ack_ids=[handle], timeout=_CALL_SECONDS
            )


def _require_name(name: str, kind: str, option: str) -> None:
    if not re.fullmatch(_NAME.format(kind), name):
        raise SettingsError(f"{option} is written projects/PROJECT/{kind}/NAME, got {name!r}")


@contextmanager
def _translated(name: str) -> Iterator[None]:
    """The client's errors as ours."""
    try:
        yield
    except _MISUSED as error:
        raise SettingsError(f"{name} cannot be used: {error}") from error
    except (failures.GoogleAPIError, credentials.GoogleAuthError, TimeoutError) as error:
        raise TryAgainError(f"{name} is out of reach: {error}") from error
