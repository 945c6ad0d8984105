"""What the catalogue refuses."""

from __future__ import annotations

from shop.kernel.errors import N_, Conflict, Invalid, NotFound


class NoSuchProduct(NotFound):
    """No product has this address, or it is not shown."""

    code = "no-such-product"
    title = N_("Không tìm thấy sản phẩm này. Có thể cửa hàng đã ngừng giới thiệu.")


class NoSuchSku(NotFound):
    """No variant has this SKU."""

    code = "no-such-sku"
    title = N_("Không có sản phẩm với mã này.")


class NotForSale(Conflict):
    """The variant is hidden, has no price in force, or is a service that is shown only."""

    code = "not-for-sale"
    title = N_("Sản phẩm này hiện không bán.")


class CertificateLapsed(Conflict):
    """The goods may be sold only with a certificate in force, and there is none."""

    code = "certificate-lapsed"
    title = N_("Chứng nhận OCOP của sản phẩm đã hết hiệu lực nên cửa hàng tạm ngừng bán.")


class SpanTaken(Conflict):
    """A price already begins at that instant."""

    code = "price-span-taken"
    title = N_("Đã có một mức giá bắt đầu vào đúng thời điểm này.")


class InThePast(Invalid):
    """A price may not change what was charged before now."""

    code = "price-in-the-past"
    title = N_("Giá mới không thể bắt đầu trong quá khứ.")


class NumberTaken(Conflict):
    """A certificate with that number exists."""

    code = "certificate-number-taken"
    title = N_("Số chứng nhận này đã có trong sổ.")


class SkuTaken(Conflict):
    """Another variant has that SKU."""

    code = "sku-taken"
    title = N_("Mã hàng (SKU) này đã được dùng cho loại khác.")


class GtinTaken(Conflict):
    """Another variant has that bar code."""

    code = "gtin-taken"
    title = N_("Mã vạch (GTIN) này đã được dùng cho loại khác.")


class BadPicture(Invalid):
    """The upload is not a photograph that the shop can read safely."""

    code = "bad-picture"
    title = N_("Tệp này không phải ảnh JPEG, PNG, WebP hoặc AVIF đọc được.")


class BadDocument(Invalid):
    """The upload is neither a PDF nor a photograph."""

    code = "bad-document"
    title = N_("Giấy tờ, chứng từ phải là tệp PDF hoặc ảnh JPEG, PNG, WebP.")
