"""What a line is, as far as reading tells: an exact match, or the queue it waits in with a suggestion and its reasons.

A code in the memo counts only if a payment has it and it is the only such code. Names, times and earlier transfers match
nothing by themselves: they make suggestions, which a person takes or leaves.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Any

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import aliased

from shop.banking.models import Allocation, BankLine, Category, LineState, Queue, ShopAccount
from shop.kernel import clock, text
from shop.kernel.db import in_batches, session
from shop.kernel.errors import N_
from shop.orders.models import Order, PaymentMethod
from shop.payments import incoming, memo, outgoing
from shop.payments.incoming import Awaited
from shop.payments.models import Payment, PaymentReceipt, PaymentState
from shop.payments.outgoing import Expected

REASONS = {
    "code": N_("có mã của đơn trong nội dung"),
    "codes": N_("có mã của các đơn này, cộng lại đúng số tiền"),
    "reference": N_("có mã đơn trong nội dung"),
    "amount": N_("đúng số tiền đơn còn thiếu"),
    "name": N_("có tên người mua"),
    "phone": N_("có số điện thoại người mua"),
    "earlier": N_("người này từng chuyển cho cùng người mua"),
    "time": N_("đặt trong ba ngày trước đó"),
    "hand": N_("khoản này đã được ghi tay"),
    "hand_other": N_("mã giao dịch này đã được ghi tay với số tiền khác"),
    "paid": N_("đơn đã trả đủ"),
    "twice": N_("có dòng khác cùng ngày, cùng số tiền, cùng mã đơn"),
    "words": N_("theo chữ trong nội dung"),
    "own": N_("tài khoản đối ứng là của cửa hàng"),
    "account": N_("đúng tài khoản nhận"),
    "sum": N_("đúng số tiền"),
    "holder": N_("có tên nơi nộp"),
    "batch": N_("có mã đợt nộp trong nội dung"),
    "recorded": N_("đã ghi với đúng mã giao dịch này"),
}
_WEIGHT = {
    "reference": 5,
    "batch": 5,
    "phone": 3,
    "account": 3,
    "name": 2,
    "earlier": 2,
    "amount": 1,
    "sum": 1,
    "time": 1,
}
_FEE = re.compile(r"\b(phi|fee|sms banking|thu phi|vat phi|phi dich vu)\b")
_INTEREST = re.compile(r"\b(tra lai|lai tien gui|nhap lai|lai so du|interest|lai khong ky han)\b")


@dataclass(frozen=True, slots=True)
class Decision:
    """A queue and the suggestion that goes with it, as a line keeps them."""

    queue: Queue
    hint: dict[str, Any] | None = None

    @property
    def about_id(self) -> int | None:
        """The payment whose code the memo holds, if it is one alone."""
        hint = self.hint or {}
        if "code" not in hint.get("reasons", []):
            return None
        parts = hint.get("parts", [])
        about = hint.get("payment") or (parts[0][0] if len(parts) == 1 else None)
        return int(about) if about is not None else None


@dataclass(slots=True)
class Owed:
    """A payment by transfer as deciding sees it; `due` is what it still lacks, in đồng."""

    id: int
    code: str | None
    state: PaymentState
    due: int
    order: str
    name: str
    phone: str
    placed_on: Any
    lapsed: bool


_OWED = select(
    Payment.id, Payment.code, Payment.state, Payment.amount, Payment.captured_amount, Payment.refunded_amount,
    Order.reference, Order.name, Order.phone, Order.placed_at,
).join(Order, Order.id == Payment.order_id).where(Payment.code.is_not(None))  # fmt: skip
_DUE = Payment.amount - Payment.captured_amount + Payment.refunded_amount
_WAITING = Payment.state.in_([PaymentState.PENDING, PaymentState.HELD])


def _owed(row: Any) -> Owed:
    due = 0 if row[2] is PaymentState.CAPTURED else row[3] - row[4] + row[5]
    ended = row[2] in {PaymentState.CANCELLED, PaymentState.FAILED}
    return Owed(row[0], row[1], row[2], due, row[6], row[7], row[8], clock.business_day(row[9]), ended)


def owed(condition: Any) -> list[Owed]:
    """The payments by transfer that `condition` picks, by id."""
    return [_owed(row) for row in session().execute(_OWED.where(condition).order_by(Payment.id))]


def decide(lines: Sequence[BankLine]) -> dict[int, Decision]:
    """The decision on each line, by its id."""
    coming = [line for line in lines if line.amount > 0]
    found = _coming(coming) if coming else {}
    leaving = [line for line in lines if line.amount < 0]
    return found | (_leaving(leaving) if leaving else {})


# --- money that came ---------------------------------------------------------------------------------------------


def _by_code(codes: Iterable[str]) -> dict[str, Owed]:
    found: dict[str, Owed] = {}
    for batch in in_batches(sorted(set(codes))):
        found |= {str(o.code): o for o in owed(Payment.code.in_(batch))}
    return found


def by_hand(condition: Any) -> list[PaymentReceipt]:
    """Receipts of transfers that people wrote, neither taken back nor known to be a line's."""
    back, live = aliased(PaymentReceipt), aliased(Allocation)
    undone = aliased(Allocation)
    linked = (
        select(live.id)
        .where(
            live.receipt_id == PaymentReceipt.id,
            live.amount > 0,
            ~select(undone.id).where(undone.reverses_id == live.id).exists(),
        )
        .exists()
    )
    taken = select(back.id).where(back.reverses_id == PaymentReceipt.id).exists()
    wanted = select(PaymentReceipt).where(
        condition, PaymentReceipt.provider == PaymentMethod.VIETQR.value, PaymentReceipt.amount > 0, ~taken, ~linked
    )
    return list(session().scalars(wanted.order_by(PaymentReceipt.id)))


