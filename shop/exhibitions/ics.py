"""iCalendar (RFC 5545): events of whole days as text that calendars subscribe to. Pure: knows no database."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime

LINE_OCTETS = 75


@dataclass(frozen=True, slots=True)
class Event:
    """One event from `first` until before `end` (None: that day alone). `uid` never changes; `changed_at` is aware."""

    uid: str
    summary: str
    first: date
    end: date | None
    changed_at: datetime
    place: str = ""
    text: str = ""
    url: str = ""
    cancelled: bool = False


def escape(text: str) -> str:
    """A TEXT value (RFC 5545, 3.3.11)."""
    for sign, written in (("\\", "\\\\"), (";", "\\;"), (",", "\\,")):
        text = text.replace(sign, written)
    return "\\n".join(text.splitlines())


def fold(line: str) -> str:
    """The content line in pieces of at most 75 octets (3.1), no letter cut in two."""
    pieces: list[bytes] = []
    piece = b""
    for letter in line:
        octets = letter.encode()
        # A further piece begins with a blank, which counts.
        if len(piece) + len(octets) > LINE_OCTETS - (1 if pieces else 0):
            pieces.append(piece)
            piece = b""
        piece += octets
    pieces.append(piece)
    return b"\r\n ".join(pieces).decode()


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def _event(event: Event) -> list[str]:
    lines = [
        "BEGIN:VEVENT",
        f"UID:{escape(event.uid)}",
        f"DTSTAMP:{_instant(event.changed_at)}",
        f"LAST-MODIFIED:{_instant(event.changed_at)}",
        # Grows with each change (3.8.7.4), so that a calendar takes a fair that was called off for the newer word.
        f"SEQUENCE:{int(event.changed_at.timestamp()) // 60}",
        f"DTSTART;VALUE=DATE:{event.first:%Y%m%d}",
    ]
    if event.end is not None:
        lines.append(f"DTEND;VALUE=DATE:{event.end:%Y%m%d}")
    lines.append(f"SUMMARY:{escape(event.summary)}")
    if event.place:
        lines.append(f"LOCATION:{escape(event.place)}")
    if event.text:
        lines.append(f"DESCRIPTION:{escape(event.text)}")
    if event.url:
        lines.append(f"URL:{event.url}")
    lines += [f"STATUS:{'CANCELLED' if event.cancelled else 'CONFIRMED'}", "TRANSP:TRANSPARENT", "END:VEVENT"]
    return lines


def calendar(name: str, events: Iterable[Event]) -> str:
    """The calendar called `name` with its events, lines ended by CR LF."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Cho Ben//Hoi cho//VI",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        f"NAME:{escape(name)}",
        f"X-WR-CALNAME:{escape(name)}",
        "REFRESH-INTERVAL;VALUE=DURATION:P1D",
    ]
    for event in events:
        lines += _event(event)
    lines.append("END:VCALENDAR")
    return "".join(fold(line) + "\r\n" for line in lines)
