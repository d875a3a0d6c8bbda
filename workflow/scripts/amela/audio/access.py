"""Files that cannot be read: is it the file, or the disk that it lies on?"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

from amela.errors import Rejected

# It will be so when the job is tried again. Anything else (EIO, ESTALE, ETIMEDOUT, …) is the disk's fault and may pass.
OF_THE_FILE = {
    errno.ENOENT,
    errno.EACCES,
    errno.EPERM,
    errno.EISDIR,
    errno.ENOTDIR,
    errno.ELOOP,
    errno.ENAMETOOLONG,
}
BLOCK = 1 << 20  # bytes read at once


@contextmanager
def rejecting(path: Path) -> Iterator[None]:
    """Turn an OSError inside the block into Rejected where it tells of the file; any other passes, with its name."""
    try:
        yield
    except FileNotFoundError as error:
        raise Rejected("no such file", path) from error
    except OSError as error:
        if error.errno in OF_THE_FILE:
            raise Rejected(f"cannot be read: {error.strerror}", path) from error
        error.filename = error.filename or os.fspath(path)
        raise


def check_file(path: Path) -> None:
    """Raise Rejected unless ``path`` is a file that can be read and has something in it; OSError if a disk fails."""
    with rejecting(path):
        if not stat.S_ISREG(os.stat(path).st_mode):  # opening a pipe would wait for ever
            raise Rejected("not a file", path)
        with open(path, "rb") as file:
            if not file.read(1):
                raise Rejected("the file is empty", path)


def check_bytes(path: Path) -> None:
    """The same of every byte: libsndfile does not say why it got no further."""
    check_file(path)
    with rejecting(path), open(path, "rb") as file:
        while file.read(BLOCK):
            pass
