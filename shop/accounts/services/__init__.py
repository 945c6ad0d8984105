"""The commands of the room: the only writers of users, rights, sessions, factors, addresses and consents."""

from shop.accounts.services.addresses import AddressGiven, add_address, choose_address, edit_address, remove_address
from shop.accounts.services.factors import begin_totp, confirm_totp, end_totp, new_recovery_codes, reset_totp
from shop.accounts.services.privacy import erase, erase_oneself, erased_with_traces, give_consent, withdraw_consent
from shop.accounts.services.profile import (
    ask_email,
    ask_reset,
    change_password,
    change_phone,
    confirm_email,
    edit_profile,
    issue_reset_link,
    post_reset,
    send_confirmation,
    set_password,
)
from shop.accounts.services.registration import create, register
from shop.accounts.services.rights import disable, enable, grant, revoke
from shop.accounts.services.signing_in import (
    Browser,
    Entered,
    end_session,
    end_sessions,
    end_sessions_of,
    second_step,
    sign_in,
    sign_out,
    touch,
)

__all__ = [
    "AddressGiven",
    "Browser",
    "Entered",
    "add_address",
    "ask_email",
    "ask_reset",
    "begin_totp",
    "change_password",
    "change_phone",
    "choose_address",
    "confirm_email",
    "confirm_totp",
    "create",
    "disable",
    "edit_address",
    "edit_profile",
    "enable",
    "end_session",
    "end_sessions",
    "end_sessions_of",
    "end_totp",
    "erase",
    "erase_oneself",
    "erased_with_traces",
    "give_consent",
    "grant",
    "issue_reset_link",
    "new_recovery_codes",
    "post_reset",
    "register",
    "remove_address",
    "reset_totp",
    "revoke",
    "second_step",
    "send_confirmation",
    "set_password",
    "sign_in",
    "sign_out",
    "touch",
    "withdraw_consent",
]
