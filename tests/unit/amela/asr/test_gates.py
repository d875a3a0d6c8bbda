"""Transcripts that cannot be what was said are refused, with where to hear it; others pass as they are."""

import itertools

import pytest

from amela.asr.gates import Limits, checked_transcripts
from amela.errors import AmelaError

FILES = "asr/canary/natural/shard-*.jsonl"


def utterances(*texts, references=None, model="canary@1a2b"):
    """A row for each text; ``references`` as many, with None where there is none."""
    known = references or [None] * len(texts)
    return [
        {
            "id": f"u{i}",
            "audio_filepath": f"/data/{i}.flac",
            "offset": 0.5,
            "duration": 2.0,
            "text": text,
            "model": model,
        }
        | ({} if reference is None else {"reference": reference})
        for i, (text, reference) in enumerate(zip(texts, known))
    ]


def different(count):
    return [f"sentence {i}" for i in range(count)]


def refused(rows, max_repeated=0.05):
    with pytest.raises(AmelaError) as error:
        list(checked_transcripts(rows, Limits(max_repeated, 0.05), FILES))
    return str(error.value)


def passes(rows, max_repeated=0.05):
    return list(checked_transcripts(iter(rows), Limits(max_repeated, 0.05), FILES)) == rows


def test_rows_pass_one_by_one_and_the_verdict_comes_last():
    rows = utterances("", "", "")
    checked = checked_transcripts(iter(rows), Limits(0.05, 0.05), FILES)
    assert list(itertools.islice(checked, 3)) == rows
    with pytest.raises(AmelaError):
        next(checked)


def test_not_a_word_in_any_of_them():
    message = refused(utterances("", " ", "...", ""))
    assert "not a word was recognised in 4 utterances, such as u0 (/data/0.flac at 0.5 s), u1 (" in message
    assert FILES in message and "listen" in message
    assert "u3" not in message  # three examples do


@pytest.mark.parametrize("texts", [[], ["", ""], ["", "", "", "word"]])
def test_silence_of_few_or_a_single_word_is_possible(texts):
    assert passes(utterances(*texts))


def test_a_text_that_comes_again_and_again():
    message = refused(utterances(*different(36), "Thank you.", "thank you", "THANK YOU!", "Thank  you"))
    assert "'thank you' for 4 of 40 (10.0%), such as u37 (/data/37.flac at 0.5 s), u38 (" in message
    assert "more than 5.0% of the utterances" in message and "max_repeated" in message and FILES in message


def test_exactly_the_share_is_allowed():
    texts = [*different(57), "oh", "oh", "oh"]  # 3 of 60
    assert passes(utterances(*texts), 0.05)
    assert "'oh' for 3 of 59" in refused(utterances(*texts[1:]), 0.05)
    assert passes(utterances(*["oh"] * 60), 1.0)


def test_two_alike_prove_nothing():
    assert passes(utterances("yes", "yes", "no", "no"))
    assert "'yes' for 3 of 4" in refused(utterances("yes", "yes", "yes", "no"))


def test_silence_is_not_a_repeated_text():
    assert passes(utterances(*[""] * 50, "word"))


def test_what_many_were_asked_to_say_may_come_from_all():
    prompts = ["The dog.", "The cat.", "The cow."]
    everybody = [prompt for prompt in prompts for _ in range(100)]
    assert passes(utterances(*[text.lower() for text in everybody], references=everybody))
    heard = [text.replace("cow", "car") for text in everybody]  # wrong for every speaker alike
    assert passes(utterances(*heard, references=everybody))
    assert "'the dog' for 100 of 300" in refused(utterances(*["the dog"] * 100, *heard[100:]))


def test_one_answer_to_every_prompt():
    prompts = [f"word {i}" for i in range(10) for _ in range(100)]
    rows = utterances(*["Thank you."] * 1000, references=prompts)
    # of the 1,000, the 100 of one prompt count once
    assert "'thank you' for 901 of 1000" in refused(rows)


def test_a_few_mistakes_beside_a_frequent_prompt():
    """29.9 % have the text, 25 % rightly; of the others it is 4.9 %, and exactly 5 % with one of the right ones."""
    references = ["yes"] * 250 + [f"word {i}" for i in range(750)]
    heard = ["yes"] * 299 + references[299:]
    assert passes(utterances(*heard, references=references))
    assert "'yes' for 51 of 1000" in refused(utterances(*["yes"] * 300, *heard[300:], references=references))


@pytest.mark.parametrize("rightly_first", [True, False])
def test_examples_are_of_those_that_are_wrong(rightly_first):
    references = ["one", *["yes"] * 5, "two", "six"] if not rightly_first else [*["yes"] * 5, "one", "two", "six"]
    message = refused(utterances(*["yes"] * 8, references=references))
    assert "reference 'two'), u7 (/data/7.flac at 0.5 s; reference 'six')" in message
    assert "reference 'yes'" not in message


