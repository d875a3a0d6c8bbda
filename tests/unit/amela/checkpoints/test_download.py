import hashlib
import os
import socket
import threading

import pytest

from amela.checkpoints.download import Unreachable, download
from amela.errors import AmelaError

CONTENT = os.urandom(300_000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def target(tmp_path):
    return tmp_path / "checkpoints" / "name" / "km.bin"


@pytest.fixture
def url(site):
    site.files["km.bin"] = CONTENT
    return site.url("km.bin")


def left(target):
    return sorted(path.name for path in target.parent.iterdir())


def test_fetches_and_leaves_nothing_else(site, url, target):
    assert download(url, target, SHA256) == SHA256
    assert target.read_bytes() == CONTENT
    assert left(target) == ["km.bin"]
    assert site.asked == [("km.bin", None)]


def test_what_is_there_is_not_fetched(site, url, target):
    download(url, target, SHA256)
    assert download(url, target, SHA256) == SHA256
    assert len(site.asked) == 1


def test_another_size_is_refused_before_anything_is_hashed(site, url, target, monkeypatch):
    def hashed(path):
        raise AssertionError("hashed")

    monkeypatch.setattr("amela.checkpoints.download.file_sha256", hashed)
    with pytest.raises(AmelaError, match=r"it has 300000 bytes, expected 299999 .* gives another file"):
        download(url, target, SHA256, 299_999)
    assert left(target) == []
    target.write_bytes(CONTENT[1:])
    with pytest.raises(AmelaError, match=r"it has 299999 bytes, expected 300000 .* remove it"):
        download(url, target, SHA256, 300_000)


def test_a_cut_connection_goes_on_where_it_was_cut(site, url, target):
    site.cut = [100_000, 50_000]
    assert download(url, target, SHA256) == SHA256
    assert [wanted for _, wanted in site.asked] == [None, "bytes=100000-", "bytes=150000-"]


def test_a_killed_download_goes_on(site, url, target):
    target.parent.mkdir(parents=True)
    (target.parent / "km.bin.part").write_bytes(CONTENT[:200_000])
    assert download(url, target, SHA256) == SHA256
    assert site.asked == [("km.bin", "bytes=200000-")]


def test_killed_between_the_last_byte_and_the_name(site, url, target):
    target.parent.mkdir(parents=True)
    (target.parent / "km.bin.part").write_bytes(CONTENT)
    assert download(url, target, SHA256) == SHA256
    assert site.asked == [("km.bin", "bytes=300000-")]


def test_more_than_there_is_was_of_another_file(site, url, target):
    target.parent.mkdir(parents=True)
    (target.parent / "km.bin.part").write_bytes(CONTENT + b"more")
    assert download(url, target, SHA256) == SHA256
    assert target.read_bytes() == CONTENT


def test_a_server_without_ranges_sends_all_again(site, url, target):
    site.ranges, site.cut = False, [100_000]
    assert download(url, target, SHA256) == SHA256
    assert target.read_bytes() == CONTENT


def test_a_server_that_sends_another_part(site, url, target):
    site.cut, site.shift = [100_000], 7
    with pytest.raises(Unreachable, match="another part"):
        download(url, target, SHA256)
    site.shift = 0
    assert download(url, target, SHA256) == SHA256


def test_without_a_digest_nothing_old_is_gone_on_with(site, url, target):
    target.parent.mkdir(parents=True)
    (target.parent / "km.bin.part").write_bytes(b"of another version" * 1000)
    assert download(url, target) == SHA256
    assert site.asked == [("km.bin", None)]


def test_without_a_digest_a_new_version_is_fetched_whole(site, url, target):
    """The server gives another version after the cut: its second half must not be joined to the first."""
    new = os.urandom(300_000)
    site.tags["km.bin"], site.cut = '"old"', [100_000]
    before = site.files["km.bin"]

    class Changing(dict):
        def __getitem__(self, path):
            return before if len(site.asked) == 1 else new

    class ChangingTags(dict):
        def get(self, path, default=None):
            return '"old"' if len(site.asked) == 1 else '"new"'

    site.files, site.tags = Changing(site.files), ChangingTags(site.tags)
    assert download(url, target) == hashlib.sha256(new).hexdigest()


def test_without_a_digest_or_a_version_a_cut_one_is_fetched_whole(site, url, target):
    site.cut = [100_000]
    assert download(url, target) == SHA256
    assert [wanted for _, wanted in site.asked] == [None, None]


def test_wrong_content_is_refused_and_not_kept(site, url, target):
    wrong = "0" * 64
    with pytest.raises(AmelaError, match=f"its sha256 is {SHA256}, expected {wrong}"):
        download(url, target, wrong)
    assert left(target) == []


def test_a_wrong_file_put_there_by_hand_is_refused_and_kept(site, url, target):
    target.parent.mkdir(parents=True)
    target.write_bytes(b"something else")
    with pytest.raises(AmelaError, match="remove it"):
        download(url, target, SHA256)
    assert target.read_bytes() == b"something else"
    assert site.asked == []


def test_a_file_put_there_by_hand_needs_no_network_and_no_right_to_write(target):
    target.parent.mkdir(parents=True)
    target.write_bytes(CONTENT)
    assert download("http://127.0.0.1:9/km.bin", target, SHA256) == SHA256
    assert left(target) == ["km.bin"]


@pytest.mark.parametrize("status", [403, 404, 410])
def test_a_refusal_is_told_at_once(site, url, target, status):
    site.status = [status]
    with pytest.raises(AmelaError, match=f"answers {status}") as told:
        download(url, target, SHA256)
    assert url in str(told.value)
    assert not isinstance(told.value, Unreachable)
    assert len(site.asked) == 1


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_server_is_asked_again(site, url, target, status):
    site.status = [status, status]
    assert download(url, target, SHA256) == SHA256
    assert len(site.asked) == 3


def test_a_server_that_stays_busy(site, url, target):
    site.status = [503] * 20
    with pytest.raises(Unreachable, match="503"):
        download(url, target, SHA256)
    assert len(site.asked) == 4


def test_no_server(target):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(Unreachable, match="refused"):
        download(f"http://127.0.0.1:{port}/km.bin", target, SHA256)


def test_no_name_service(target):
    with pytest.raises(Unreachable):
        download("http://nowhere.invalid/km.bin", target, SHA256)


def test_a_file_url(tmp_path, target):
    source = tmp_path / "source.bin"
    source.write_bytes(CONTENT)
    assert download(source.as_uri(), target, SHA256) == SHA256


def test_a_full_disk(site, url, target, room):
    with room(100_000), pytest.raises(AmelaError, match="cannot write"):
        download(url, target, SHA256)


def test_two_at_once_fetch_once(site, url, target):
    digests = []
    threads = [threading.Thread(target=lambda: digests.append(download(url, target, SHA256))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert digests == [SHA256] * 3
    assert len(site.asked) == 1
    assert left(target) == ["km.bin"]