def _coming(lines: Sequence[BankLine]) -> dict[int, Decision]:
    codes = {line.id: memo.codes_in(line.memo) for line in lines}
    known = _by_code(code for found in codes.values() for code in found)
    recorded: dict[str, PaymentReceipt] = {}
    for batch in in_batches(sorted({r for line in lines if (r := line.bank_reference)})):
        recorded |= {r.reference: r for r in by_hand(PaymentReceipt.reference.in_(batch))}
    found: dict[int, Decision] = {}
    strange: list[BankLine] = []
    spoken: set[int] = set()
    for line in lines:
        hand = recorded.get(line.bank_reference or "")
        mine = [known[code] for code in codes[line.id] if code in known]
        if hand is not None and not line.handled_amount:
            found[line.id] = _recorded(line, hand)
        elif len(mine) == 1:
            found[line.id] = _one(line, mine[0], spoken)
        elif mine:
            found[line.id] = _several(line, mine)
        else:
            strange.append(line)
    batches, by_sum = _batches(strange)
    for line_id, hint in _suggested([line for line in strange if line.id not in batches]).items():
        # A sum alone speaks for what is awaited, unless more than a sum and a day speaks for an order.
        weak = hint is None or (hint["action"] == "credit" and set(hint["reasons"]) <= {"amount", "time"})
        found[line_id] = by_sum[line_id] if weak and line_id in by_sum else Decision(Queue.UNMATCHED, hint)
    found |= batches
    paid = [line for line in lines if line.id in found and found[line.id].queue is Queue.AGAIN]
    _again(paid, codes, known, found)
    return found


def _recorded(line: BankLine, hand: PaymentReceipt) -> Decision:
    if hand.amount == line.amount:
        return Decision(Queue.EXACT, {"action": "adopt", "receipt": hand.id, "reasons": ["recorded"]})
    return Decision(Queue.AGAIN, {"reasons": ["hand_other"]})


