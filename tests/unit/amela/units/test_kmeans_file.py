import json
import pickle
import subprocess
import sys
from pathlib import Path

import joblib
import numpy as np
import pytest
from sklearn.cluster import KMeans, MiniBatchKMeans

from amela.errors import DataError
from amela.units.kmeans_file import read_centroids

SCRIPTS = Path(__file__).resolve().parents[4] / "workflow" / "scripts"
FRAMES_ND = np.random.default_rng(0).normal(size=(200, 8)).astype(np.float32)


@pytest.fixture(scope="module", params=[KMeans, MiniBatchKMeans])
def model(request):
    """With everything in it that models of any version carry, a random generator among them."""
    return request.param(5, n_init=1, random_state=np.random.RandomState(1)).fit(FRAMES_ND)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "km.bin"


class Calls:
    """Pickles to a call of a function."""

    def __init__(self, function, *arguments):
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("compress", [0, 3, ("zlib", 9), ("gzip", 3), ("bz2", 3), ("lzma", 3), ("xz", 3)])
def test_joblib(model, path, compress):
    joblib.dump(model, path, compress=compress)
    found_KD = read_centroids(path)
    assert found_KD.dtype == np.float32
    np.testing.assert_array_equal(found_KD, joblib.load(path).cluster_centers_)


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_pickle(model, path, protocol):
    path.write_bytes(pickle.dumps(model, protocol))
    np.testing.assert_array_equal(read_centroids(path), model.cluster_centers_)


