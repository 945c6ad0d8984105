"""Sets of products as the bits of one whole number: bit 17 is the product with id 17.

Meeting and joining such sets costs microseconds at a hundred thousand products, and the size of one is exact. Words are
stored in pieces of `CHUNK` products (`SearchBits`), so that a change of one product rewrites a kilobyte, not the set.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence

CHUNK = 8192
_BYTES = CHUNK // 8
# A piece with few members is kept as their offsets, two bytes each, after a mark; a full one as its 1,024 bytes.
_FEW = 64


def of(ids: Sequence[int]) -> int:
    """The set of `ids` (each ≥ 0)."""
    if not ids:
        return 0
    raw = bytearray((max(ids) >> 3) + 1)
    for i in ids:
        raw[i >> 3] |= 1 << (i & 7)
    return int.from_bytes(raw, "little")


def members(bits: int) -> Iterator[int]:
    """The ids in the set, smallest first."""
    raw = bits.to_bytes((bits.bit_length() + 7) >> 3, "little")
    for at in range(0, len(raw), 8):
        word = int.from_bytes(raw[at : at + 8], "little")
        base = at << 3
        while word:
            low = word & -word
            yield base + low.bit_length() - 1
            word ^= low


def newest(bits: int, skip: int, count: int) -> list[int]:
    """At most `count` ids of the set, largest first, after the first `skip`."""
    raw = bits.to_bytes((bits.bit_length() + 7) >> 3, "little")
    found: list[int] = []
    end = len(raw)
    while end > 0 and len(found) < count:
        start = max(0, end - 128)
        piece = int.from_bytes(raw[start:end], "little")
        size = piece.bit_count()
        if size <= skip:
            skip -= size
        else:
            base = start << 3
            while piece and len(found) < count:
                high = piece.bit_length() - 1
                piece ^= 1 << high
                if skip:
                    skip -= 1
                else:
                    found.append(base + high)
        end = start
    return found


def pack(piece: int) -> bytes:
    """A piece (bits 0…8191) as it is stored."""
    if piece.bit_count() > _FEW:
        return piece.to_bytes(_BYTES, "little")
    return pack_offsets(list(members(piece)))


def pack_offsets(offsets: list[int]) -> bytes:
    """A piece, given as its different offsets, as it is stored."""
    if len(offsets) > _FEW:
        return of(offsets).to_bytes(_BYTES, "little")
    return struct.pack(f"<{len(offsets)}H", *offsets)


def unpack(stored: bytes) -> int:
    """The piece that `pack` stored."""
    if len(stored) == _BYTES:
        return int.from_bytes(stored, "little")
    return of(struct.unpack(f"<{len(stored) // 2}H", stored))


def join(pieces: Iterable[tuple[int, bytes]]) -> int:
    """The whole set of stored pieces, given as (number of the piece, bytes)."""
    by_number = dict(pieces)
    if not by_number:
        return 0
    raw = bytearray((max(by_number) + 1) * _BYTES)
    for number, stored in by_number.items():
        start = number * _BYTES
        if len(stored) == _BYTES:
            raw[start : start + _BYTES] = stored
        else:
            for offset in struct.unpack(f"<{len(stored) // 2}H", stored):
                raw[start + (offset >> 3)] |= 1 << (offset & 7)
    return int.from_bytes(raw, "little")
