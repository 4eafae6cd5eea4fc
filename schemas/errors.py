"""Every error this project raises on purpose derives from RecommenderError."""


class RecommenderError(Exception):
    """Base class, so that a caller can catch ours without catching everyone's."""


class SettingsError(RecommenderError):
    """A setting or option cannot be used; the message names it, the rule and the value."""


class InvalidParameterError(RecommenderError):
    """A caller sent a value we refuse; the message names the parameter and the rule."""


class PayloadError(RecommenderError):
    """Bytes in Redis, or a manifest, that this version cannot read."""


class NothingPublishedError(RecommenderError):
    """No generation is live: no refresh has ever finished, or the store was emptied."""


class DataRefusedError(RecommenderError):
    """The input cannot be used as it is; trying again is useless."""


class GateRefusedError(RecommenderError):
    """A finished candidate is not good enough to go live; the live generation stays."""


class TryAgainError(RecommenderError):
    """A passing fault: the same call may succeed later."""


class FlippedMeanwhileError(TryAgainError):
    """What is live is no longer what somebody saw when they asked for a change."""


class LeaseHeldError(TryAgainError):
    """Somebody else is refreshing; the message names the holder."""


class StorageAwayError(TryAgainError):
    """Cloud Storage did not answer, or not as it should."""


class ConflictError(TryAgainError):
    """An object was written or removed by somebody else while we worked with it."""


class DeadlineError(TryAgainError):
    """The time is up: nothing was published, and what is finished is found by another try."""


class LeaseLostError(RecommenderError):
    """The lease ran out while we worked: nothing was flipped."""


class VerificationError(RecommenderError):
    """What was read back is not what was written."""
