"""Every exception that the library raises on purpose.

DigestError
├── SettingsError          a setting is wrong or missing
├── WarehouseError
│   ├── WarehouseLocked    another process holds the database
│   ├── WarehouseTooNew    the database was written by a later release
│   └── WarehouseConflict  two processes changed the same rows of a DuckLake
├── FetchError             an address could not be read (refused, too large, timed out, HTTP error)
│   └── AddressRefused     the address is private, or its scheme is not http(s)
├── FeedError              a document was read and is no feed, or a subscription list is none
├── TranscriptError        a transcript is empty or not what its type says
├── AudioError             audio is missing, damaged, truncated or too long
│   └── NoSpeech           nobody speaks in it
├── ModelError             a model cannot be found or loaded
├── ComputeError           the cluster that shall compute cannot be used
│   └── WorkerLost         one of its workers is gone
├── BudgetExceeded         an LLM call would cost more than the budget allows
├── BackupError            a backup is damaged, or none
├── SearchError            a search cannot be answered
├── HeldBack               a digest breaks a rule of the house and is not published
├── SubscribersDamaged     the file of subscribers cannot be read
└── SubscriberError        an address, a subscription or a signed link cannot be used
"""


class DigestError(Exception):
    """A failure that the software foresees. ``remedy`` says what to do about it, in one sentence."""

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.said} ({self.remedy})" if self.remedy else self.said

    @property
    def said(self) -> str:
        """What went wrong, without the remedy."""
        return super().__str__()


class SettingsError(DigestError):
    """A setting is wrong or missing."""


class WarehouseError(DigestError):
    """The database cannot be used."""


class WarehouseLocked(WarehouseError):
    """Another process holds the database open for writing."""


class WarehouseTooNew(WarehouseError):
    """The database carries migrations that this release does not know."""


class WarehouseConflict(WarehouseError):
    """Another process changed the same rows of a DuckLake first; nothing of the write was kept."""


class FetchError(DigestError):
    """An address could not be read.

    ``status`` is the HTTP status, ``None`` where there was no answer; ``retry_after_seconds`` is how long the host
    asked to be left alone.
    """

    def __init__(
        self,
        message: str,
        *,
        remedy: str = "",
        status: int | None = None,
        retry_after_seconds: float | None = None,
    ) -> None:
        super().__init__(message, remedy=remedy)
        self.status = status
        self.retry_after_seconds = retry_after_seconds


class AddressRefused(FetchError):
    """The address is not one that the pipeline may talk to."""


class FeedError(DigestError):
    """A document is not a feed, or not a subscription list."""


class TranscriptError(DigestError):
    """A transcript is empty, or not what its type says."""


class AudioError(DigestError):
    """Audio is missing, damaged, truncated or too long."""


class NoSpeech(AudioError):
    """Nobody speaks in the audio: music, noise or silence."""


class ModelError(DigestError):
    """A model cannot be found or loaded."""


class ComputeError(DigestError):
    """The cluster that shall compute cannot be used."""


class WorkerLost(ComputeError):
    """A worker was lost with its machine or process; another one can do the task."""


class BudgetExceeded(DigestError):
    """An LLM call would cost more than the budget allows, or its price is unknown."""


class BackupError(DigestError):
    """A folder is no backup, or what was written cannot be read back."""


class SearchError(DigestError):
    """A search cannot be answered: nothing is asked, a filter fits nothing, or the index cannot be read."""


class HeldBack(DigestError):
    """A digest breaks a rule of the house and is not published."""


class SubscribersDamaged(DigestError):
    """The file of subscribers and deliveries cannot be read."""


class SubscriberError(DigestError):
    """An address, a subscription or a signed link cannot be used. The message carries no address."""
