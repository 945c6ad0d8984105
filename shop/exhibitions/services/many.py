"""Many booths of a fair are taken one step further at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shop.exhibitions.errors import SheetNotReady
from shop.exhibitions.queries import closings
from shop.exhibitions.services import closing, signing
from shop.kernel import operations
from shop.kernel.actor import Actor
from shop.kernel.errors import N_, Invalid, ShopError

MANY = ("begin", "empty", "home", "freeze")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one booth of many: `error` is the refusal, if there was one."""

    code: str
    error: ShopError | None = None


def step(actor: Actor, slug: str, codes: Sequence[str], do: str, *, reason: str = "", op_key: str) -> list[Outcome]:
    """Take the same step with many booths, each in a transaction of its own: `begin`; `empty` (nobody's goods are there);
    `home` (all that is free); `freeze` what is ready without signatures, with a reason.

    Raises:
        Invalid: no such step, or no booth chosen.
    """
    if do not in MANY:
        raise Invalid(N_("Hãy chọn một việc."), field="do")
    if not codes:
        raise Invalid(N_("Hãy chọn ít nhất một gian."), field="codes")
    if do == "freeze":
        reason = closing.said(reason, "reason", least=5)
    found = []
    for n, code in enumerate(dict.fromkeys(codes)):
        try:
            _one_of_many(actor, slug, code, do, reason, f"{operations.checked_key(op_key)}.{n}")
            found.append(Outcome(code))
        except ShopError as error:
            found.append(Outcome(code, error))
    return found


def _one_of_many(actor: Actor, slug: str, code: str, do: str, reason: str, op_key: str) -> None:
    if do == "begin":
        closing.begin(actor, slug, code)
    elif do == "empty":
        closing.nothing_there(actor, slug, code)
    elif do == "home":
        closing.all_home(actor, slug, code, op_key)
    else:
        ready = [one for one in closings.booth(slug, code).sheets if one.to_freeze]
        if not ready:
            raise SheetNotReady
        for one in ready:
            signing.freeze_unsigned(actor, one.sheet.reference, reason, one.digest)
