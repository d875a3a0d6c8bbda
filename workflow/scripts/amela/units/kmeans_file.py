"""Centroids from files that others wrote: scikit-learn's k-means as joblib or pickle keep it, and NumPy's files.

Such a pickle may name any function of the machine, to be called when it is read. Here no name
leads anywhere: those that a k-means model needs stand for a class that keeps what it is given,
every other one is refused. scikit-learn and joblib are not needed, whatever version wrote the file.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import pickle
import re
import zipfile
import zlib
from pathlib import Path
from typing import IO, Any, Callable, Dict, Tuple

import numpy as np

from amela.errors import DataError

# Shape legend: K = units, D = feature dimension.

CENTROIDS = "cluster_centers_"  # scikit-learn's name of them
LARGEST = 1 << 30  # bytes of content; a codebook of 6,400 units of 1,280 dimensions has 33 million
NEEDED = re.compile(
    r"sklearn\.cluster\.\w+(\.\w+)*|numpy\.(ndarray|dtype)|numpy\.random\..+"
    r"|numpy\._?core\.(multiarray\.(_reconstruct|scalar)|numeric\._frombuffer)"
    r"|(sklearn\.externals\.)?joblib\.numpy_pickle\.NumpyArrayWrapper|_codecs\.encode"
)
NUMBERS = re.compile(r"[<>=|]?([fiu][1248]|b1)")  # types of an array's values
PICKLES: Dict[bytes, Callable[[bytes], bytes]] = {  # first bytes → how to uncompress so many bytes; joblib has these
    b"\x78": lambda data: zlib.decompressobj().decompress(data, LARGEST + 1),
    b"\x1f\x8b": lambda data: gzip.GzipFile(fileobj=io.BytesIO(data)).read(LARGEST + 1),
    b"BZ": lambda data: bz2.BZ2Decompressor().decompress(data, LARGEST + 1),
    b"\xfd7zXZ": lambda data: lzma.LZMADecompressor().decompress(data, LARGEST + 1),
    b"\x5d\x00": lambda data: lzma.LZMADecompressor().decompress(data, LARGEST + 1),
}


class _Refused(Exception):
    """The pickle wants what no k-means model needs."""


class _Inert:
    """What stands for a class or function that a pickle names."""

    name = ""

    def __new__(cls, *arguments: Any) -> Any:
        if cls.name == "_codecs.encode":  # how old pickles write bytes
            text, encoding = arguments
            return text.encode({"latin1": "latin-1"}[encoding])
        made = super().__new__(cls)
        made.arguments, made.state = arguments, None
        return made


class _Unpickler(pickle._Unpickler):  # type: ignore[name-defined]  # the one in Python: that in C has no ``dispatch``
    """Pickles of plain values, inert stand-ins, and arrays whose values joblib writes behind their description."""

    dispatch = dict(pickle._Unpickler.dispatch)  # type: ignore[attr-defined]

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__(file)
        self._content = file

    def find_class(self, module: str, name: str) -> Any:
        full_name = f"{module}.{name}"
        if not NEEDED.fullmatch(full_name):
            raise _Refused(full_name)
        return type(name, (_Inert,), {"name": full_name})

    def load_build(self) -> None:
        state = self.stack.pop()
        made = self.stack[-1]
        if not isinstance(made, _Inert):
            raise _Refused(f"a state for {type(made).__name__}")
        made.state = state
        if made.name.endswith("NumpyArrayWrapper"):
            self.stack[-1] = _read_array(self._content, state)

    dispatch[pickle.BUILD[0]] = load_build


def read_centroids(path: Path) -> np.ndarray:
    """Centroids of a k-means model, float32, shape (K, D).

    Reads what ``joblib.dump`` (0.10 or later, compressed or not, but for lz4) and ``pickle.dump``
    write of scikit-learn's ``KMeans`` and ``MiniBatchKMeans`` or of the array alone, and ``.npy``
    and ``.npz`` files.

    Raises:
        DataError: it is none of these, has no centroids or such that are not finite numbers, or
            asks for something that no k-means model needs; the message names it. Nothing that
            the file names is imported or called.
    """
    try:
        found = _from_numpy(path) if _is_numpy(path) else _from_pickle(path)
        centroids_KD = np.ascontiguousarray(found, dtype=np.float32)
    except _Refused as error:
        raise DataError(
            f"it asks for {error}, which no k-means model needs; nothing was executed",
            path,
            "take the file from where the codebook was published",
        ) from error
    except OSError as error:
        raise DataError(f"cannot be read: {error.strerror or error}", path) from error
    except Exception as error:  # a damaged or crafted file may bring up any
        raise DataError(f"no k-means model of scikit-learn, no array: {error!r}", path) from error
    if centroids_KD.ndim != 2 or 0 in centroids_KD.shape:
        raise DataError(f"centroids must be (units, dimension), found {centroids_KD.shape}", path)
    if not np.isfinite(centroids_KD).all():
        raise DataError("centroids that are not finite numbers", path)
    return centroids_KD


def _is_numpy(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(6) == b"\x93NUMPY" or zipfile.is_zipfile(path)


def _from_numpy(path: Path) -> np.ndarray:
    found = np.load(path, allow_pickle=False)
    if isinstance(found, np.ndarray):
        return found
    with found:
        names = [name for name in (CENTROIDS, "centroids") if name in found.files] or found.files
        if len(names) != 1:
            raise ValueError(f"arrays {', '.join(found.files)}, none of them named {CENTROIDS} or centroids")
        return found[names[0]]


def _from_pickle(path: Path) -> np.ndarray:
    if path.stat().st_size > LARGEST:
        raise ValueError("too large for a codebook")
    data = path.read_bytes()
    for start, uncompress in PICKLES.items():
        if data.startswith(start):
            data = uncompress(data)
            break
    if len(data) > LARGEST:
        raise ValueError("too large for a codebook")
    content = _Unpickler(io.BytesIO(data)).load()
    state = content.state if isinstance(content, _Inert) else None
    return _array(state[CENTROIDS] if isinstance(state, dict) else content)


def _array(value: Any) -> np.ndarray:
    """Array that a pickle describes."""
    if isinstance(value, np.ndarray):
        return value
    if isinstance(value, _Inert) and value.name.endswith("_reconstruct"):  # version, shape, type, order, values
        shape, kind, fortran, values = value.state[-4:]
        return _filled(values, _type(kind), shape, "F" if fortran else "C")
    if isinstance(value, _Inert) and value.name.endswith("_frombuffer"):
        values, kind, shape, order = value.arguments[:4]
        return _filled(values, _type(kind), shape, order)
    raise ValueError(f"{type(value).__name__} is no array")


def _read_array(file: IO[bytes], description: Dict[str, Any]) -> np.ndarray:
    """Array whose values follow in the file, behind some bytes for alignment since joblib 1.2."""
    if description.get("numpy_array_alignment_bytes") is not None:
        file.read(file.read(1)[0])
    kind, shape = _type(description["dtype"]), description["shape"]
    return _filled(file.read(_count(shape) * kind.itemsize), kind, shape, description["order"])


def _filled(values: bytes, kind: np.dtype, shape: Tuple[int, ...], order: str) -> np.ndarray:
    return np.frombuffer(values, kind, _count(shape)).reshape(shape, order="F" if order == "F" else "C")


def _count(shape: Tuple[int, ...]) -> int:
    count = 1
    for length in shape:
        count *= length
    if not 0 <= count <= LARGEST:
        raise ValueError(f"an array of shape {shape}")
    return count


def _type(value: Any) -> np.dtype:
    """Type of values that a stand-in for ``numpy.dtype`` describes: numbers alone."""
    name = value.arguments[0]
    name = name.decode() if isinstance(name, bytes) else name
    if not NUMBERS.fullmatch(name):
        raise ValueError(f"values of type {name!r}")
    kind = np.dtype(name)
    order = value.state[1] if value.state else "="
    return kind.newbyteorder(order) if order in ("<", ">") else kind
