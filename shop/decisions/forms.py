"""What forms of the office send, as typed arguments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shop.catalog.forms import day, upload, version
from shop.catalog.models import CertificateLevel
from shop.decisions.models import CheckKind, Decision, FiledState, FindingState, Ground, Kind
from shop.decisions.queries import decisions as read
from shop.decisions.services.checks import Found
from shop.decisions.services.drafting import Grant, Head, Revocation
from shop.kernel import facts
from shop.kernel.errors import N_, Invalid

__all__ = ["day", "upload", "version"]
HEAD = ("level", "issuer", "number", "decided_on", "signer", "summary")
# Rows of findings that a form shows at first and adds at a time, and the most it takes.
FINDINGS, MOST_FINDINGS = 5, 60


def head(form: Mapping[str, str]) -> Head:
    """What a decision says of itself.

    Raises:
        Invalid: at its field.
    """
    return Head(
        facts.one_of(CertificateLevel)(form.get("level"), "level"), form.get("issuer"), form.get("number"),
        day(form.get("decided_on"), "decided_on"), form.get("signer"), form.get("summary"),
    )  # fmt: skip


def head_values(row: Decision | None) -> dict[str, str]:
    """A decision as its form shows it again."""
    if row is None:
        return dict.fromkeys(HEAD, "") | {"level": "province"}
    return {
        "level": row.level.value, "issuer": row.issuer, "number": row.number or "", "signer": row.signer or "",
        "decided_on": row.decided_on.isoformat() if row.decided_on else "", "summary": row.summary or "",
    }  # fmt: skip


def line(form: Mapping[str, str], kind: Kind) -> Grant | Revocation:
    """A line of a decision of this kind.

    Raises:
        Invalid: at its field.
    """
    if kind is Kind.REVOKE:
        return Revocation(
            read.certificate_of(form.get("certificate", "")), facts.one_of(Ground)(form.get("ground"), "ground"),
            form.get("reason", ""),
        )  # fmt: skip
    stars = facts.whole(3, 5)(form.get("stars"), "stars")
    if stars is None:
        raise Invalid(N_("Chứng nhận có từ 3 đến 5 sao."), field="stars")
    return Grant(
        read.product_of(form.get("product", "")), stars, facts.decimal("0", "100", 2)(form.get("score"), "score"),
        form.get("certificate_number"), day(form.get("expires_on"), "expires_on"),
    )  # fmt: skip


def check_kind(form: Mapping[str, str]) -> CheckKind:
    """Planned or by surprise."""
    kind: CheckKind = facts.one_of(CheckKind)(form.get("kind"), "kind")
    return kind


def findings(form: Any) -> tuple[Found, ...]:
    """The rows of a report that say something.

    Raises:
        Invalid: at the field of the first row that cannot be read.
    """
    rows = zip(*(form.getlist(name) for name in ("ground", "found", "asked", "due_on")), strict=False)
    made = []
    for ground, found, asked, due in rows:
        if not (found.strip() or asked.strip() or due.strip()):
            continue
        due_on = day(due, "due_on")
        if due_on is None:
            raise Invalid(N_("Hãy ghi hạn khắc phục."), field="due_on")
        made.append(Found(facts.one_of(Ground)(ground, "ground"), found, asked, due_on))
    return tuple(made)


def settled(form: Mapping[str, str]) -> FindingState:
    """How something found was settled."""
    state: FindingState = facts.one_of(FindingState)(form.get("state"), "state")
    return state


def outcome(form: Mapping[str, str]) -> FiledState:
    """What came of a renewal."""
    state: FiledState = facts.one_of(FiledState)(form.get("outcome"), "outcome")
    return state
