"""The chart of accounts: what money there is, whose it is, what was earned and spent. A new account is one more line here.

Amounts are signed: debit above zero, credit below. Assets and expenses grow by debits, liabilities and income by credits. Each
account says what its parties may be; a party is `<kind>:<name>` and means nothing here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from shop.kernel.errors import N_


class Side(StrEnum):
    """Where an account stands in the balance."""

    ASSET = "asset"
    LIABILITY = "liability"
    INCOME = "income"
    EXPENSE = "expense"


SIDE_NAMES = {
    Side.ASSET: N_("Tài sản"),
    Side.LIABILITY: N_("Nguồn phải trả"),
    Side.INCOME: N_("Thu nhập"),
    Side.EXPENSE: N_("Chi phí của cửa hàng"),
}


@dataclass(frozen=True, slots=True)
class Account:
    """`parties` are the kinds of party its postings name; none: they name nobody."""

    code: str
    side: Side
    name: str
    about: str
    parties: frozenset[str]


def _account(code: str, side: Side, name: str, about: str, *parties: str) -> Account:
    return Account(code, side, name, about, frozenset(parties))


_ALL = (
    _account("bank", Side.ASSET, N_("Tiền gửi ngân hàng"),
             N_("Từng dòng của sao kê, theo tài khoản."), "bank-account"),
    _account("transit", Side.ASSET, N_("Chuyển khoản chờ sao kê"),
             N_("Tiền đã ghi vào đơn, đã hoàn hoặc đã chi nhưng sao kê chưa có dòng tương ứng; khớp hết thì bằng không."),
             "order", "payout", "gateway-payout"),
    _account("gateway", Side.ASSET, N_("Tiền tại cổng thanh toán"),
             N_("Tiền thẻ đã thu, chưa về ngân hàng."), "gateway"),
    _account("cash-till", Side.ASSET, N_("Tiền mặt trong ca bán"),
             N_("Tiền trong ngăn kéo của ca đang mở; đếm xong thì chuyển sang tiền giữ tại điểm."), "till-session"),
    _account("cash-point", Side.ASSET, N_("Tiền mặt giữ tại điểm"),
             N_("Tiền ngoài ngăn kéo: tiền lẻ đưa vào ca, tiền của ca đã đếm."), "point"),
    _account("cash-carried", Side.ASSET, N_("Tiền mặt đang mang nộp ngân hàng"),
             N_("Đã rời điểm trong túi có số, sao kê chưa có dòng tương ứng; nộp hết thì bằng không."), "cash-bag"),
    _account("counter", Side.ASSET, N_("Thẻ và chuyển khoản nhận tại quầy"),
             N_("Người đứng quầy đã ghi nhận, chưa đối chiếu với ngân hàng."), "point"),
    _account("cod-in-transit", Side.ASSET, N_("Tiền thu hộ chưa về"),
             N_("Người giao hoặc điểm đã thu của khách, chưa nộp cho cửa hàng."),
             "order", "payment", "carrier", "parcel", "point", "remittance"),
    _account("disputed", Side.ASSET, N_("Tiền thẻ đang khiếu nại"),
             N_("Ngân hàng của khách đã rút về trong khi xem xét."), "dispute", "payment"),
    _account("buyers", Side.LIABILITY, N_("Tiền của người mua"),
             N_("Đã nhận, trừ phần đã hoàn và giá trị hàng đã giao."), "order"),
    _account("producers", Side.LIABILITY, N_("Phải trả cơ sở sản xuất"),
             N_("Tiền hàng đã bán trừ hoa hồng, phí, thuế và phần đã chi."), "producer"),
    _account("tax-withheld", Side.LIABILITY, N_("Thuế khấu trừ phải nộp"),
             N_("Khấu trừ của cơ sở sản xuất, chờ nộp ngân sách."), "producer"),
    _account("suspense", Side.LIABILITY, N_("Dòng ngân hàng chờ xử lý"),
             N_("Tiền vào hoặc ra mà chưa biết của khoản nào; hết việc thì bằng không."), "bank-line"),
    _account("sales", Side.INCOME, N_("Hàng đã giao"),
             N_("Giá trị hàng giao cho khách trừ phần của cơ sở sản xuất: phần còn lại là hàng của cửa hàng."), "order"),
    _account("freight", Side.INCOME, N_("Phí giao hàng thu của khách"),
             N_("Trừ phần trả cho cơ sở tự giao."), "order"),
    _account("commission", Side.INCOME, N_("Hoa hồng"), N_("Phần của cửa hàng trên hàng ký gửi."), "producer"),
    _account("booth-fees", Side.INCOME, N_("Phí gian hàng hội chợ"), N_("Trừ phần được hỗ trợ."), "producer"),
    _account("interest", Side.INCOME, N_("Lãi tiền gửi"), N_("Theo sao kê ngân hàng."), "bank-line"),
    _account("kept", Side.INCOME, N_("Tiền thừa không hoàn"),
             N_("Tiền khách chuyển thừa được giữ lại theo thỏa thuận."), "bank-line"),
    _account("gateway-fees", Side.EXPENSE, N_("Phí cổng thanh toán"), N_("Cổng trừ trên mỗi khoản."), "gateway"),
    _account("bank-fees", Side.EXPENSE, N_("Phí ngân hàng"), N_("Theo sao kê ngân hàng."), "bank-line"),
    _account("cod-fees", Side.EXPENSE, N_("Phí thu hộ"), N_("Đơn vị giao hàng giữ lại."), "remittance", "carrier"),
    _account("cod-variance", Side.EXPENSE, N_("Chênh lệch tiền thu hộ"),
             N_("Nộp thiếu hoặc thừa so với đã thu."), "remittance", "carrier", "parcel", "order"),
    _account("cash-differences", Side.EXPENSE, N_("Chênh lệch tiền mặt"),
             N_("Đếm thiếu hoặc thừa khi kết ca."), "point"),
    _account("payment-differences", Side.EXPENSE, N_("Chênh lệch nhỏ khi khách trả tiền"),
             N_("Thiếu hoặc thừa vài đồng mà một người đã chấp nhận, có lý do."), "order"),
    _account("promotions", Side.EXPENSE, N_("Khuyến mãi cửa hàng chịu"),
             N_("Phần giảm giá không trừ của cơ sở sản xuất."), "order", "promotion", "exhibition"),
    _account("chargebacks", Side.EXPENSE, N_("Tiền thẻ bị đòi lại"),
             N_("Khiếu nại mà cửa hàng thua, và phí của chúng."), "dispute", "payment"),
    _account("goods-lost", Side.EXPENSE, N_("Hàng mất, hỏng cửa hàng bù"),
             N_("Trả cho cơ sở sản xuất theo thỏa thuận."), "producer", "parcel", "carrier"),
    _account("purchases", Side.EXPENSE, N_("Hàng mua đứt"), N_("Hàng cửa hàng mua của cơ sở sản xuất."), "producer"),
    _account("corrections", Side.EXPENSE, N_("Điều chỉnh sổ"),
             N_("Điều chỉnh với cơ sở sản xuất và bút toán tay."), "producer", "order", "entry"),
    _account("elsewhere", Side.ASSET, N_("Chuyển giữa các tài khoản và khoản khác"),
             N_("Dòng ngân hàng không thuộc đơn nào, theo lý do đã ghi."), "bank-line"),
)  # fmt: skip

# What people may write to by hand. The others follow rows of their own (orders, statements, sessions, statements of producers),
# and the audit holds them against these: there an error is put right where it was made.
BY_HAND = (
    "cash-point", "counter", "elsewhere", "tax-withheld", "interest", "kept", "gateway-fees", "bank-fees", "cod-fees",
    "cod-variance", "cash-differences", "promotions", "chargebacks", "goods-lost", "purchases", "corrections",
)  # fmt: skip
HAND = "hand"
ACCOUNTS: dict[str, Account] = {
    a.code: replace(a, parties=a.parties | {HAND}) if a.code in BY_HAND else a for a in _ALL
}
