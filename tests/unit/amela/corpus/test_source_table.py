"""A table as a corpus."""

import os

import pytest

from amela.corpus.source_table import list_table
from amela.errors import AmelaError


@pytest.fixture
def table(tmp_path, listing):
    """Function that writes a table beside three audio files and lists it: (recordings, reasons)."""
    for name in ("a.wav", "b.wav", "sub/a.wav"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"audio")

    def listed(content, name="table.csv", include=(), exclude=()):
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        found = listing(include, exclude)
        recordings = list(list_table(str(tmp_path / name), found))
        assert found.listed == len(recordings) + found.ledger.count
        return recordings, {row["id"]: row["reason"] for row in found.ledger.rows}

    return listed


def test_csv_with_bom_quoted_newline_and_empty_cells(table):
    recordings, reasons = table(
        '\ufeffpath,speaker,text,age\r\na.wav,anna,"two\r\nlines, ""quoted""",\r\n\r\nsub/a.wav,,x,7\r\n'
    )
    assert [(r.id, r.metadata, r.bytes) for r in recordings] == [
        ("a", {"speaker": "anna", "text": 'two\r\nlines, "quoted"'}, 5),
        ("sub/a", {"text": "x", "age": "7"}, 5),
    ]
    assert reasons == {}


def test_tsv_takes_quotes_as_they_are(table):
    recordings, _ = table('path\ttext\na.wav\t"Hello," he said.\nb.wav\tanother "\n', "table.TSV")
    assert [r.metadata["text"] for r in recordings] == ['"Hello," he said.', 'another "']


def test_json_lines_keep_their_types(table):
    recordings, _ = table(
        '\ufeff{"audio_filepath": "a.wav", "duration": 3.5, "offset": 0, "speaker": 17, "tags": ["x"], "child_id": 4}\n'
        '\n{"audio_filepath": "b.wav", "id": 12, "text": null}\n',
        "table.jsonl",
    )
    assert [(r.id, r.metadata) for r in recordings] == [
        ("a", {"speaker": "17", "tags": ["x"], "child_id": 4}),
        ("12", {}),
    ]


@pytest.mark.parametrize("column", ["path", "audio_filepath", "file"])
def test_columns_that_hold_paths(table, column):
    recordings, _ = table(f"{column},speaker\na.wav,anna\n")
    assert [(r.id, r.metadata) for r in recordings] == [("a", {"speaker": "anna"})]


def test_paths_outside_the_tables_folder(table, tmp_path):
    recordings, _ = table(f"path\n{tmp_path}/a.wav\n", "table.csv")
    assert [r.id for r in recordings] == ["a"]
    (tmp_path / "lists").mkdir()
    recordings, _ = table("path\n../a.wav\n../sub/a.wav\n", "lists/table.csv")
    assert [r.id for r in recordings] == ["a", "sub/a"]
    assert [os.path.abspath(r.path) for r in recordings] == [str(tmp_path / "a.wav"), str(tmp_path / "sub/a.wav")]


def test_each_row_that_names_no_recording_is_in_the_ledger(table):
    recordings, reasons = table(
        "path,id,offset\n,,\nmissing.wav,,\na.wav,x,0\nb.wav,x,\n"
        "b.wav,../x,\nb.wav,/x,\nb.wav\nb.wav,y,1.5\nsub/a.wav,50% á,0.0\n"
    )
    assert [r.id for r in recordings] == ["x", "50%25 á"]
    assert reasons == {
        "table.csv:2": "no path in this row",
        "table.csv:3": "No such file or directory",
        "table.csv:5": "id 'x' stands before, at table.csv:4",
        "table.csv:6": "id '../x' cannot serve as a relative path",
        "table.csv:7": "id '/x' cannot serve as a relative path",
        "table.csv:8": "1 cells under 3 columns",
        "table.csv:9": "offset 1.5: a stretch of a file is no recording; list the file once",
    }


def test_a_file_listed_twice_is_taken_once(table):
    recordings, reasons = table("path\na.wav\n./a.wav\n")
    assert [r.id for r in recordings] == ["a"] and list(reasons) == ["table.csv:3"]


def test_json_rows_with_impossible_values(table):
    recordings, reasons = table(
        '{"path": "a.wav"}\n{"path": 7}\n{"path": "a\\u0000.wav"}\n{"text": "x"}\n{"path": "b.wav", "id": true}\n',
        "t.jsonl",
    )
    assert [r.id for r in recordings] == ["a"]
    assert [reason.split(":")[0] for reason in reasons.values()] == [
        "7 is no path",
        "'a\\x00.wav' is no path",
        "no path in this row",
        "True is no id",
    ]


def test_patterns_apply_to_the_path(table):
    recordings, reasons = table("path\na.wav\nb.wav\nsub/a.wav\n", include=["*A.wav"], exclude=["sub/*"])
    assert [r.id for r in recordings] == ["a"] and reasons == {}


@pytest.mark.parametrize(
    ("content", "name", "message"),
    [
        (
            "name,speaker\na.wav,x\n",
            "t.csv",
            "no column with paths; columns: name, speaker.* — name one of them 'path'",
        ),
        ('{"wav": "a.wav"}\n', "t.jsonl", "no column with paths; columns: wav"),
        ("", "t.csv", "no rows"),
        ("path,text\n", "t.csv", "no rows"),
        ("path,text,text\na.wav,x,y\n", "t.csv", "columns of the same name: 'text'"),
        ("path\nmissing.wav\n", "t.csv", "no recording in this table: No such file"),
        (b"path,text\na.wav,caf\xe9\n", "t.csv", "save it as UTF-8"),
        ('{"path": "a.wav"}\n{"path"\n', "t.jsonl", "t.jsonl:2"),
        ("[1]\n", "t.jsonl", "JSON object"),
        ("path\na.wav\n", "t.xlsx", "no kind of table"),
    ],
)
def test_tables_that_cannot_be_used(table, content, name, message):
    with pytest.raises(AmelaError, match=message):
        table(content, name)
