"""Commands on producers: register, correct, suspend; and the loading of the registry."""

from __future__ import annotations

import csv
import re
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import insert, select

from shop.kernel import audit, clock, events, facts, forms, text
from shop.kernel.actor import SYSTEM, Actor
from shop.kernel.db import locked, session, transaction, unique
from shop.kernel.errors import N_, Busy, Conflict, Invalid, ShopError
from shop.places.models import HOME_PROVINCE
from shop.producers.errors import NoSuchProducer, TaxCodeTaken
from shop.producers.events import ProducerChanged
from shop.producers.models import BankAccount, LegalForm, Producer, ProducerState

REGISTRY = Path(__file__).parent.parent / "data" / "producers.csv"
_TAX_CODE = re.compile(r"^\d{10}(-\d{3})?$|^\d{12}$", re.ASCII)
_MAIL = re.compile(r"^[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s,;<>]{2,}$")


def _name(value: Any, field: str) -> str:
    found = facts.line(value, field)
    if found is None:
        raise Invalid(N_("Hãy ghi tên."), field=field)
    return found


def _tax_code(value: Any, field: str) -> str | None:
    found = re.sub(r"[\s.]", "", str(value or "")) or None
    if found is not None and not _TAX_CODE.match(found):
        raise Invalid(N_("Mã số thuế gồm 10 chữ số, 10 chữ số và đuôi -001, hoặc 12 chữ số."), field=field)
    return found


def _phone(value: Any, field: str) -> str | None:
    found = facts.line(value, field, 80)
    try:
        return forms.phone(found) if found else None
    except ShopError as error:
        error.field = field
        raise


def _mail(value: Any, field: str) -> str | None:
    found = facts.line(value, field)
    if found is not None and not _MAIL.match(found):
        raise Invalid(N_("Địa chỉ e-mail chưa đúng."), field=field)
    return found


def _website(value: Any, field: str) -> str | None:
    found = facts.line(value, field)
    if found is None:
        return None
    if "://" not in found:
        found = f"https://{found}"
    parts = urlsplit(found)
    if parts.scheme not in {"http", "https"} or "." not in parts.netloc or "@" in parts.netloc:
        raise Invalid(N_("Địa chỉ trang web chưa đúng, ví dụ https://vi-du.vn."), field=field)
    return found


def _form(value: Any, field: str) -> LegalForm | None:
    try:
        return LegalForm(value) if value else None
    except ValueError:
        raise Invalid(N_("Loại hình này chưa có trong danh mục."), field=field) from None


# What may be said of a producer, and how each value is read.
FIELDS: dict[str, Any] = {
    "name": _name,
    "legal_form": _form,
    "tax_code": _tax_code,
    "representative": facts.line,
    "province_code": facts.place_code(2),
    "commune_code": facts.place_code(5),
    "locality_text": facts.line,
    "street": facts.line,
    "phone": _phone,
    "email": _mail,
    "website": _website,
    "story": facts.prose,
    "story_en": facts.prose,
    "source_url": facts.prose,
    "is_demo": facts.yes_no,
}


def tax_code_free(tax_code: str | None, but: int | None = None) -> None:
    """Refuse a tax code that another producer (not `but`) has.

    Raises:
        TaxCodeTaken.
    """
    if tax_code is None:
        return
    if (
        session().scalar(select(Producer.id).where(Producer.tax_code == tax_code, Producer.id != (but or 0)))
        is not None
    ):
        raise TaxCodeTaken(field="tax_code")


def free_slug(name: str) -> str:
    """An address for `name` that no producer has."""
    stem = text.slugify(name, limit=70)
    taken = set(
        session().scalars(select(Producer.slug).where(Producer.slug.startswith(stem, autoescape=True)))
    )  # fmt: skip
    slug, number = stem, 2
    while slug in taken:
        slug, number = f"{stem}-{number}", number + 1
    return slug


def create_producer(actor: Actor, *, name: str, **stated: Any) -> int:
    """Register a producer with what is known of it (`FIELDS`); returns its id.

    Raises:
        Invalid: a fact cannot be read; `field` names it.
        TaxCodeTaken: another producer has the tax code.
    """
    values = facts.checked(FIELDS, {"name": name, **stated})
    now = clock.now()
    with unique("producers.slug", otherwise=Busy), transaction() as s:
        tax_code_free(values.get("tax_code"))
        made = Producer(
            slug=free_slug(values["name"]),
            sort_name=text.sort_key(values["name"]),
            created_at=now,
            updated_at=now,
            **values,
        )
        s.add(made)
        s.flush()
        audit.record(actor, "producers.create", f"producer:{made.slug}", **values)
        events.publish(ProducerChanged(made.id))
        return made.id


def update_producer(actor: Actor, producer_id: int, *, seen: datetime | None = None, **stated: Any) -> bool:
    """Correct facts of a producer; returns whether anything changed. Its address stays.

    `seen` is the `updated_at` of what the person looked at: a change by somebody else in between is not overwritten.

    Raises:
        NoSuchProducer, Invalid, TaxCodeTaken.
        Conflict: the producer was changed after `seen`.
    """
    values = facts.checked(FIELDS, stated)
    with transaction():
        row = locked(Producer, producer_id, NoSuchProducer)
        if seen is not None and row.updated_at != seen:
            raise Conflict
        if "tax_code" in values:
            tax_code_free(values["tax_code"], but=producer_id)
        before, after = facts.apply(row, values)
        if not before:
            return False
        row.sort_name = text.sort_key(row.name)
        row.updated_at = clock.now()
        audit.record(actor, "producers.update", f"producer:{row.slug}", before=before, after=after)
        events.publish(ProducerChanged(row.id))
        return True


