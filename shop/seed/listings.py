"""What the demonstration's producer says of its goods, by the room's own commands: a draft, a wait, a return, some history."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, select

from shop.catalog.models import Product
from shop.kernel.actor import Actor
from shop.kernel.db import session
from shop.kernel.jobs import Job
from shop.listings import queries
from shop.listings import services as listings
from shop.seed.then import Past


def load(rng: random.Random, now: datetime, producer_id: int, member: Actor, officer: Actor) -> None:
    """In the open transaction of the loading. No price of the past is changed: sales of the year name theirs."""
    goods = session().scalars(select(Product).where(Product.producer_id == producer_id).order_by(Product.id)).all()
    if len(goods) < 3:
        return
    by_name = {p.name: p for p in goods}
    history, waits, returned = (
        by_name.get("Ruốc tép Bavabi", goods[0]),
        by_name.get("Ruốc bề bề Bavabi", goods[1]),
        by_name.get("Ruốc cá Bavabi", goods[2]),
    )
    past, before = Past(rng), session().scalar(select(func.max(Job.id))) or 0

    def key() -> str:
        return f"seed:demo:{rng.getrandbits(64):016x}"

    def ago(days: int, hour: int = 0) -> datetime:
        return now - timedelta(days=days, hours=hour)

    def write(product: Product, facts: dict[str, Any], note: str | None = None) -> listings.Submitted:
        return listings.submit(member, producer_id, product.id, facts, op_key=key(), note=note, is_demo=True)

    with past.at(ago(41)):
        write(history, {"storage_note": "Để nơi khô mát, mở nắp rồi giữ tủ lạnh và dùng trong 10 ngày."})
    with past.at(ago(30)):
        asked = write(history, {"summary": "Ruốc tép biển Vân Đồn rang nhỏ lửa, không phẩm màu."}, "Mô tả rõ hơn")
    with past.at(ago(29)):
        _approve(officer, asked, key())
    with past.at(ago(6)):
        asked = write(
            returned,
            {
                "summary": "Ruốc cá tốt cho người tiểu đường.",
                "ingredients": "Cá biển, muối, đường.",
            },
        )
    with past.at(ago(5, 3)):
        row = queries.submission(str(asked.reference))
        assert row is not None  # noqa: S101 - made just before
        listings.send_back(
            officer, row.reference, {"product/summary": "Không ghi tác dụng chữa bệnh cho thực phẩm."},
            revision=row.revision, op_key=key(), note="Phần thành phần đã ổn, chỉ sửa câu tóm tắt.",
        )  # fmt: skip
    packs = queries.today(waits).packs
    change: dict[str, Any] = {
        "name": "Ruốc bề bề Vân Đồn Bavabi",
        "summary": "Ruốc bề bề biển Vân Đồn, sợi tơi, vị ngọt.",
    }
    for sku, pack in list(packs.items())[:1]:
        if pack.price is not None:
            change["variants"] = [{"sku": sku, "price": pack.price * 13 // 10 // 1000 * 1000}]
    with past.at(ago(1, 5)):
        write(waits, change, "Giá nguyên liệu tăng từ đầu vụ")
    with past.at(ago(0, 20)):
        listings.save_draft(
            member, producer_id, None,
            {
                "name": "Mực một nắng Bavabi", "set_id": waits.set_id, "summary": "Mực câu phơi một nắng.",
                "ingredients": "Mực ống tươi.", "shelf_life_days": 90, "cold": "frozen", "commune_code": waits.commune_code,
                "variants": [{"pack": "Túi 500 g", "net_content": "500", "net_unit": "GRM", "weight_g": 560, "price": 390_000}],
            },
            op_key=key(), is_demo=True,
        )  # fmt: skip
    # Letters of the past are not sent again today.
    session().execute(delete(Job).where(Job.id > before))


def _approve(officer: Actor, asked: listings.Submitted, key: str) -> None:
    row = queries.submission(str(asked.reference))
    if row is not None:
        listings.approve(officer, row.reference, revision=row.revision, op_key=key)
