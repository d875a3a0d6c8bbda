"""Shards, ledger and summary of a corpus."""

import csv
import json
import os
import random
from collections import Counter
from functools import partial
from operator import itemgetter

import pytest

from amela.corpus.inventory import BYTES_PER_SECOND, Known, list_source, weight, write_inventory, write_shards
from amela.corpus.listing import look_at, take_word
from amela.corpus.recordings import Recording, printable_id
from amela.errors import DataError
from amela.io.jsonl import read_jsonl


def recording(number, size=1_000, seconds=1.0, **metadata):
    return Recording(f"r{number}", f"audio/r{number}.wav", size, seconds, metadata)


def shards_in(folder):
    return [list(read_jsonl(folder / f"shard-{n}.jsonl")) for n in range(len(list(folder.glob("shard-*"))))]


def corpus(source, shards=3, include=(), exclude=()):
    return {"source": str(source), "include": include, "exclude": exclude, "shards": shards}


def test_lengths_that_nobody_tells_are_guessed_from_the_others():
    known = Known(count=2, bytes=4_000, seconds=8.0)  # 500 bytes a second, 4 s each
    assert [weight(3.0, 9, known), weight(0.0, 9, known)] == [3.0, 0.0]  # what is told is believed
    assert [weight(None, 2_000, known), weight(None, 0, known)] == [4.0, 0.0]
    assert weight(None, None, known) == 4.0  # nobody has looked: as long as the others
    assert weight(None, 50, Known(1, 0, 9.0)) == 50.0  # no bytes in 9 s


def test_lengths_where_no_header_can_be_read():
    nothing = Known(0, 0, 0.0)
    assert [weight(None, 2 * BYTES_PER_SECOND, nothing), weight(None, 0, nothing)] == [2.0, 0.0]
    assert weight(None, None, nothing) == 1.0  # all alike


def test_a_header_that_says_nothing_is_no_measure_for_the_others(tmp_path):
    # 1,000 bytes a second by r0 alone: r2 weighs 4 s and takes a shard of its own, r0 and r1 share the other
    write_shards(tmp_path, [recording(0, 3_000, 3.0), recording(1, 99_999, 0.0), recording(2, 4_000, None)], 2)
    assert [[row["id"] for row in shard] for shard in shards_in(tmp_path)] == [["r2"], ["r0", "r1"]]


def test_every_recording_is_in_one_shard(tmp_path):
    recordings = [recording(n, 1_000 * n, None if n % 3 else n / 10, speaker=f"s{n % 2}") for n in range(20)]
    summary = write_shards(tmp_path, recordings, 3)
    shards = shards_in(tmp_path)
    key = itemgetter("id")
    assert sorted(sum(shards, []), key=key) == sorted((r.to_row() for r in recordings), key=key)
    assert all(shard == sorted(shard, key=key) for shard in shards) and len(shards) == 3
    known = Known(6, sum(range(3, 20, 3)) * 1_000, 6.3)
    weights = {r.id: weight(r.seconds, r.bytes, known) for r in recordings}
    loads = [sum(weights[row["id"]] for row in shard) for shard in shards]
    assert max(loads) - min(loads) <= max(weights.values())
    assert summary.pop("shard_seconds") == pytest.approx(loads, abs=1e-3)
    assert summary.pop("longest_seconds") == pytest.approx(max(weights.values()), abs=1e-3)
    # (3 + 6 + … + 18) / 10: those that are known
    assert summary == {"recordings": 20, "bytes": 190_000, "seconds": 6.3}


def test_long_recordings_of_which_some_do_not_tell_their_length(tmp_path):
    """200 of 16 h, a third without a header, over 64 shards: 3 or 4 in each."""
    size = 16 * 3600 * BYTES_PER_SECOND
    write_shards(tmp_path, [recording(n, size, 57_600.0 if n % 3 else None) for n in range(200)], 64)
    assert Counter(map(len, shards_in(tmp_path))) == {3: 56, 4: 8}


