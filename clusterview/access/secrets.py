"""Tokens of 256 random bits, of which only the SHA-256 is kept."""

from __future__ import annotations

import hashlib
import secrets


def new() -> str:
    """A fresh token, safe in a URL."""
    return secrets.token_urlsafe(32)


def digest(token: str) -> str:
    """What is stored and looked up instead of the token."""
    return hashlib.sha256(token.encode()).hexdigest()
