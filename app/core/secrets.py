"""Encryption of personal fields at rest: AES-GCM, an HMAC for equality, keys from FIELD_KEY.

While ``flask keys rotate`` has not gone through every row, FIELD_KEY_OLD opens what is still under
the key of before; nothing is written under it any more.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from base64 import b64decode, b64encode

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_NONCE = 12
_PURPOSES = ("encrypt", "match", "seal")
#: the keys in use, then those of before
_keys: list[dict[str, bytes]] = []


def use_field_key(secret: str, old: str = "") -> None:
    """Derive the keys from the deployment's FIELD_KEY; called once by the application factory."""
    _keys[:] = [_derived(one) for one in (secret, old) if one]


def _derived(secret: str) -> dict[str, bytes]:
    return {
        purpose: HKDF(
            algorithm=hashes.SHA256(), length=32, salt=None, info=purpose.encode()
        ).derive(secret.encode())
        for purpose in _PURPOSES
    }


def has_old_key() -> bool:
    """Tell whether the key of before is given as well."""
    return len(_keys) > 1


def encrypt(value: str, *, context: str) -> str:
    """Return the ciphertext of ``value``, bound to ``context`` (table, column and row id)."""
    return _sealed(value, context, _keys[0])


class TravelKey:
    """A key for one journey: what leaves this deployment is locked with it, not with FIELD_KEY."""

    def __init__(self, secret: str) -> None:
        self.secret = secret
        self._keys = _derived(secret)

    def encrypt(self, value: str, *, context: str) -> str:
        """Return the ciphertext of ``value`` under this key, bound to ``context``."""
        return _sealed(value, context, self._keys)

    def decrypt(self, stored: str, *, context: str) -> str:
        """Return the plain value. Raises InvalidTag for another key, row, or content."""
        return _opened(stored, context, self._keys)


def decrypt(stored: str, *, context: str) -> str:
    """Return the plain value. Raises InvalidTag if it was tampered with or moved to another row."""
    for keys in _keys[:-1]:
        try:
            return _opened(stored, context, keys)
        except InvalidTag:
            continue
    return _opened(stored, context, _keys[-1])


def is_current(stored: str, *, context: str) -> bool:
    """Tell whether the value is under the key in use."""
    try:
        _opened(stored, context, _keys[0])
    except InvalidTag:
        return False
    return True


def _sealed(value: str, context: str, keys: dict[str, bytes]) -> str:
    nonce = os.urandom(_NONCE)
    sealed = AESGCM(keys["encrypt"]).encrypt(nonce, value.encode(), context.encode())
    return b64encode(nonce + sealed).decode()


def _opened(stored: str, context: str, keys: dict[str, bytes]) -> str:
    raw = b64decode(stored)
    opened = AESGCM(keys["encrypt"]).decrypt(raw[:_NONCE], raw[_NONCE:], context.encode())
    return opened.decode()


def fingerprint(value: str) -> str:
    """Return a keyed hash for finding equal values without reading them."""
    return fingerprints(value)[0]


def fingerprints(value: str) -> list[str]:
    """Return the hash under the key in use, and under the one of before if it is given."""
    return [_hmac(keys["match"], value) for keys in _keys]


def seal(value: str) -> str:
    """Return a keyed hash that only who has the FIELD_KEY can make."""
    return _hmac(_keys[0]["seal"], value)


def old_seal(value: str) -> str:
    """Return the same under the key of before, for what was sealed with it."""
    return _hmac(_keys[-1]["seal"], value)


def _hmac(key: bytes, value: str) -> str:
    return hmac.new(key, value.encode(), hashlib.sha256).hexdigest()
