"""One file from a url: goes on where it was cut, verified before it gets its name."""

from __future__ import annotations

import http.client
import logging
import os
import re
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import IO, Any, Iterator, Optional

from amela.errors import AmelaError
from amela.io.lock import OutputLock
from amela.provenance import file_sha256

BLOCK = 1 << 20  # bytes
TIMEOUT = 60.0  # s of silence from the server
PATIENCE = 86_400.0  # s that a second download of the same file waits for the first
ATTEMPTS = 4  # in a row that bring nothing
PAUSE = 1.0  # s after the first of them; doubles
TELL_EVERY = 30.0  # s between two lines of progress
COMPLETE = 416  # HTTP status: nothing behind the first byte that was asked for
FOR_NOW = {408, 425, 429, 500, 502, 503, 504}  # HTTP status that may be another in a moment

logger = logging.getLogger("download")


class Unreachable(AmelaError):
    """There is no way to the server, or none that holds."""


class _Cut(Exception):
    """The transfer ended early; what came is kept."""


def download(url: str, target: Path, sha256: Optional[str] = None, size: Optional[int] = None) -> str:
    """Fetch ``target`` unless it is there, whoever put it there.

    A file under way is ``target`` with ``.part`` behind it. A later call goes on with it only
    if ``sha256`` can tell that both halves belong together.

    Args:
        sha256: what the file must have; None: whatever it has.
        size: bytes, the same.

    Returns:
        Hex SHA-256 of the file.

    Raises:
        Unreachable: no network, or the server does not answer.
        AmelaError: the server refuses, the file has another digest or size, or it cannot be written.
    """
    if target.is_file():
        return verified(target, sha256, size, "remove it, and it is fetched again")
    with OutputLock(target, PATIENCE):
        if target.is_file():  # fetched while this process waited
            return verified(target, sha256, size, "remove it, and it is fetched again")
        part = target.with_name(f"{target.name}.part")
        if sha256 is None:
            part.unlink(missing_ok=True)
        logger.info("fetching %s to %s", url, target)
        _fetch(url, part, sha256 is not None)
        try:
            digest = verified(part, sha256, size, f"{url} gives another file; nothing was kept, try again later")
        except AmelaError:
            part.unlink()
            raise
        os.replace(part, target)
    return digest


def verified(path: Path, sha256: Optional[str], size: Optional[int], todo: str) -> str:
    """SHA-256 of a file. Raises AmelaError, with what to do, unless it and the size in bytes are the given ones."""
    found = path.stat().st_size
    if size is not None and found != size:  # known at once, while a digest takes long
        raise AmelaError(f"not the file it should be: it has {found} bytes, expected {size}", path, todo)
    digest = file_sha256(path)
    if sha256 is not None and digest != sha256:
        raise AmelaError(f"not the file it should be: its sha256 is {digest}, expected {sha256}", path, todo)
    if sha256 is None:
        logger.warning("%s: sha256 %s, which the registry does not know: recorded, not verified", path, digest)
    return digest


def _fetch(url: str, part: Path, certain: bool) -> None:
    """Fill ``part``. Unless its digest makes it ``certain`` later on, only a server that tells versions may go on."""
    validator: Optional[str] = None  # of the version that the server had: the rest must be of the same
    failures = 0
    while True:
        before = _size(part)
        try:
            with _open(url, before if certain or validator else 0, validator) as response:
                if response.status != COMPLETE:
                    validator = _validator(response)
                    _append(response, part, before)
            return
        except _Cut as cut:
            failures = 0 if _size(part) > before else failures + 1
            if failures == ATTEMPTS:
                raise Unreachable(f"cannot fetch: {cut}", url) from cut
            logger.warning("%s: %s; trying again", url, cut)
        time.sleep(PAUSE * 2 ** max(failures - 1, 0))


def _open(url: str, start: int, validator: Optional[str]) -> Any:
    """Response from byte ``start`` on, or of the whole file where the server cannot do that or has another file."""
    request = urllib.request.Request(url, headers={"User-Agent": "amela", "Accept-Encoding": "identity"})
    if start:
        request.add_header("Range", f"bytes={start}-")
        if validator is not None:
            request.add_header("If-Range", validator)
    try:
        return urllib.request.urlopen(request, timeout=TIMEOUT)
    except urllib.error.HTTPError as error:
        if error.code == COMPLETE and start:
            whole = error.headers.get("Content-Range") == f"bytes */{start}"
            return error if whole else _open(url, 0, None)  # or longer than the file: of another one
        if error.code in FOR_NOW:
            raise _Cut(f"the server answers {error.code} {error.reason}") from error
        raise AmelaError(f"the server answers {error.code} {error.reason}", url) from error
    except (OSError, http.client.HTTPException) as error:
        raise _Cut(str(getattr(error, "reason", error)) or repr(error)) from error


def _validator(response: Any) -> Optional[str]:
    """What tells this version of the file from others, byte for byte (RFC 9110, 8.8)."""
    tag = response.headers.get("ETag")
    return tag if tag and not tag.startswith("W/") else response.headers.get("Last-Modified")


def _append(response: Any, part: Path, start: int) -> None:
    """Write what comes behind byte ``start`` of ``part``, or anew if the server sends all of it."""
    match = re.match(r"bytes (\d+)-\d+/(\d+)", response.headers.get("Content-Range", ""))
    resumed = response.status == 206 and match is not None and int(match[1]) == start
    if response.status == 206 and not resumed:
        raise _Cut("the server sends another part than it was asked for")
    length = response.headers.get("Content-Length")
    total = int(match[2]) if resumed and match else int(length) if length else None
    done, told = start if resumed else 0, time.monotonic()
    try:
        with part.open("ab" if resumed else "wb") as out:
            for block in _blocks(response):
                out.write(block)
                done += len(block)
                if time.monotonic() - told > TELL_EVERY:
                    logger.info("%s: %d of %s MB", part, done >> 20, total >> 20 if total else "unknown")
                    told = time.monotonic()
    except OSError as error:
        raise AmelaError(f"cannot write: {error.strerror or error}", part) from error
    if total is not None and done != total:
        raise _Cut(f"{done} of {total} bytes came")


def _blocks(response: IO[bytes]) -> Iterator[bytes]:
    while True:
        try:
            block = response.read(BLOCK)
        except (OSError, http.client.HTTPException) as error:
            raise _Cut(f"the connection broke: {error!r}") from error
        if not block:
            return
        yield block


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
