import csv
import json

from amela.vad.table import COLUMNS, write_speech_table


def row(audio_filepath: str, duration: float, speech: list) -> dict:
    return {"id": "x", "audio_filepath": audio_filepath, "duration": duration, "offset": 3.5, "speech": speech}


def read(path) -> list:
    with path.open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def test_columns_and_values(tmp_path):
    speech = [[0.5, 28.0], [29.0, 57.5]]
    write_speech_table(tmp_path / "t.csv", [row('/a "b", c\n.flac', 60.0, speech)])
    (line,) = read(tmp_path / "t.csv")
    assert tuple(line) == COLUMNS
    assert line.pop("audio_filepath") == '/a "b", c\n.flac'
    assert json.loads(line.pop("splits")) == [28.5]
    assert {key: float(value) for key, value in line.items()} == {
        "duration": 60.0,
        "max-spoken": 28.5,
        "min-spoken": 27.5,
        "avg-spoken": 28.0,
        "max-nospch": 2.5,
        "min-nospch": 0.5,
        "avg-nospch": 1.3333333,
        "spch-ratio": 0.9333333,
        "offset": 3.5,
    }


def test_no_rows_leave_the_header(tmp_path):
    write_speech_table(tmp_path / "t.csv", [])
    assert (tmp_path / "t.csv").read_text("utf-8") == ",".join(COLUMNS) + "\n"


def test_a_name_that_is_no_utf8_is_escaped(tmp_path):
    write_speech_table(tmp_path / "t.csv", [row("/caf\udce9.wav", 1.0, [])])
    assert read(tmp_path / "t.csv")[0]["audio_filepath"] == "/caf\\udce9.wav"