def set_state(actor: Actor, producer_id: int, state: ProducerState, reason: str) -> bool:
    """Suspend a producer (its goods are neither shown nor sold) or take it back; returns whether anything changed.

    Raises:
        NoSuchProducer.
        Invalid: no reason was given.
    """
    reason = facts.line(reason, "reason") or ""
    if not reason:
        raise Invalid(N_("Hãy ghi lý do."), field="reason")
    with transaction():
        row = locked(Producer, producer_id, NoSuchProducer)
        if row.state is state:
            return False
        row.state, row.updated_at = state, clock.now()
        audit.record(actor, "producers.state", f"producer:{row.slug}", state=state, reason=reason)
        events.publish(ProducerChanged(row.id))
        return True


_BIN = re.compile(r"\d{6}", re.ASCII)
_ACCOUNT = re.compile(r"[0-9A-Z]{4,19}", re.ASCII)


def read_account(bank_bin: str, account_number: str, holder: str) -> tuple[str, str, str]:
    """A bank account as it is kept: the bank's number, the account's, its holder.

    Raises:
        Invalid: the bank's number is not six digits, the account not 4 to 19 letters and digits, or there is no holder.
    """
    bank_bin = re.sub(r"\s", "", bank_bin)
    account_number = re.sub(r"[\s.-]", "", account_number).upper()
    if not _BIN.fullmatch(bank_bin):
        raise Invalid(N_("Hãy chọn ngân hàng."), field="bank_bin")
    if not _ACCOUNT.fullmatch(account_number):
        raise Invalid(N_("Số tài khoản gồm 4 đến 19 chữ số hoặc chữ cái."), field="account_number")
    name = facts.line(holder, "holder")
    if name is None:
        raise Invalid(N_("Hãy ghi tên chủ tài khoản."), field="holder")
    return bank_bin, account_number, name


def set_bank_account(actor: Actor, producer_id: int, bank_bin: str, account_number: str, holder: str) -> bool:
    """Say where a producer is paid from now on; returns whether anything changed. The former account is kept.

    Raises:
        NoSuchProducer.
        Invalid: the bank's number is not six digits, the account not 4 to 19 letters and digits, or there is no holder.
    """
    bank_bin, account_number, name = read_account(bank_bin, account_number, holder)
    with transaction() as s:
        row = locked(Producer, producer_id, NoSuchProducer)
        now = clock.now()
        before = s.scalars(
            select(BankAccount).where(BankAccount.producer_id == producer_id, BankAccount.valid_to.is_(None))
        ).one_or_none()
        if before is not None:
            if (before.bank_bin, before.account_number, before.holder) == (bank_bin, account_number, name):
                return False
            before.valid_to = now
        s.add(
            BankAccount(
                producer_id=producer_id, bank_bin=bank_bin, account_number=account_number, holder=name, valid_from=now,
                set_by=actor.key, set_label=actor.label,
            )
        )  # fmt: skip
        # The log says that the account changed and how it ends, not the whole number.
        audit.record(actor, "producers.bank-account", f"producer:{row.slug}", bank=bank_bin, ends=account_number[-4:])
        return True


def place_text(commune: str, district: str) -> str | None:
    """The place as a source names it: `Đồng Rui, Tiên Yên`; None if it names none."""
    return ", ".join(part for part in (commune, district) if part) or None


def load_registry(actor: Actor = SYSTEM) -> int:
    """Load the 36 producers that the sources name; those already there stay as they are. Returns how many are new.

    What the sources leave blank stays NULL. The province is Quảng Ninh: the sources are lists of its programme.
    """
    with REGISTRY.open(encoding="utf-8", newline="") as stream:
        lines = list(csv.DictReader(stream))
    now = clock.now()
    with transaction() as s:
        known = set(s.scalars(select(Producer.slug)))
        rows: dict[str, dict[str, Any]] = {}
        for line in lines:
            slug = text.slugify(line["name"], limit=70)
            if slug in known:
                continue
            rows[slug] = {
                "slug": slug,
                "name": line["name"],
                "sort_name": text.sort_key(line["name"]),
                "legal_form": LegalForm(line["legal_form"]) if line["legal_form"] else None,
                "province_code": HOME_PROVINCE,
                "commune_code": line["commune_code"] or None,
                "locality_text": place_text(line["commune_old"], line["locality_old_district"]),
                "source_url": line["source_url"] or None,
                "state": ProducerState.ACTIVE,
                "is_demo": False,
                "created_at": now,
                "updated_at": now,
            }
        if rows:
            s.execute(insert(Producer), list(rows.values()))
            audit.record(actor, "producers.load-registry", "producers:registry", new=len(rows), source=REGISTRY.name)
        return len(rows)


def registry_ids() -> dict[str, int]:
    """Producer ids by the names that sources use, second names included (for loading what refers to them)."""
    ids = {row.slug: row.id for row in session().execute(select(Producer.slug, Producer.id))}
    found = {}
    with REGISTRY.open(encoding="utf-8", newline="") as stream:
        for line in csv.DictReader(stream):
            producer_id = ids.get(text.slugify(line["name"], limit=70))
            if producer_id is not None:
                for name in filter(None, (line["name"], line["also_named"])):
                    found[name] = producer_id
    return found
