"""Facts told by producers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ProducerChanged:
    """Name, place, story or state of a producer has changed; its goods may have to be shown anew."""

    producer_id: int


@dataclass(frozen=True, slots=True)
class StorySaid:
    """A member writes these (field, text) of a producer (None: of one that is not on record yet) for everybody to read. Rooms
    above that know what may be claimed refuse by raising `Invalid` at the field."""

    producer_id: int | None
    texts: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class ApplicationMoved:
    """An application came to another state by the step `step_id`."""

    application_id: int
    step_id: int


@dataclass(frozen=True, slots=True)
class PaperMoved:
    """A paper was accepted, refused or revoked by the step `step_id`."""

    paper_id: int
    step_id: int


@dataclass(frozen=True, slots=True)
class ChangeMoved:
    """A change was asked for, checked, decided or withdrawn by the step `step_id`."""

    change_id: int
    step_id: int


@dataclass(frozen=True, slots=True)
class MemberInvited:
    """Somebody was invited to become a member of a producer."""

    invitation_id: int


@dataclass(frozen=True, slots=True)
class MemberJoined:
    """Somebody took an invitation."""

    invitation_id: int
