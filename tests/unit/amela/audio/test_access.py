"""A file's fault is for ever, a disk's may pass."""

import errno
import os
from pathlib import Path

import pytest

from amela.audio import access
from amela.audio.access import check_bytes, check_file, rejecting
from amela.errors import Rejected


@pytest.mark.parametrize("name", ["EIO", "ESTALE", "ETIMEDOUT", "ENOTCONN", "EAGAIN", "ENOMEM", "EMFILE"])
def test_a_disks_fault_passes_and_names_the_file(name):
    number = getattr(errno, name)
    with pytest.raises(OSError) as raised, rejecting(Path("/speech/a.wav")):
        raise OSError(number, os.strerror(number))
    assert (raised.value.errno, raised.value.filename) == (number, "/speech/a.wav")
    assert "/speech/a.wav" in str(raised.value)


@pytest.mark.parametrize("name", ["ENOENT", "EACCES", "EPERM", "EISDIR", "ENOTDIR", "ELOOP", "ENAMETOOLONG"])
def test_a_files_fault_is_a_rejection(name):
    with pytest.raises(Rejected, match="a.wav"), rejecting(Path("/speech/a.wav")):
        raise OSError(getattr(errno, name), "words")


@pytest.mark.parametrize("check", [check_file, check_bytes])
def test_what_is_no_file_with_something_in_it(tmp_path, check):
    (tmp_path / "empty").touch()
    (tmp_path / "whole").write_bytes(b"12")
    (tmp_path / "loop").symlink_to("loop")
    os.mkfifo(tmp_path / "pipe")
    check(tmp_path / "whole")
    for name, reason in [
        ("gone", "no such file"),
        (".", "not a file"),
        ("pipe", "not a file"),
        ("empty", "the file is empty"),
        ("whole/a", "cannot be read: Not a directory"),
        ("loop", "cannot be read: Too many levels"),
        ("n" * 300, "cannot be read: File name too long"),
    ]:
        with pytest.raises(Rejected, match=reason):
            check(tmp_path / name)


@pytest.mark.skipif(not os.path.exists("/proc/self/mem"), reason="no file that the system cannot read")
@pytest.mark.parametrize("check", [check_file, check_bytes])
def test_a_real_input_output_error(check):
    with pytest.raises(OSError, match="Input/output error"):
        check(Path("/proc/self/mem"))


def test_every_byte_is_looked_at(tmp_path, monkeypatch, failing):
    (tmp_path / "a").write_bytes(bytes(3 * access.BLOCK))
    check_bytes(tmp_path / "a")
    monkeypatch.setattr(access, "open", failing(open, 2 * access.BLOCK), raising=False)
    check_file(tmp_path / "a")
    with pytest.raises(OSError, match="Input/output error"):
        check_bytes(tmp_path / "a")
