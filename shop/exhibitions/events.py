"""Facts told by fairs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FairStepped:
    """A fair went from `before` to `after` (values of `FairState`)."""

    exhibition_id: int
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class FairCalledOff:
    """A fair was cancelled."""

    exhibition_id: int


@dataclass(frozen=True, slots=True)
class ApplicationStepped:
    """An application went from `before` to `after` (values of `ApplicationState`)."""

    application_id: int
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class StandGiven:
    """A producer was given a booth."""

    stand_id: int


@dataclass(frozen=True, slots=True)
class StandEnded:
    """A producer no longer stands in a booth."""

    stand_id: int


@dataclass(frozen=True, slots=True)
class BoothOffered:
    """A booth that came free was offered to somebody on the waiting list."""

    offer_id: int


@dataclass(frozen=True, slots=True)
class OfferEnded:
    """An offer was declined, lapsed or was taken back."""

    offer_id: int


@dataclass(frozen=True, slots=True)
class SwapMoved:
    """A wish to change booths was said (`asked`), fulfilled or turned down (values of `SwapState`)."""

    swap_id: int
    state: str
