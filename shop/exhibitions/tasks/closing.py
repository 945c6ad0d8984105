"""What recurs after a fair: staff are told of goods that still lie in its booths, its last machines are let go."""

from __future__ import annotations

from datetime import timedelta

from shop.exhibitions.letters import closing as letters
from shop.exhibitions.services import finishing
from shop.kernel import jobs


@jobs.every(timedelta(days=1), name="exhibitions.goods-left", group="report")
def tell_goods_left() -> None:
    """Nothing lies in a fair's booths a day after its end; where something does, whoever closes fairs is told every day."""
    for fair, units in finishing.overdue():
        letters.goods_left(fair, units)


@jobs.every(timedelta(hours=1), name="exhibitions.last-machines", group="sweep")
def last_machines() -> None:
    """Machines of closed fairs that have sent all they had sell no more."""
    finishing.look_after()
