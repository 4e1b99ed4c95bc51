"""Encryption of personal fields at rest: AES-GCM, an HMAC for equality, keys from FIELD_KEY."""

from __future__ import annotations

import hashlib
import hmac
import os
from base64 import b64decode, b64encode

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_NONCE = 12
_keys: dict[str, bytes] = {}


def use_field_key(secret: str) -> None:
    """Derive the keys from the deployment's FIELD_KEY; called once by the application factory."""
    for purpose in ("encrypt", "match"):
        derive = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=purpose.encode())
        _keys[purpose] = derive.derive(secret.encode())


def encrypt(value: str, *, context: str) -> str:
    """Return the ciphertext of ``value``, bound to ``context`` (table, column and row id)."""
    nonce = os.urandom(_NONCE)
    sealed = AESGCM(_keys["encrypt"]).encrypt(nonce, value.encode(), context.encode())
    return b64encode(nonce + sealed).decode()


def decrypt(stored: str, *, context: str) -> str:
    """Return the plain value. Raises InvalidTag if it was tampered with or moved to another row."""
    raw = b64decode(stored)
    opened = AESGCM(_keys["encrypt"]).decrypt(raw[:_NONCE], raw[_NONCE:], context.encode())
    return opened.decode()


def fingerprint(value: str) -> str:
    """Return a keyed hash for finding equal values without reading them."""
    return hmac.new(_keys["match"], value.encode(), hashlib.sha256).hexdigest()
