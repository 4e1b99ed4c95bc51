"""What finance tells the areas above it; each is sent inside the transaction of its cause."""

from __future__ import annotations

from blinker import Namespace

_namespace = Namespace()

#: Money has been taken. Carries ``receipt`` (confirmed, allocated), ``account`` and ``actor``.
#: The subject of the account has been locked before, if its area registered a lock; the bill is
#: issued after the signal, so that the book's row is locked for the shortest time. What a receiver
#: raises refuses the money.
receipt_confirmed = _namespace.signal("receipt_confirmed")

#: Money has been taken back. Carries ``receipt`` (the original, now reversed), ``reversal``,
#: ``account`` and ``actor``; locks as above.
receipt_reversed = _namespace.signal("receipt_reversed")
