"""VietQR: the text of a transfer's QR code (EMVCo merchant-presented tags), its check sum, its picture, and back again.

The layout is NAPAS's "QR Format T&C" v1.0 (September 2021): tag 38 names the account within the network A000000727.
"""

from __future__ import annotations

import binascii
import io
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

import segno

from shop.kernel import banks, clock, text
from shop.kernel.money import LARGEST_AMOUNT

NETWORK = "A000000727"
TO_ACCOUNT, TO_CARD = "QRIBFTTA", "QRIBFTTC"
DONG = "704"  # ISO 4217
COUNTRY = "VN"


class BadPayload(ValueError):
    """The text is no VietQR."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """What a VietQR asks for. `amount` is whole đồng or None (the payer types it); texts are ASCII."""

    bank_bin: str
    account: str
    amount: int | None = None
    purpose: str = ""
    bill: str = ""
    to_card: bool = False


def crc(data: str) -> str:
    """CRC-16/CCITT-FALSE (polynomial 1021, start FFFF, nothing reflected) of ASCII `data`: four upper-case hex digits."""
    return f"{binascii.crc_hqx(data.encode('ascii'), 0xFFFF):04X}"


def _tag(number: str, value: str) -> str:
    if len(value) > 99:
        raise BadPayload(f"tag {number} is longer than 99 characters")
    return f"{number}{len(value):02d}{value}"


def plain(words: str, limit: int = 99) -> str:
    """`words` as a memo can carry them: without marks, ASCII, single blanks, at most `limit` characters."""
    bare = text.fold(words) if not words.isascii() else " ".join(words.split())
    return "".join(c for c in bare if " " <= c <= "~")[:limit].strip()


def payload(transfer: Transfer) -> str:
    """The text of the QR code.

    Raises:
        BadPayload: the bank's number is not six digits, the account or the amount cannot be carried, or a text is not ASCII.
    """
    t = transfer
    if not (len(t.bank_bin) == 6 and t.bank_bin.isascii() and t.bank_bin.isdigit()):
        raise BadPayload("the bank's number has six digits")
    if not (1 <= len(t.account) <= 19 and t.account.isascii() and t.account.isalnum()):
        raise BadPayload("an account has 1 to 19 letters and digits")
    if t.amount is not None and not 0 < t.amount <= LARGEST_AMOUNT:
        raise BadPayload("the amount is out of range")
    if not all(c.isascii() and c.isprintable() for c in t.purpose + t.bill):
        raise BadPayload("texts are plain ASCII")
    account = _tag("00", t.bank_bin) + _tag("01", t.account)
    merchant = _tag("00", NETWORK) + _tag("01", account) + _tag("02", TO_CARD if t.to_card else TO_ACCOUNT)
    extra = (_tag("01", t.bill) if t.bill else "") + (_tag("08", t.purpose) if t.purpose else "")
    body = "".join(
        (
            _tag("00", "01"),
            _tag("01", "11" if t.amount is None else "12"),
            _tag("38", merchant),
            _tag("53", DONG),
            _tag("54", str(t.amount)) if t.amount is not None else "",
            _tag("58", COUNTRY),
            _tag("62", extra) if extra else "",
            "6304",
        )
    )
    return body + crc(body)


def _fields(data: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    at = 0
    while at < len(data):
        number, length = data[at : at + 2], data[at + 2 : at + 4]
        if not (len(number) == len(length) == 2 and number.isdigit() and length.isdigit()):
            raise BadPayload(f"no tag at {at}")
        value = data[at + 4 : at + 4 + int(length)]
        if len(value) != int(length):
            raise BadPayload(f"tag {number} is cut")
        if number in fields:
            raise BadPayload(f"tag {number} stands twice")
        fields[number] = value
        at += 4 + int(length)
    return fields


def parse(data: str) -> Transfer:
    """Read the text of a VietQR.

    Raises:
        BadPayload: it is not ASCII, its check sum is wrong, a tag is cut or missing, or it asks for something but đồng.
    """
    if not data.isascii() or len(data) < 12 or data[-8:-4] != "6304" or crc(data[:-4]) != data[-4:]:
        raise BadPayload("the check sum is wrong")
    fields = _fields(data)
    if fields.get("00") != "01" or fields.get("53") != DONG or fields.get("58") != COUNTRY:
        raise BadPayload("not a VietQR in đồng")
    merchant = _fields(fields.get("38", ""))
    service = merchant.get("02", TO_ACCOUNT)
    if merchant.get("00") != NETWORK or service not in {TO_ACCOUNT, TO_CARD}:
        raise BadPayload("not of the network")
    account = _fields(merchant.get("01", ""))
    extra = _fields(fields.get("62", ""))
    amount = fields.get("54")
    if amount is not None and not (amount.isdigit() and 0 < int(amount) <= LARGEST_AMOUNT):
        raise BadPayload("the amount is no whole number of đồng")
    if not account.get("00") or not account.get("01"):
        raise BadPayload("no account")
    return Transfer(
        account["00"],
        account["01"],
        None if amount is None else int(amount),
        extra.get("08", ""),
        extra.get("01", ""),
        service == TO_CARD,
    )


def _code(data: str) -> segno.QRCode:
    # Level M is what the phones of market stalls read; the quiet zone is four modules as the standard wants.
    return segno.make_qr(data, error="m", boost_error=False)


@lru_cache(maxsize=256)
def png(data: str) -> bytes:
    """`data` as a QR code, black on white PNG, eight pixels a module (about 400 px)."""
    out = io.BytesIO()
    _code(data).save(out, kind="png", scale=8, border=4)
    return out.getvalue()


def svg(data: str) -> str:
    """`data` as a QR code: an `<svg>` element without style, for a page that draws it itself."""
    return str(
        _code(data).svg_inline(
            scale=1, border=4, omitsize=True, dark="#000", light="#fff", svgclass=None, lineclass=None
        )
    )


def bank_name(bank_bin: str, day: date | None = None) -> str:
    """The short name of a bank on `day` (today if not given); its number if we know no name."""
    return _bank_name(bank_bin, day or clock.today())


@lru_cache(maxsize=64)
def _bank_name(bank_bin: str, day: date) -> str:
    return banks.name(bank_bin, day)
