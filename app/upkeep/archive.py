"""The archive: a tar of pieces in one age stream; written and read without holding it in memory."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import tarfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pyrage
from flask_babel import lazy_gettext as _l

from app.core.errors import DomainError, Invalid

MAGIC = b"XIAOKONG-BACKUP 1\n"
PIECE = 4 * 1024 * 1024
LONGEST_HEADER = 100_000


class ArchiveFault(DomainError):
    """The archive is not whole, not ours, or cannot be opened with this key."""

    status = 422
    default_code = "archive"


@dataclass(frozen=True)
class Lock:
    """What an archive is locked with: the office's public key, or a passphrase."""

    recipient: str = ""
    passphrase: str = ""

    def seal(self) -> tuple[Any, dict[str, str]]:
        """Return whom to encrypt to, and what the header must say. Raises Invalid."""
        if self.recipient:
            try:
                return pyrage.x25519.Recipient.from_str(self.recipient.strip()), {"lock": "key"}
            except pyrage.RecipientError as error:
                raise Invalid(
                    _l("BACKUP_RECIPIENT is not an age key; it begins with age1.")
                ) from error
        # A passphrase would need the whole in memory; it opens a key made for this archive alone.
        identity = pyrage.x25519.Identity.generate()
        sealed = pyrage.passphrase.encrypt(str(identity).encode(), self.passphrase)
        header = {"lock": "passphrase", "identity": base64.b64encode(sealed).decode()}
        return identity.to_public(), header

    def open(self, header: dict[str, str]) -> Any:
        """Return the identity that opens an archive with this header. Raises ArchiveFault."""
        if header.get("lock") == "passphrase":
            return self._by_passphrase(header)
        if not self.recipient:
            raise ArchiveFault(
                _l(
                    "This archive is locked with a key. Give the file of the secret key:"
                    " --identity FILE."
                )
            )
        try:
            return pyrage.x25519.Identity.from_str(self.recipient.strip())
        except pyrage.IdentityError as error:
            raise ArchiveFault(
                _l("This is no secret age key; it begins with AGE-SECRET-KEY-.")
            ) from error

    def _by_passphrase(self, header: dict[str, str]) -> Any:
        if not self.passphrase:
            raise ArchiveFault(
                _l(
                    "This archive is locked with a passphrase. Give its file:"
                    " --passphrase-file FILE."
                )
            )
        try:
            sealed = base64.b64decode(header["identity"])
            opened = pyrage.passphrase.decrypt(sealed, self.passphrase)
            return pyrage.x25519.Identity.from_str(opened.decode())
        except (KeyError, ValueError, pyrage.DecryptError) as error:
            raise ArchiveFault(_l("The passphrase does not open this archive.")) from error


