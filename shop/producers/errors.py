"""What the room of producers refuses."""

from __future__ import annotations

from shop.kernel.errors import N_, Conflict, NotFound


class NoSuchProducer(NotFound):
    """No producer has this address, or it is not shown."""

    code = "no-such-producer"
    title = N_("Không tìm thấy nhà sản xuất này.")


class TaxCodeTaken(Conflict):
    """Another producer has that tax code."""

    code = "tax-code-taken"
    title = N_("Mã số thuế này đã thuộc về một cơ sở khác.")
