"""What lists tell the areas above them; sent inside the transaction of its cause."""

from __future__ import annotations

from blinker import Namespace

_namespace = Namespace()

#: An export is ready or has failed. Carries ``export`` and ``actor``.
export_ended = _namespace.signal("export_ended")
