"""The commands of the room: the only writers of producers, their accounts, applications, papers, members and changes."""

from shop.producers.services import joining, members, papers, profile
from shop.producers.services.register import (
    FIELDS,
    REGISTRY,
    create_producer,
    free_slug,
    load_registry,
    place_text,
    registry_ids,
    set_bank_account,
    set_state,
    update_producer,
)

__all__ = [
    "FIELDS",
    "REGISTRY",
    "create_producer",
    "free_slug",
    "joining",
    "load_registry",
    "members",
    "papers",
    "place_text",
    "profile",
    "registry_ids",
    "set_bank_account",
    "set_state",
    "update_producer",
]
