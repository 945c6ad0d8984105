"""Bank transfer by VietQR: the buyer's own bank moves the money, a person sees it on the shop's account."""

from __future__ import annotations

import re

from config import Config, ConfigError
from shop.kernel.text import fold
from shop.orders.models import PaymentMethod
from shop.payments.gateway import ByHand


class BankTransfer(ByHand):
    """The shop's account, as a VietQR names it."""

    name = "vietqr"
    method = PaymentMethod.VIETQR

    def __init__(self, bank_bin: str, account: str, holder: str | None) -> None:
        self.bank_bin = bank_bin
        self.account = account
        self.holder = holder


def build(config: Config) -> BankTransfer | None:
    """The account of `BANK_BIN`, `BANK_ACCOUNT` and `BANK_ACCOUNT_NAME`, if there is one.

    Raises:
        ConfigError: only part of it is given, or it is no account.
    """
    if not config.bank_bin and not config.bank_account:
        return None
    account = re.sub(r"[\s.-]", "", config.bank_account or "")
    if not re.fullmatch(r"\d{6}", config.bank_bin or ""):
        raise ConfigError("BANK_BIN must be the bank's six-digit number, beside BANK_ACCOUNT")
    if not re.fullmatch(r"[A-Za-z0-9]{4,19}", account):
        raise ConfigError("BANK_ACCOUNT must be an account number of 4 to 19 letters and digits, beside BANK_BIN")
    holder = fold(config.bank_account_name or "").upper() or None
    return BankTransfer(str(config.bank_bin), account, holder)
