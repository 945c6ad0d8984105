"""What lies between joining and the first sale, for a producer who has just been let in."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import exists, select

from shop.accounts.permissions import Permission
from shop.catalog.models import Product, ProductState
from shop.kernel.db import session
from shop.kernel.errors import N_
from shop.producers.models import Application, ApplicationState, Producer
from shop.settlement.models import Agreement, AgreementState, Entry, EntryKind
from shop.stock.models import StockLevel
from shop.supply.queries import store


@dataclass(frozen=True, slots=True)
class Step:
    """`words` say what is to be done, `hint` how; `path` is where, for those with `permission`."""

    words: str
    done: bool
    hint: str = ""
    path: str = ""
    permission: Permission = Permission.PORTAL_ENTER


def steps(producer_id: int) -> list[Step]:
    """The steps to the first sale, in their order; none for whoever did not come by an application, or has sold, or has
    done them all."""
    joined, sold, identity_due, shown, goods, agreed = (
        session()
        .execute(
            select(
                exists().where(Application.producer_id == producer_id, Application.state == ApplicationState.APPROVED),
                exists().where(Entry.producer_id == producer_id, Entry.kind.in_([EntryKind.SALE, EntryKind.PURCHASE])),
                exists().where(Producer.id == producer_id, Producer.identity_due),
                exists().where(Product.producer_id == producer_id, Product.state == ProductState.SHOWN),
                exists().where(StockLevel.owner == store.owner_of(producer_id)),
                exists().where(Agreement.producer_id == producer_id, Agreement.state == AgreementState.AGREED),
            )
        )
        .one()
    )
    if not joined or sold:
        return []
    found = [
        Step(N_("Đơn xin bán hàng được chấp thuận"), True),
        Step(
            N_("Xác minh danh tính người đại diện"),
            not identity_due,
            N_("Cửa hàng sẽ hẹn gặp; mang căn cước bản gốc hoặc mở sẵn VNeID. Chưa xong thì hàng chưa bán được."),
        ),
        Step(
            N_("Sản phẩm đầu tiên được duyệt"),
            shown,
            N_("Ghi tên, quy cách, giá, chụp ảnh rồi gửi; cửa hàng xem và trả lời."),
            "/producer/listings",
            Permission.LISTING_EDIT,
        ),
        Step(
            N_("Có hàng để bán"),
            goods,
            N_("Xin mở kho của cơ sở rồi nhập mẻ đầu, hoặc báo giao hàng ký gửi đến một điểm bán."),
            "/producer/stock",
            Permission.SUPPLY_EDIT,
        ),
        Step(
            N_("Thỏa thuận hoa hồng với cửa hàng"),
            agreed,
            N_("Cửa hàng gửi bản thỏa thuận vào đây; bạn đọc rồi đồng ý. Chưa có thì tiền bán hàng chưa chốt được."),
            "/producer/statements",
            Permission.STATEMENT_READ,
        ),
    ]
    return [] if all(step.done for step in found) else found
