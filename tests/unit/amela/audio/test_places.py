"""Files of their own, whatever the ids."""

import os
import re

import numpy as np
import pytest

from amela.audio.places import Places

OWN_NAME = re.compile(r"~[0-9a-f]{16}\.flac")


def write(folder, item, places=None):
    place = (places or Places(folder)).new(item)
    (folder / place).parent.mkdir(parents=True, exist_ok=True)
    with (folder / place).open("xb"):  # fails on a file that exists
        return place


@pytest.mark.parametrize("item", ["a", "anna/day 1", "a.b/c.wav", "...", "~", "é/ñ", "caf\udce9", "x" * 200])
def test_a_place_is_the_id(tmp_path, item):
    assert write(tmp_path, item) == f"{item}.flac"


@pytest.mark.parametrize("item", ["", "/etc/a", "a/", "a//b", ".", "..", "../a", "a/../b", "a/./b"])
def test_an_id_that_is_no_path_stays_below_the_folder(tmp_path, item):
    assert OWN_NAME.fullmatch(write(tmp_path, item))


def test_a_place_that_is_taken(tmp_path):
    assert write(tmp_path, "a") == "a.flac"
    assert OWN_NAME.fullmatch(write(tmp_path, "a"))
    assert OWN_NAME.fullmatch(write(tmp_path, "a.flac/b/c"))  # a file stands where it wants a folder
    assert write(tmp_path, "b.flac/c") == "b.flac/c.flac"
    assert OWN_NAME.fullmatch(write(tmp_path, "b"))  # a folder stands where it wants a file


def test_names_too_long_for_a_file_keep_their_beginning_and_folder(tmp_path):
    names = ["é" * 150, "é" * 151, "x" + "é" * 150, "x" * 201, "x" * 5_000]
    places = [write(tmp_path, f"anna/{name}") for name in names]
    assert len(set(places)) == len(places)
    for name, place in zip(names, places):
        folder, found = place.split("/")
        assert folder == "anna"
        assert found.startswith(name[:80])
        assert len(os.fsencode(found)) <= 205


def test_folders_too_long_are_shortened_alike(tmp_path):
    first, second, other = (write(tmp_path, f"{folder}/a") for folder in ("x" * 300 + "1", "x" * 300 + "1", "x" * 301))
    assert re.fullmatch(r"x{183}~[0-9a-f]{16}/a\.flac", first)
    assert OWN_NAME.fullmatch(second)  # the same id once more
    assert other.endswith("/a.flac") and other != first


def test_paths_too_long_are_replaced(tmp_path):
    fits = "/".join(["x" * 4] * 399)  # 1,994 bytes, and five for the ending
    assert write(tmp_path, fits + "x") == f"{fits}x.flac"
    assert OWN_NAME.fullmatch(Places(tmp_path).new(fits + "xx"))
    assert OWN_NAME.fullmatch(write(tmp_path, "/".join(["x" * 190] * 30)))


def test_a_place_is_the_same_in_every_folder(tmp_path):
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
    for item in ("../a", "é" * 150):
        assert Places(tmp_path / "one").new(item) == Places(tmp_path / "two").new(item)


def entries(folder):
    """Most entries in any folder."""
    return max(len(list(path.iterdir())) for path in [folder, *folder.rglob("*")] if path.is_dir())


def corpus(n_items):
    """Ids in folders of many sizes and depths, some of which are like numbered folders or files."""
    rng = np.random.default_rng(0)
    items = [f"flat-{i}" for i in range(n_items)]
    items += [f"speaker-{rng.integers(40)}/{i}" for i in range(n_items)]
    items += [f"speaker-1/day-{rng.integers(20)}/{i}" for i in range(n_items)]
    items += ["~1/a", "speaker-1/~2/a", "~3", "speaker-1/~1", *(f"flat-{i}.flac/b" for i in range(20)), "..", "../~1"]
    return [items[i] for i in rng.permutation(len(items))]


def test_a_full_folder_goes_on_in_numbered_ones(tmp_path):
    places = Places(tmp_path, most_entries=3)
    found = [write(tmp_path, item, places) for item in ["a", "b/c", "b/d", "e", "f", "b/g", "h/i", "b/j", "k", "h/l"]]
    assert found == [
        "a.flac", "b/c.flac", "b/d.flac", "e.flac",  # a, the folder b and e fill the uppermost
        "~1/f.flac", "b/g.flac", "~1/h/i.flac", "b/~1/j.flac", "~1/k.flac", "~1/h/l.flac",
    ]  # fmt: skip
    assert write(tmp_path, "m", places) == "~2/m.flac"


def test_no_folder_is_too_large_and_no_two_items_share_a_place(tmp_path):
    items = corpus(120)
    places = Places(tmp_path, most_entries=20)
    found = [write(tmp_path, item, places) for item in items]
    assert len(set(found)) == len(items) == sum(path.is_file() for path in tmp_path.rglob("*"))
    assert 20 < entries(tmp_path) <= 2 * 20
    for item, place in zip(items, found):
        if not OWN_NAME.fullmatch(place.split("/")[-1]):
            assert re.sub(r"(^|(?<=/))~[0-9]+/", "", place) == f"{item}.flac"
    assert 6 <= sum(bool(OWN_NAME.fullmatch(place.split("/")[-1])) for place in found) <= 26


@pytest.mark.parametrize("done", [0, 1, 57, 200, 383])
def test_goes_on_as_if_never_interrupted(tmp_path, done):
    items = corpus(120)
    places = Places(tmp_path / "a", most_entries=20)
    whole = [write(tmp_path / "a", item, places) for item in items]
    places = Places(tmp_path / "b", most_entries=20)
    for item in items[:done]:
        write(tmp_path / "b", item, places)
    again = Places(tmp_path / "b", most_entries=20)
    for place in np.random.default_rng(done).permutation(whole[:done]).tolist():
        again.take(place)
    assert [write(tmp_path / "b", item, again) for item in items[done:]] == whole[done:]
