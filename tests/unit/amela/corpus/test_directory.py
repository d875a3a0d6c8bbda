"""A directory as a corpus."""

import os

import pytest

from amela.corpus.directory import list_directory
from amela.errors import AmelaError


@pytest.fixture
def make(tmp_path):
    def files(*names, content=b"audio"):
        for name in names:
            path = tmp_path / os.fsdecode(name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return tmp_path

    return files


@pytest.fixture
def ids(listing):
    def listed(folder, include=(), exclude=()):
        return [recording.id for recording in list_directory(str(folder), listing(include, exclude))]

    return listed


def test_recursive_sorted_any_case_nothing_hidden(ids, make):
    folder = make("b/2.WAV", "b/10.flac", "a/x.Mp3", "z.opus", "notes.md", ".hidden.wav", ".cache/a.wav", "b/._2.WAV")
    assert ids(folder) == ["a/x", "b/10", "b/2", "z"]


def test_names_that_are_hard_to_write(listing, make):
    folder = make('it\'s "a" b.wav', "line\nbreak.wav", "ñ.wav", b"caf\xe9.wav", "50%.wav")
    recordings = list(list_directory(str(folder), listing()))
    assert {recording.id for recording in recordings} == {"50%25", "caf%E9", 'it\'s "a" b', "line%0Abreak", "ñ"}
    assert all(os.path.isfile(recording.path) and recording.bytes == 5 for recording in recordings)


@pytest.mark.parametrize(
    ("include", "exclude", "expected"),
    [
        (["*.WAV"], [], ["session1/a", "session2/deep/b"]),
        (["Session1/*"], [], ["session1/a", "session1/c"]),
        ([], ["session1/*", "*/deep/*"], ["d"]),
        (["*.wav", "*.mkvx"], [], ["session1/a", "session1/e", "session2/deep/b"]),  # an ending of one's own
        (["*"], ["*.mp3"], ["d", "session1/a", "session2/deep/b"]),
        (["session1/[ab].*"], [], ["session1/a"]),
    ],
)
def test_patterns(ids, make, include, exclude, expected):
    folder = make(
        "session1/a.wav", "session1/c.mp3", "session1/notes.md", "session1/e.mkvx", "session2/deep/b.wav", "d.flac"
    )
    assert ids(folder, include, exclude) == expected


def test_links_are_followed_but_not_in_circles(ids, make):
    folder = make("one/a.wav", "data/b.wav")
    (folder / "one" / "up").symlink_to(folder)
    (folder / "two").symlink_to(folder / "data")
    (folder / "c.wav").symlink_to(folder / "data" / "b.wav")
    (folder / "gone.wav").symlink_to(folder / "nowhere.wav")
    (folder / "self.wav").symlink_to(folder / "self.wav")
    assert ids(folder) == ["c", "data/b", "gone", "one/a", "self", "two/b"]  # a broken link is not lost in silence


@pytest.mark.parametrize(
    ("names", "speakers"),
    [
        (["anna/1/a.wav", "ben/b.wav"], ["anna", "ben"]),
        (["anna/a.wav", "anna/b.wav"], [None, None]),  # one folder tells nothing apart
        (["anna/a.wav", "ben/b.wav", "c.wav"], [None, None, None]),
    ],
)
def test_first_folders_are_speakers_if_all_recordings_have_one(listing, make, names, speakers):
    recordings = list(list_directory(str(make(*names)), listing()))
    assert [recording.metadata.get("speaker") for recording in recordings] == speakers


@pytest.mark.parametrize(
    ("ending", "content", "text"),
    [
        ("txt", b"The quick\nbrown  fox.\n", "The quick brown fox."),
        ("lab", "\ufeffñandú".encode(), "ñandú"),
        ("txt", b"2 6 4 8", "2 6 4 8"),  # digits read aloud
        ("lab", b"0.23\t0.61\tspeech\n0.61\t0.9\tsilence\n", None),
        ("txt", b"caf\xe9", None),
        ("txt", b" \n", None),
    ],
)
def test_a_transcript_beside_the_recording(listing, make, ending, content, text):
    folder = make("anna/a.wav", "anna/b.wav")
    make(f"anna/a.{ending}", content=content)
    a, b = list(list_directory(str(folder), listing()))
    assert a.metadata.get("text") == text and "text" not in b.metadata


def test_real_label_files_are_no_transcripts(listing, speech):
    recordings = list(list_directory(str(speech / "librivox"), listing()))
    assert len(recordings) == 5 and not any("text" in recording.metadata for recording in recordings)


def test_no_audio_says_what_was_looked_for(ids, make):
    with pytest.raises(AmelaError, match=r"no audio .*flac.* wav .*include: everything"):
        ids(make("notes.md"))
    with pytest.raises(AmelaError, match=r"include: \*\.flac; exclude: nothing"):
        ids(make("a.wav"), ["*.flac"])


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_must_not_be_read_stands_in_the_ledger(listing, make):
    folder = make("a.wav", "secret/b.wav")
    (folder / "secret").chmod(0)
    found = listing()
    try:
        assert [recording.id for recording in list_directory(str(folder), found)] == ["a"]
    finally:
        (folder / "secret").chmod(0o700)
    assert [(row["id"], row["reason"]) for row in found.ledger.rows] == [
        ("secret", "folder cannot be read: Permission denied")
    ]
    assert found.listed == 2