def test_references_of_some_utterances_only():
    references = ["no"] * 20 + [None] * 20
    assert passes(utterances(*["no"] * 20, *different(20), references=references))
    assert "'no' for 4 of 40" in refused(utterances(*["no"] * 23, *different(17), references=references))


@pytest.mark.parametrize("order", [1, -1])
def test_one_answer_to_both_of_two_prompts(order):
    references = (["yes"] * 500 + ["no"] * 500)[::order]
    message = refused(utterances(*["Thank you."] * 1000, references=references))
    assert "'thank you' for 501 of 1000" in message
    assert f"reference '{references[0]}'" in message and f"reference '{references[-1]}'" in message
    message = refused(utterances(*["yes"] * 1000, references=references))
    assert "'yes' for 501 of 1000" in message and "reference 'no'" in message


def test_two_prompts_are_told_apart():
    references = ["yes"] * 600 + ["no"] * 400
    assert passes(utterances(*references, references=references))
    assert passes(utterances(*["yes"] * 650, *["no"] * 350, references=references)), "errors, as there are"
    assert passes(utterances(*["yes"] * 600, *["nah"] * 400, references=references)), "wrong for all alike"
    assert passes(utterances(*["yes"] * 600, *[""] * 400, references=references))
    rare = ["yes"] * 960 + ["no"] * 40
    assert passes(utterances(*["yes"] * 1000, references=rare))


def test_two_of_the_prompts_may_sound_alike():
    prompts = [name for name in ["two", "too", "cat", "dog", "cow", "sun", "egg", "hat"] for _ in range(100)]
    heard = [name.replace("too", "two") for name in prompts]
    assert passes(utterances(*heard, references=prompts))
    heard = ["two" if name in ("two", "too", "cat") else name for name in prompts]
    assert "'two' for 102 of 800" in refused(utterances(*heard, references=prompts))


def test_fewer_than_three_utterances_beside_the_alike_prove_nothing():
    assert passes(utterances("yes", "yes", "yes", references=["yes", "yes", "no"]))
    assert "'yes' for 3 of 4" in refused(utterances(*["yes"] * 4, references=["yes", "yes", "no", "maybe"]))


def test_kept_texts_are_nobodys_mistake():
    kept = utterances(*["the same"] * 50, model=None)
    assert passes(kept)
    rows = [*kept, *[{**row, "id": f"v{row['id']}"} for row in utterances("", "", "")]]
    assert "not a word was recognised in 3 utterances" in refused(rows)


def test_every_repeated_text_is_named_or_counted():
    texts = [f"loop {i}" for i in range(5) for _ in range(4 + i)]
    message = refused(utterances(*texts))
    assert message.index("'loop 4' for 8 of 30") < message.index("'loop 3'") < message.index("'loop 2'")
    assert "; and 2 more texts" in message and "loop 1'" not in message


def test_texts_of_other_scripts():
    assert "'спасибо' for 3 of 4" in refused(utterances("Спасибо.", "спасибо", "Спасибо!", "да"))


def test_long_texts_are_cut_in_messages():
    message = refused(utterances(*["la " * 1000] * 4, references=[f"{i} " * 1000 for i in range(4)]))
    assert "'la la la" in message and "reference '1 1 1" in message and len(message) < 1500


def in_pieces(lost, of=100.0):
    """An utterance of which the last ``lost`` seconds were rejected."""
    segments = [
        {"start": 0.0, "end": of - lost, "text": "so it is"},
        {"start": of - lost, "end": of, "text": "", "rejected": "no end of the transcript — 40 tokens: 'oh oh'"},
    ]
    return {**utterances("so it is")[0], "id": "long", "duration": of, "segments": segments}


def test_more_may_not_be_rejected_in_pieces_than_as_a_whole():
    others = utterances(*different(50))  # 100 s
    assert passes([*others, in_pieces(10.0)])
    message = refused([*others, in_pieces(11.0)])
    assert "rejected, 11 of 200 s (5.5%, allowed are 5.0%): 1× no end of the transcript; such as" in message
    assert "such as long (/data/0.flac at 89.5 s)" in message and FILES in message and "max_rejected" in message


def test_pieces_of_many_utterances_add_up_and_three_are_named():
    message = refused([in_pieces(60.0) for _ in range(5)])
    assert "300 of 500 s" in message and "5× no end of the transcript; " in message
    assert message.count("long (/data/0.flac at 40.5 s)") == 3


def test_texts_that_are_kept_make_up_for_nothing():
    kept = utterances(*different(50), model=None)
    assert "11 of 100 s" in refused([*kept, in_pieces(11.0)])
