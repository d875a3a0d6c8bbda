"""Mirrors workflow/scripts/amela/report/page.py."""

import re

import numpy as np
import pytest

from amela.io.jsonl import write_jsonl
from amela.report.page import TEMPLATE, build_page, number, usage


def test_the_page_needs_nothing_beside_it_and_escapes_what_it_quotes(results):
    page, _ = build_page(results, 2)
    assert not re.search(r"""(?:src|href)=["'](?!data:|#|usage\.html)""", page)
    assert "bad &lt;&amp;&gt; one" in page and "bad <&> one" not in page
    assert page.count("<audio") == 2 * 2 + 3
    assert "worse than its unigram" in page
    assert "&lt;i&gt;anna" in page and "<i>anna" not in page
    assert "Texts of 1 utterances of natural speech were kept" in page and "25.0 [12.5, 50.0]" in page
    assert "gl: 4 of 8 utterances have no transcript" in page and "natural: " not in page
    assert TEMPLATE.with_name("style.css").read_text("utf-8") in page
    assert build_page(results, 2)[0] == page


def test_the_summary_holds_what_was_made(results):
    _, rows = build_page(results, 0)
    summary = {row["name"]: row["value"] for row in rows}
    assert summary["field: utterances"] == 4
    assert summary["field: hours"] == pytest.approx(4 / 3600)
    assert summary["field: share of speech"] == 0.5
    assert summary["k4: units"] == 4
    assert summary["field: motifs (motifs)"] == 2
    assert summary["lstm: bits per second of speech"] == 7.2
    assert summary["field: WER of natural speech (sphinx)"] == 0.25
    assert summary["field: WER of natural speech (sphinx), 95 % interval"] == "0.125 to 0.5"
    assert summary["field: WER of resynthesis by gl (sphinx)"] == 0.75
    assert (summary["rejected items"], summary["filtered items"]) == (1, 0)


def test_pieces_are_not_counted_as_items(results):
    piece = {"id": "field/1", "stage": "asr", "reason": "no end", "start": 1.5, "end": 31.25}
    [table] = [name for name in results.contents["tables"] if name == "asr-sphinx-natural"]
    write_jsonl(results.merged("field", table, ".rejected.jsonl"), [piece])
    page, rows = build_page(results, 0)
    summary = {row["name"]: row["value"] for row in rows}
    assert (summary["rejected items"], summary["rejected pieces of transcribed utterances"]) == (1, 1)
    assert "<code>field/1</code>, 1.5–31.2 s</td><td>no end" in page


def test_perplexity_of_an_even_use_is_the_number_of_units():
    assert usage(np.array([3, 3, 3, 0]))["perplexity"] == pytest.approx(3)
    assert usage(np.zeros(4, int)) == {"k": 4, "perplexity": 1.0}


@pytest.mark.parametrize(
    "value, text", [(None, "–"), (0.123456, "0.123"), (1234.5, "1,234"), (98765, "98,765"), ("x", "x"), (0.0, "0")]
)
def test_numbers_are_written_for_people(value, text):
    assert number(value) == text