@pytest.mark.parametrize("kind", ["<f4", ">f4", "<f8", "<f2"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_types_and_orders_of_arrays(path, kind, order):
    wanted_KD = np.array(np.arange(12).reshape(3, 4), dtype=kind, order=order)
    joblib.dump({"model": wanted_KD}["model"], path)
    np.testing.assert_array_equal(read_centroids(path), wanted_KD)
    path.write_bytes(pickle.dumps(wanted_KD, 4))
    np.testing.assert_array_equal(read_centroids(path), wanted_KD)


def test_float64_becomes_float32(path):
    model = KMeans(3, n_init=1, random_state=0).fit(FRAMES_ND.astype(np.float64))
    joblib.dump(model, path)
    np.testing.assert_array_equal(read_centroids(path), model.cluster_centers_.astype(np.float32))


def test_numpy_files(tmp_path):
    wanted_KD = FRAMES_ND[:5]
    np.save(tmp_path / "a.npy", wanted_KD)
    np.savez(tmp_path / "one.npz", wanted_KD)
    np.savez(tmp_path / "named.npz", centroids=wanted_KD, counts=np.zeros(5))
    np.savez(tmp_path / "two.npz", a=wanted_KD, b=wanted_KD)
    for name in ("a.npy", "one.npz", "named.npz"):
        np.testing.assert_array_equal(read_centroids(tmp_path / name), wanted_KD)
    with pytest.raises(DataError, match="arrays a, b"):
        read_centroids(tmp_path / "two.npz")


def test_it_needs_neither_scikit_learn_nor_joblib(model, path):
    joblib.dump(model, path, compress=3)
    code = (
        "import sys; sys.modules.update(sklearn=None, joblib=None); from pathlib import Path;"
        "from amela.units.kmeans_file import read_centroids; print(read_centroids(Path(sys.argv[1])).shape)"
    )
    done = subprocess.run([sys.executable, "-c", code, path], cwd=SCRIPTS, capture_output=True, text=True, check=True)
    assert done.stdout == "(5, 8)\n"


@pytest.mark.parametrize(
    ("function", "arguments", "name"),
    [
        (eval, ("open('MARK', 'w')",), "builtins.eval"),
        (exec, ("open('MARK', 'w')",), "builtins.exec"),
        (subprocess.call, (["touch", "MARK"],), "subprocess.call"),
        (getattr, ("x", "upper"), "builtins.getattr"),
        (np.load, ("MARK",), "numpy.load"),
        (np.lib.format.open_memmap, ("MARK", "w+"), "numpy.lib.format.open_memmap"),
        (joblib.load, ("MARK",), "joblib.numpy_pickle.load"),
    ],
)
@pytest.mark.parametrize("place", ["alone", "in a model", "as an attribute's type", "compressed"])
def test_calls_are_refused_by_name_and_not_made(tmp_path, path, function, arguments, name, place):
    mark = tmp_path / "executed"

    given = [json.loads(json.dumps(each).replace("MARK", str(mark))) for each in arguments]
    evil = Calls(function, *given)
    if place == "alone":
        path.write_bytes(pickle.dumps(evil))
    else:
        model = KMeans(2, n_init=1).fit(FRAMES_ND)
        if place == "as an attribute's type":
            model.cluster_centers_ = evil
        else:
            model.verbose = evil
        joblib.dump(model, path, compress=3 if place == "compressed" else 0)
    with pytest.raises(DataError, match="nothing was executed") as told:
        read_centroids(path)
    assert name.rpartition(".")[2] in str(told.value)
    assert not mark.exists()


@pytest.mark.parametrize("module", ["os", "posix", "builtins", "sklearn.utils", "numpy.core.multiarray.fromfile"])
def test_names_beside_those_that_are_needed(path, module):
    path.write_bytes(f"c{module}\nsystem\n.".encode())
    with pytest.raises(DataError, match=rf"asks for {module}\.system"):
        read_centroids(path)


def test_a_needed_name_is_never_called(path):
    """``numpy.random`` has functions that open files: here its names lead nowhere."""
    path.write_bytes(b"cnumpy.random\n__RandomState_ctor\n(VMT19937\ntR.")
    with pytest.raises(DataError, match="no array"):
        read_centroids(path)


def test_a_state_for_what_is_no_stand_in(path):
    path.write_bytes(b"}}b.")
    with pytest.raises(DataError, match="a state for dict"):
        read_centroids(path)


def test_objects_in_arrays_are_refused(path):
    joblib.dump(np.array([[object()]]), path)
    with pytest.raises(DataError, match="values of type 'O"):
        read_centroids(path)
    np.save(path.with_suffix(".npy"), np.array([[object()]]))
    with pytest.raises(DataError, match="allow_pickle"):
        read_centroids(path.with_suffix(".npy"))


def test_every_cut_is_refused(model, path):
    joblib.dump(model, path)
    whole = path.read_bytes()
    for length in range(0, len(whole) - 1, 97):
        path.write_bytes(whole[:length])
        with pytest.raises(DataError):
            read_centroids(path)


def test_an_impossible_shape_takes_no_memory(path):
    joblib.dump(np.zeros((3, 4), np.float32), path)
    described = path.read_bytes()
    path.write_bytes(described.replace(b"K\x03K\x04\x86", b"J\xff\xff\xff\x7fK\x04\x86"))
    with pytest.raises(DataError, match="an array of shape"):
        read_centroids(path)


def test_a_file_that_unpacks_to_more_than_any_codebook(path, monkeypatch):
    monkeypatch.setattr("amela.units.kmeans_file.LARGEST", 10_000)
    joblib.dump(np.zeros((100, 100), np.float32), path, compress=9)
    assert path.stat().st_size < 10_000
    with pytest.raises(DataError, match="too large"):
        read_centroids(path)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (np.zeros(5), r"found \(5,\)"),
        (np.zeros((0, 5)), r"found \(0, 5\)"),
        (np.zeros((2, 2, 2)), r"found \(2, 2, 2\)"),
        (np.array([[0.0, np.nan]]), "not finite"),
        (np.array([[0.0, 1e300]]), "not finite"),
        ({"a": 1}, "dict is no array"),
        ([[1.0]], "list is no array"),
    ],
)
@pytest.mark.filterwarnings("ignore:overflow")
def test_what_is_no_codebook(path, content, told):
    joblib.dump(content, path)
    with pytest.raises(DataError, match=told):
        read_centroids(path)


def test_other_models(path):
    from sklearn.linear_model import LinearRegression

    joblib.dump(LinearRegression().fit(FRAMES_ND, FRAMES_ND[:, 0]), path)
    with pytest.raises(DataError, match=r"sklearn\.linear_model"):
        read_centroids(path)
    joblib.dump(KMeans(5), path)  # never fitted
    with pytest.raises(DataError, match="cluster_centers_"):
        read_centroids(path)


@pytest.mark.parametrize("content", [b"", b"text", b"\x80\x04.", b"\x1f\x8b no gzip"])
def test_what_is_no_file_of_this_kind(path, content):
    path.write_bytes(content)
    with pytest.raises(DataError, match="no k-means model|cannot be read"):
        read_centroids(path)
