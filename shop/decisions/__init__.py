"""Decisions of councils: certificates issued from them, renewed, revoked; checks afterwards; the public register."""
