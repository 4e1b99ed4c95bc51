"""The device's end of a cable: a pseudo-terminal published under a name that stays."""

import fcntl
import os
import tty
from contextlib import suppress
from pathlib import Path


class PtyPort:
    """A pseudo-terminal behind the symbolic link `link`; what nobody reads is dropped.

    It keeps its own hold on the far end, so that readers may come and go without a hang-up.
    """

    def __init__(self, link: Path) -> None:
        self.link = link
        self._master = self._slave = -1

    @property
    def is_open(self) -> bool:
        return self._master >= 0

    def fileno(self) -> int:
        return self._master

    def open(self) -> None:
        """Make a new terminal and let the link point to it, in one step for whoever looks."""
        if self.is_open:
            return
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        fresh = self.link.with_name(f"{self.link.name}.new")
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(os.ttyname(self._slave))
        fresh.replace(self.link)

    def close(self) -> None:
        """Pull the plug: the link goes, and who has the port open sees the device vanish."""
        if not self.is_open:
            return
        self.link.unlink(missing_ok=True)
        os.close(self._slave)
        os.close(self._master)
        self._master = self._slave = -1

    def read(self, most: int) -> bytes:
        try:
            return os.read(self._master, most)
        except BlockingIOError:
            return b""

    def write(self, data: bytes) -> None:
        with suppress(BlockingIOError):
            os.write(self._master, data)

    def occupy(self) -> None:
        """Hold the port as another program would, so that an exclusive open is refused."""
        fcntl.flock(self._slave, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def vacate(self) -> None:
        fcntl.flock(self._slave, fcntl.LOCK_UN)