def _one(line: BankLine, one: Owed, spoken: set[int]) -> Decision:
    rest = line.rest_amount
    hint: dict[str, Any] = {"action": "credit", "parts": [[one.id, min(rest, one.due)]], "reasons": ["code"]}
    if one.due <= 0 or one.id in spoken:
        return Decision(Queue.AGAIN, {"action": "return", "payment": one.id, "reasons": ["code", "paid"]})
    if rest == one.due:
        spoken.add(one.id)
        hint["reasons"] = ["code", "amount"]
        return Decision(Queue.EXACT, hint)
    if one.lapsed:
        return Decision(Queue.LATE, hint)
    return Decision(Queue.SHORT if rest < one.due else Queue.OVER, hint)


def _several(line: BankLine, mine: Sequence[Owed]) -> Decision:
    parts = [[one.id, one.due] for one in mine if one.due > 0]
    if parts and sum(due for _id, due in parts) == line.rest_amount:
        return Decision(Queue.SEVERAL, {"action": "credit", "parts": parts, "reasons": ["codes"]})
    return Decision(Queue.SEVERAL, {"reasons": ["code"], "orders": [one.order for one in mine]})


def _again(
    lines: Sequence[BankLine], codes: dict[int, list[str]], known: dict[str, Owed], found: dict[int, Decision]
) -> None:
    """Money for orders that are paid: it may be what a person wrote down, or one transfer told twice."""
    for line in lines:
        hint = found[line.id].hint or {}
        if hint.get("action") != "return":
            continue
        hands = by_hand(and_(PaymentReceipt.payment_id == hint["payment"], PaymentReceipt.amount == line.amount))
        if hands and not line.handled_amount:
            changed = {"action": "adopt", "receipt": hands[0].id, "reasons": ["code", "hand"]}
        elif _told_twice(line, codes[line.id]):
            changed = {"action": "aside", "category": Category.TWICE.value, "reasons": ["code", "twice"]}
        else:
            continue
        found[line.id] = Decision(Queue.AGAIN, changed)


def _told_twice(line: BankLine, codes: Sequence[str]) -> bool:
    """Whether another source told of the same: one of the two lines without the bank's reference."""
    near = session().execute(
        select(BankLine.memo, BankLine.bank_reference).where(
            BankLine.account_id == line.account_id,
            BankLine.amount == line.amount,
            BankLine.id != line.id,
            BankLine.booked_on.between(line.booked_on - timedelta(days=1), line.booked_on + timedelta(days=1)),
            BankLine.state == LineState.CREDITED,
        ).limit(20)
    )  # fmt: skip
    return any(
        (reference is None or line.bank_reference is None) and set(memo.codes_in(told)) & set(codes)
        for told, reference in near
    )


_BATCH = re.compile(r"(?<![A-Z0-9])(TH|TM)[- ]?([A-Z0-9]{4})[- ]?([A-Z0-9]{4})(?![A-Z0-9])")


def _batches(lines: Sequence[BankLine]) -> tuple[dict[int, Decision], dict[int, Decision]]:
    """Lines that bring what is awaited beside orders: known by its reference or by who sends it, and known by the sum alone. A
    suggestion in any case: references are of letters and digits without check symbols."""
    found: dict[int, Decision] = {}
    by_sum: dict[int, Decision] = {}
    named = {line.id: [f"{kind}-{a}-{b}" for kind, a, b in _BATCH.findall(line.memo.upper())] for line in lines}
    for some in in_batches(lines):
        amounts = sorted({line.rest_amount for line in some})
        references = sorted({r for line in some for r in named[line.id]})
        awaited = [one for source in incoming.sources().values() for one in source.waiting(amounts, references)]
        for line in some:
            one, why = _awaited(line, named[line.id], awaited)
            if one is not None:
                hint = {"action": "remit", "kind": one.kind, "reference": one.reference, "lacks": one.amount,
                        "amount": min(line.rest_amount, one.amount), "reasons": why}  # fmt: skip
                (by_sum if why == ["sum"] else found)[line.id] = Decision(Queue.REMITTED, hint)
    return found, by_sum


