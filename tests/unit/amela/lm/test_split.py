import pytest

from amela.errors import AmelaError
from amela.lm.split import assign_groups, split_utterances


def speakers(make_utterance, count, each=4):
    return [make_utterance(f"{s}-{i}", speaker=f"s{s}") for s in range(count) for i in range(each)]


def test_no_speaker_is_in_two_parts_and_nothing_is_lost(make_utterance):
    utterances = speakers(make_utterance, 20)
    split = split_utterances(utterances, 0.1, 0.2, seed=0)
    found = {part: {u.speaker for u in members} for part, members in split.parts.items()}
    assert split.by == "speaker" and not split.warnings
    assert {part: len(names) for part, names in found.items()} == {"train": 14, "valid": 2, "test": 4}
    assert set.union(*found.values()) == {u.speaker for u in utterances}
    assert sum(map(len, split.parts.values())) == len(utterances)


def test_one_name_is_one_group_in_all_corpora(make_utterance):
    utterances = [make_utterance("x", speaker=f"s{s}", corpus=corpus) for corpus in "ab" for s in range(6)]
    split = split_utterances(utterances, 0.2, 0.2, seed=0)
    parts = {}
    for part, members in split.parts.items():
        for utterance in members:
            parts.setdefault(utterance.speaker, set()).add(part)
    assert len(parts) == 6 and all(len(places) == 1 for places in parts.values())


def test_order_of_utterances_is_irrelevant_and_seed_is_not(make_utterance):
    utterances = speakers(make_utterance, 30)
    first = split_utterances(utterances, 0.1, 0.1, seed=0)
    again = split_utterances(utterances[::-1], 0.1, 0.1, seed=0)
    other = split_utterances(utterances, 0.1, 0.1, seed=1)
    assert first.summary() == again.summary()
    assert first.groups("test") != other.groups("test")


@pytest.mark.parametrize("count", [3, 4, 7, 50])
@pytest.mark.parametrize("share", [0.01, 0.1, 0.5])
def test_every_part_has_a_group(count, share):
    for seed in range(20):
        place = assign_groups({f"g{i}": 1.0 + i for i in range(count)}, share, share, seed)
        assert set(place.values()) == {"train", "valid", "test"}
        assert len(place) == count


def test_shares_are_of_the_duration():
    seconds = {f"g{i}": 1.0 + i % 10 for i in range(300)}
    place = assign_groups(seconds, 0.1, 0.2, seed=0)
    shares = {part: sum(seconds[g] for g in seconds if place[g] == part) / 1650 for part in ("valid", "test")}
    # The border can be off by half a group of at most 10 s.
    assert shares["valid"] == pytest.approx(0.1, abs=5 / 1650)
    assert shares["test"] == pytest.approx(0.2, abs=5 / 1650)


def test_a_group_longer_than_the_share_stays_in_train():
    seconds = {"giant": 900.0, **{f"g{i}": 10.0 for i in range(20)}}
    assert all(assign_groups(seconds, 0.1, 0.1, seed)["giant"] == "train" for seed in range(30))


def test_where_all_are_longer_than_the_share_the_shortest_are_held_out():
    place = assign_groups({"a": 30.0, "b": 20.0, "c": 10.0}, 0.1, 0.1, seed=0)
    assert place == {"a": "train", "b": "valid", "c": "test"}


def test_a_corpus_that_grows_keeps_nearly_all_places():
    """One new group of 200 can push one group over each border, never between held-out parts."""
    old = {f"g{i}": 1.0 for i in range(200)}
    before = assign_groups(old, 0.1, 0.1, seed=5)
    for new in range(30):
        after = assign_groups({**old, f"new{new}": 1.0}, 0.1, 0.1, seed=5)
        moved = [(before[g], after[g]) for g in old if before[g] != after[g]]
        assert len(moved) <= 2
        assert {frozenset(move) for move in moved}.isdisjoint({frozenset({"valid", "test"})})


def test_unknown_speakers_are_divided_by_recording(make_utterance):
    utterances = [make_utterance(f"r{r}/{i}", recording=f"r{r}") for r in range(5) for i in range(3)]
    split = split_utterances(utterances, 0.2, 0.2, seed=0)
    assert split.by == "recording" and not split.warnings
    assert split.groups("test")[0].startswith("recording r")


def test_some_unknown_speakers_count_by_recording(make_utterance):
    utterances = [*speakers(make_utterance, 3), make_utterance("x/1", recording="x")]
    assert split_utterances(utterances, 0.1, 0.1, seed=0).by == "speaker or recording"


def test_two_speakers_are_divided_by_recording_with_a_warning(make_utterance):
    utterances = [make_utterance(f"{r}", speaker=f"s{r % 2}", recording=f"r{r}") for r in range(6)]
    split = split_utterances(utterances, 0.2, 0.2, seed=0)
    assert split.by == "recording"
    assert "fewer than 3 speakers" in split.warnings[0]


def test_one_recording_is_divided_by_utterance_with_a_warning(make_utterance, caplog):
    split = split_utterances([make_utterance(f"r/{i}", recording="r") for i in range(3)], 0.1, 0.1, seed=0)
    assert split.by == "utterance"
    assert [len(members) for members in split.parts.values()] == [1, 1, 1]
    assert "scores are too good" in caplog.text


def test_equal_ids_of_two_corpora_are_two_utterances(make_utterance):
    utterances = [make_utterance("u", recording="r", corpus=corpus) for corpus in "abc"]
    split = split_utterances(utterances, 0.1, 0.1, seed=0)
    assert sorted(u.corpus for members in split.parts.values() for u in members) == ["a", "b", "c"]


def test_fewer_than_three_utterances_are_refused(make_utterance):
    with pytest.raises(AmelaError, match="at least 3 utterances.*found 2"):
        split_utterances([make_utterance("a"), make_utterance("b")], 0.1, 0.1, seed=0)
