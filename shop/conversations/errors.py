"""Refusals about conversations."""

from __future__ import annotations

from shop.kernel.errors import N_, Conflict, TooManyRequests


class ConversationOver(Conflict):
    code = "conversation-over"
    title = N_("Kiện này đã xong quá thời hạn nên không nhắn thêm được. Hãy viết ở trang liên hệ.")


class TooManyMessages(TooManyRequests):
    code = "too-many-messages"
    title = N_("Bạn đã nhắn %(n)s tin trong một giờ. Hãy chờ một lúc rồi nhắn tiếp.")