def _awaited(line: BankLine, named: Sequence[str], awaited: Sequence[Awaited]) -> tuple[Awaited | None, list[str]]:
    by_name = [one for one in awaited if one.reference in named]
    if len(by_name) == 1:
        return by_name[0], ["batch", *(["sum"] if by_name[0].amount == line.rest_amount else [])]
    if by_name:
        return None, []
    words = f" {_bare(f'{line.memo} {line.payer_name or str()}')} "
    exact = [one for one in awaited if one.amount == line.rest_amount]
    told = [one for one in exact if any(f" {_bare(word)} " in words for word in one.words if len(word) >= 3)]
    if len(told) == 1:
        return told[0], ["sum", "holder"]
    return (exact[0], ["sum"]) if len(exact) == 1 else (None, [])


@dataclass(slots=True)
class _Clues:
    """What a strange line may be known by."""

    line: BankLine
    words: str
    references: list[str]
    phones: set[str]
    before: set[str] = field(default_factory=set)


def _clues(line: BankLine) -> _Clues:
    told = f"{line.memo} {line.payer_name or ''}"
    tokens = [t.upper() for t in re.findall(r"[a-z0-9]+", text.fold(told))]
    alphabet = set(text.REFERENCE_ALPHABET)
    references = [
        t for token in tokens for t in [token.removeprefix(memo.PREFIX)] if len(t) == 8 and set(t) <= alphabet
    ]
    references += [a + b for a, b in pairwise(tokens) if len(a) == len(b) == 4 and set(a + b) <= alphabet]
    phones = {p[-9:] for p in re.findall(r"(?:84|0)\d{9}(?!\d)", re.sub(r"[ .-]", "", told))}
    return _Clues(line, f" {' '.join(tokens).lower()} ", [f"{r[:4]}-{r[4:]}" for r in references], phones)


def _suggested(lines: Sequence[BankLine]) -> dict[int, dict[str, Any] | None]:
    found: dict[int, dict[str, Any] | None] = {line.id: _apart(line) for line in lines}
    clues = [_clues(line) for line in lines if found[line.id] is None]
    if not clues:
        return found
    amounts = sorted({c.line.rest_amount for c in clues})
    references = sorted({r for c in clues for r in c.references})
    by_amount: dict[int, list[Owed]] = defaultdict(list)
    for batch in in_batches(amounts):
        for one in owed(and_(_WAITING, _DUE.in_(batch))):
            by_amount[one.due].append(one)
    by_order: dict[str, Owed] = {}
    for some in in_batches(references):
        by_order |= {one.order: one for one in owed(and_(_WAITING, Order.reference.in_(some)))}
    _remember(clues)
    for c in clues:
        fitting = {one.id: one for one in by_amount[c.line.rest_amount]}
        fitting |= {by_order[r].id: by_order[r] for r in c.references if r in by_order}
        found[c.line.id] = _best([(one, _why(c, one)) for one in fitting.values()], c.line.rest_amount)
    return found


def _remember(clues: Sequence[_Clues]) -> None:
    """For whom the payer transferred before, as telephone numbers of orders."""
    accounts = {c.line.payer_account for c in clues if c.line.payer_account}
    names = {c.line.payer_name for c in clues if c.line.payer_name}
    before: dict[str, set[str]] = defaultdict(set)
    for batch in in_batches(sorted(accounts | names)):
        rows = session().execute(
            select(BankLine.payer_account, BankLine.payer_name, Order.phone)
            .join(Allocation, Allocation.line_id == BankLine.id)
            .join(Payment, Payment.id == Allocation.payment_id)
            .join(Order, Order.id == Payment.order_id)
            .where(or_(BankLine.payer_account.in_(batch), BankLine.payer_name.in_(batch)))
            .limit(5000)
        )
        for account, name, phone in rows:
            for key in (account, name):
                if key:
                    before[key].add(phone)
    for c in clues:
        c.before = before[c.line.payer_account or "\0"] | (
            before[c.line.payer_name or "\0"] if not c.line.payer_account else set()
        )


@lru_cache(maxsize=20_000)
def _bare(name: str) -> str:
    return " ".join(re.findall(r"[a-z0-9]+", text.fold(name)))