class Writer:
    """Puts named streams into the tar, in pieces, and keeps their checksums."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar
        self.sums: dict[str, dict[str, Any]] = {}

    def put(self, name: str, source: IO[bytes], mode: int = 0o600) -> None:
        """Add everything that the source yields under the name."""
        digest, size, number = hashlib.sha256(), 0, 0
        while True:
            piece = source.read(PIECE)
            if not piece and number:
                break
            # An empty stream is one empty piece, so that it is there at all.
            self._member(f"{name}/{number:08d}", piece, mode)
            digest.update(piece)
            size += len(piece)
            number += 1
            if not piece:
                break
        self.sums[name] = {"sha256": digest.hexdigest(), "size": size}

    def put_json(self, name: str, value: Any) -> None:
        """Add a small document as one member."""
        self._member(name, json.dumps(value, ensure_ascii=False).encode(), 0o600)

    def _member(self, name: str, content: bytes, mode: int) -> None:
        member = tarfile.TarInfo(name)
        member.size = len(content)
        member.mode = mode
        self._tar.addfile(member, io.BytesIO(content))


def write_archive(target: IO[bytes], lock: Lock, fill: Callable[[Writer], None]) -> None:
    """Write header and encrypted tar; ``fill`` puts the streams in, in a thread of its own.

    Raises whatever ``fill`` raises.
    """
    recipient, header = lock.seal()
    target.write(MAGIC)
    target.write(json.dumps(header).encode() + b"\n")
    reading, writing = os.pipe()
    trouble: list[BaseException] = []

    def produce() -> None:
        try:
            with (
                os.fdopen(writing, "wb") as sink,
                tarfile.open(fileobj=sink, mode="w|", bufsize=PIECE) as tar,
            ):
                fill(Writer(tar))
        except BaseException as error:  # noqa: BLE001 - it is raised in the caller's thread
            trouble.append(error)

    thread = threading.Thread(target=produce, name="archive")
    thread.start()
    try:
        with os.fdopen(reading, "rb") as source:
            pyrage.encrypt_io(source, target, [recipient])
    finally:
        thread.join()
    if trouble:
        raise trouble[0]


@contextmanager
def opened(path: Path, lock: Lock) -> Iterator[tarfile.TarFile]:
    """Yield the archive's tar for reading once, in order.

    Raises ArchiveFault for a file that is not ours, cut off, changed, or locked otherwise.
    """
    with path.open("rb") as file:
        identity = lock.open(_header(file))
        reading, writing = os.pipe()
        trouble: list[BaseException] = []

        def decrypt() -> None:
            try:
                with os.fdopen(writing, "wb") as sink:
                    pyrage.decrypt_io(file, sink, [identity])
            except BrokenPipeError:
                return  # the reader has seen enough
            except BaseException as error:  # noqa: BLE001 - it is raised in the caller's thread
                trouble.append(error)

        thread = threading.Thread(target=decrypt, name="archive")
        thread.start()
        try:
            with (
                os.fdopen(reading, "rb") as source,
                tarfile.open(fileobj=source, mode="r|", bufsize=PIECE) as tar,
            ):
                yield tar
        except (tarfile.TarError, EOFError, ArchiveFault) as error:
            thread.join()
            if isinstance(error, ArchiveFault) and not trouble:
                raise
            raise _said(trouble, error) from error
        finally:
            thread.join()
        if trouble:
            raise _said(trouble, trouble[0])


def _header(file: IO[bytes]) -> dict[str, str]:
    if file.readline(len(MAGIC) + 1) != MAGIC:
        raise ArchiveFault(_l("This file is no backup of ours."))
    try:
        found = json.loads(file.readline(LONGEST_HEADER))
    except ValueError as error:
        raise ArchiveFault(_l("The head of the archive is damaged.")) from error
    if not isinstance(found, dict):
        raise ArchiveFault(_l("The head of the archive is damaged."))
    return found


def _said(trouble: list[BaseException], error: BaseException) -> ArchiveFault:
    cause = trouble[0] if trouble else error
    if isinstance(cause, pyrage.DecryptError) and "matching" in str(cause):
        return ArchiveFault(_l("This key does not open the archive: it was locked with another."))
    return ArchiveFault(
        _l("The archive is damaged or cut off. Take another copy; nothing was changed.")
    )


@dataclass
class Stream:
    """One named stream of the archive, read piece by piece."""

    name: str
    pieces: Iterator[bytes]


class Reader:
    """Walks the tar: ``head`` first, then streams; the manifest at the end proves them."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._members = iter(tar)
        self._tar = tar
        self._next: tarfile.TarInfo | None = None
        self.sums: dict[str, dict[str, Any]] = {}
        self.head: dict[str, Any] = self._document(next(self._members, None), "head.json")
        self.manifest: dict[str, Any] = {}

    def streams(self) -> Iterator[Stream]:
        """Yield the streams in order; what a caller leaves unread is read for the proof."""
        member = next(self._members, None)
        while member is not None and member.name != "manifest.json":
            name = member.name.rpartition("/")[0]
            self._next = member
            pieces = self._pieces(name)
            yield Stream(name, pieces)
            for _rest in pieces:
                pass
            member = self._next
        self.manifest = self._document(member, "manifest.json")
        if self.manifest.get("streams") != self.sums:
            raise ArchiveFault(_l("The archive does not hold what its manifest says."))

    def _pieces(self, name: str) -> Iterator[bytes]:
        digest, size = hashlib.sha256(), 0
        while self._next is not None and self._next.name.rpartition("/")[0] == name:
            source = self._tar.extractfile(self._next)
            piece = source.read() if source is not None else b""
            digest.update(piece)
            size += len(piece)
            yield piece
            self._next = next(self._members, None)
        self.sums[name] = {"sha256": digest.hexdigest(), "size": size}

    def _document(self, member: tarfile.TarInfo | None, name: str) -> dict[str, Any]:
        source = self._tar.extractfile(member) if member and member.name == name else None
        if source is None:
            raise ArchiveFault(
                _l("The archive is damaged or cut off. Take another copy; nothing was changed.")
            )
        found: dict[str, Any] = json.loads(source.read())
        return found
