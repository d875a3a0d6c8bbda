"""What the tests of this package share."""

import errno
import os

import pytest


class FailingFile:
    """An open file of a disk that fails after so many bytes."""

    def __init__(self, file, n_bytes, number):
        self._file, self._n_bytes, self._number = file, n_bytes, number

    def read(self, size=-1):
        if size < 0 or self._file.tell() + size > self._n_bytes:
            raise OSError(self._number, os.strerror(self._number))
        return self._file.read(size)

    def __getattr__(self, name):
        return getattr(self._file, name)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self._file.close()


@pytest.fixture
def failing():
    """Function that turns a function that opens files into one of a disk that fails."""

    def make(opens, n_bytes=0, number=errno.EIO):
        return lambda *args, **options: FailingFile(opens(*args, **options), n_bytes, number)

    return make
