"""Files of their own, whatever the ids."""

import os
import re

import pytest

from amela.audio.places import audio_place

OWN_NAME = re.compile(r"~[0-9a-f]{16}\.flac")


def write(folder, item):
    place = audio_place(folder, item)
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
    assert OWN_NAME.fullmatch(audio_place(tmp_path, fits + "xx"))
    assert OWN_NAME.fullmatch(write(tmp_path, "/".join(["x" * 190] * 30)))


def test_a_place_is_the_same_in_every_folder(tmp_path):
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
    for item in ("../a", "é" * 150):
        assert audio_place(tmp_path / "one", item) == audio_place(tmp_path / "two", item)