def test_recordings_that_nobody_has_seen_are_divided_by_number(tmp_path):
    write_shards(tmp_path, [recording(n, None, None) for n in range(10)], 4)
    assert [len(shard) for shard in shards_in(tmp_path)] == [3, 3, 2, 2]


def test_the_order_of_the_list_does_not_matter(tmp_path):
    generator = random.Random(0)
    recordings = [recording(n, generator.randrange(9_999), generator.choice([1.0, 2.1, 0.3, None])) for n in range(60)]
    for name, given in (("a", recordings), ("b", recordings[::-1])):
        (tmp_path / name).mkdir()
        write_shards(tmp_path / name, given, 4)
    assert shards_in(tmp_path / "a") == shards_in(tmp_path / "b")


@pytest.mark.parametrize("n_recordings", [0, 1])
def test_more_shards_than_recordings(tmp_path, n_recordings):
    assert write_shards(tmp_path, [recording(n) for n in range(n_recordings)], 3)["recordings"] == n_recordings
    assert sorted(map(len, shards_in(tmp_path))) == [0, 0, n_recordings]


def test_a_source_is_a_directory_or_a_table(tmp_path, listing):
    for name in ("a.wav", "b.wav"):
        (tmp_path / name).touch()
    (tmp_path / "table.csv").write_text("path\na.wav\nb.wav\ngone.wav\n")
    for source, rejected in ((tmp_path, []), (tmp_path / "table.csv", ["table.csv:4"])):
        found = listing(["*.wav"], ["b*"])
        assert [recording.id for recording in list_source(str(source), found)] == ["a"]
        assert [row["id"] for row in found.ledger.rows] == rejected


def test_what_was_listed_and_is_lost_is_an_error(tmp_path, monkeypatch):
    for name in ("a.wav", "b.wav", "c.wav"):
        (tmp_path / name).touch()
    look = partial(look_at, header_seconds=lambda path: None)
    kept = write_inventory(tmp_path, corpus(tmp_path), look)
    assert (kept["listed"], kept["recordings"], kept["rejected"]) == (3, 3, 0)

    def forgetful(source, listing):
        return [found for found in list_source(source, listing) if found.id != "b"]

    monkeypatch.setattr("amela.corpus.inventory.list_source", forgetful)
    with pytest.raises(DataError, match="3 listed, but 2 recordings and 0 rejected"):
        write_inventory(tmp_path, corpus(tmp_path), look)


def test_a_corpus_that_is_elsewhere_can_be_planned(tmp_path):
    (tmp_path / "table.csv").write_text("path,duration\nx/a.wav,9.5\nx/b.wav,\nx/c.wav,-3\nx/d.wav,nan\nx/e.wav,word\n")
    summary = write_inventory(tmp_path, corpus(tmp_path / "table.csv", 1), take_word)
    assert (summary["recordings"], summary["bytes"], summary["seconds"]) == (5, 0, 9.5)
    (rows,) = shards_in(tmp_path)
    assert [row["seconds"] for row in rows] == [9.5, None, None, None, None]
    assert {row["bytes"] for row in rows} == {None} and "duration" not in rows[0]


# An oracle: the same inventory from lists in memory, with nothing shared but how a name is printed.


def old_ids(names):
    stems = Counter(os.path.splitext(name)[0] for name in set(names))
    split = [(name, os.path.splitext(name)[0]) for name in names]
    full = set(names)
    return [printable_id(name if stems[stem] > 1 or (stem != name and stem in full) else stem) for name, stem in split]