def _why(c: _Clues, one: Owed) -> list[str]:
    reasons = []
    if one.order in c.references:
        reasons.append("reference")
    if one.due == c.line.rest_amount:
        reasons.append("amount")
    name = _bare(one.name)
    if len(name) >= 5 and f" {name} " in c.words:
        reasons.append("name")
    if one.phone[-9:] in c.phones:
        reasons.append("phone")
    if one.phone in c.before:
        reasons.append("earlier")
    if timedelta(0) <= c.line.booked_on - one.placed_on <= timedelta(days=3):
        reasons.append("time")
    return reasons


def _best(fitting: Sequence[tuple[Owed, list[str]]], rest: int) -> dict[str, Any] | None:
    """The one order that more speaks for than for any other."""
    rated = sorted(((sum(_WEIGHT[r] for r in why), one.id) for one, why in fitting), reverse=True)
    if not rated or (len(rated) > 1 and rated[0][0] == rated[1][0]):
        return None
    one, why = next((one, why) for one, why in fitting if one.id == rated[0][1])
    return {"action": "credit", "parts": [[one.id, min(rest, one.due)]], "reasons": why}


def _apart(line: BankLine) -> dict[str, Any] | None:
    """What is no order's by its words."""
    folded = text.fold(line.memo)
    if line.payer_account and session().scalar(
        select(ShopAccount.id).where(ShopAccount.number == line.payer_account).limit(1)
    ):
        return {"action": "aside", "category": Category.OWN.value, "reasons": ["own"]}
    if line.amount > 0 and _INTEREST.search(folded):
        return {"action": "aside", "category": Category.INTEREST.value, "reasons": ["words"]}
    if line.amount < 0 and _FEE.search(folded):
        return {"action": "aside", "category": Category.FEE.value, "reasons": ["words"]}
    return None


# --- money that left ---------------------------------------------------------------------------------------------


def _leaving(lines: Sequence[BankLine]) -> dict[int, Decision]:
    found: dict[int, Decision] = {}
    sums = sorted({-line.amount for line in lines})
    references = sorted({r for line in lines if (r := line.bank_reference)})
    waiting: dict[int, list[Expected]] = defaultdict(list)
    recorded: dict[str, Expected] = {}
    for source in outgoing.sources().values():
        for batch in in_batches(sums):
            for one in source.waiting(batch):
                waiting[one.amount].append(one)
        for some in in_batches(references):
            recorded |= source.recorded(some)
    for line in lines:
        gone = recorded.get(line.bank_reference or "")
        if gone is not None and gone.amount == -line.amount:
            hint = {"action": "recorded", "kind": gone.kind, "reference": gone.reference, "reasons": ["recorded"]}
            found[line.id] = Decision(Queue.EXACT, hint)
        else:
            found[line.id] = Decision(Queue.OUT, _apart(line) or _meant(line, waiting[-line.amount]))
    return found


def _meant(line: BankLine, expected: Sequence[Expected]) -> dict[str, Any] | None:
    folded = " ".join(re.findall(r"[a-z0-9]+", text.fold(f"{line.memo} {line.payer_name or ''}")))
    bare = folded.replace(" ", "")
    rated = []
    for one in expected:
        reasons = ["sum"]
        if any(re.sub(r"[^a-z0-9]", "", text.fold(word)) in bare for word in one.words if len(word) >= 6):
            reasons.append("reference")
        if one.account and one.account == line.payer_account:
            reasons.append("account")
        if len(one.holder) >= 5 and text.fold(one.holder) in folded:
            reasons.append("name")
        rated.append((sum(_WEIGHT[r] for r in reasons), reasons, one))
    rated.sort(key=lambda r: -r[0])
    if not rated or (len(rated) > 1 and rated[0][0] == rated[1][0]):
        return None
    _score, reasons, best = rated[0]
    return {"action": "confirm", "kind": best.kind, "reference": best.reference, "reasons": reasons}