def old_table(path, seconds_of):
    """Rows of shards and of the ledger; patterns, speakers and texts apart."""
    with path.open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    found, rejected, seen = [], [], {}
    locations = [os.path.normpath(path.parent / row["path"]) if row["path"] else None for row in rows]
    named = [location for location in locations if location]
    for line, location in enumerate(locations, 2):
        if not location:
            rejected.append({"id": f"{path.name}:{line}", "stage": "inventory", "reason": "no path in this row"})
    inside = all(location.startswith(f"{path.parent}/") for location in named)
    root = path.parent if inside else os.path.commonpath([os.path.dirname(location) for location in named])
    ids = iter(old_ids([os.path.relpath(location, root) for location in named]))
    for line, (row, location) in enumerate(zip(rows, locations), 2):
        if location:
            derived = next(ids)
            id_, fault = row["id"] or derived, None
            if not os.path.exists(location):
                fault = "No such file or directory"
            elif id_ in seen:
                fault = f"id {id_!r} stands before, at {path.name}:{seen[id_]}"
            if fault:
                item = {"id": f"{path.name}:{line}", "stage": "inventory", "reason": fault, "path": location}
                rejected.append(item)
                continue
            seen[id_] = line
            here = os.path.join(os.getcwd(), "")
            shown = location[len(here) :] if location.startswith(here) else location
            size = os.stat(location).st_size
            extra = {"speaker": row["speaker"]} if row["speaker"] else {}
            found.append({"id": id_, "path": shown, "bytes": size, "seconds": seconds_of(location), **extra})
    return found, rejected


def old_shards(found, n_shards):
    known = [row for row in found if row["seconds"]]
    seconds = sum(row["seconds"] for row in known)
    rate = sum(row["bytes"] for row in known) / seconds if seconds else BYTES_PER_SECOND
    weighed = [(row["bytes"] / max(rate, 1) if row["seconds"] is None else row["seconds"], row) for row in found]
    loads, shards = [0.0] * n_shards, [[] for _ in range(n_shards)]
    for load, row in sorted(weighed, key=lambda item: (-item[0], item[1]["id"])):
        lightest = loads.index(min(loads))
        loads[lightest] += load
        shards[lightest].append(row)
    return [sorted(shard, key=itemgetter("id")) for shard in shards]


def lines(rows):
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


@pytest.mark.parametrize("seed", range(4))
def test_byte_by_byte_as_from_lists_in_memory(tmp_path, monkeypatch, seed):
    generator = random.Random(seed)
    if seed % 2:
        monkeypatch.chdir(tmp_path)
    names = [f"{folder}{n}{ending}" for folder in ("", "b/", "ñ 1/") for n in range(40) for ending in (".wav", ".mp3")]
    names = generator.sample(names, 150) + ["7.wav.wav", "b/7", "%41.wav"]
    (tmp_path / "outside.wav").touch()
    for name in generator.sample(names, 130):
        (tmp_path / "audio" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "audio" / name).write_bytes(bytes(generator.choice([0, 10, 999, 64_000])))
    rows = [(name, generator.choice(["", "", "", f"x{n % 30}", "7"]), "sn"[n % 2]) for n, name in enumerate(names)]
    rows += [("", "", ""), *generator.sample(rows, 10)]
    rows += [("../outside.wav", "", "")] if seed > 1 else []
    generator.shuffle(rows)
    table = tmp_path / "audio" / "table.csv"
    with table.open("w", encoding="utf-8", newline="") as handle:
        csv.writer(handle).writerows([("path", "id", "speaker"), *rows])
    tells = {path: generator.choice([None, 0.0, 0.5, 3.25, 3.25, 7.777]) for path in map(str, tmp_path.rglob("*"))}
    (tmp_path / "out").mkdir()
    source = os.path.relpath(table) if seed % 2 else str(table)
    look = partial(look_at, header_seconds=lambda path: tells[str(path)])
    summary = write_inventory(tmp_path / "out", corpus(source, 7), look)
    found, rejected = old_table(table, tells.get)
    assert len(rejected) > 20 and len(found) > 50
    for number, shard in enumerate(old_shards(found, 7)):
        assert (tmp_path / "out" / f"shard-{number}.jsonl").read_text("utf-8") == lines(shard), number
    assert (tmp_path / "out" / "rejected.jsonl").read_text("utf-8") == lines(rejected)
    assert sum(summary.pop("shard_seconds")) >= summary["seconds"] > summary.pop("longest_seconds") >= 7.777
    assert summary == {
        "source": source,
        "listed": len(rows),
        "recordings": len(found),
        "rejected": len(rejected),
        "bytes": sum(row["bytes"] for row in found),
        "seconds": round(sum(row["seconds"] or 0.0 for row in found), 3),
    }
