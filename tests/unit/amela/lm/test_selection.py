from amela.lm.selection import COLUMNS, select_point

SETTINGS = {"lr": 0.001, "hidden": 8, "embedding": 4, "layers": 1, "batch": 2, "dropout": 0.1, "seed": 0}
BASELINE = {"nats_per_token": 3.0, "perplexity": 20.0, "bits_per_second": 90.0}


def point(name, valid, test):
    training = {"settings": SETTINGS, "parameters": 10, "epochs": 4, "best_epoch": 2, "valid_nats_per_token": valid}
    score = {"nats_per_token": test, "perplexity": 9.0, "bits_per_second": 50.0, "tokens": 7, "seconds": 2.0}
    return name, training, {**score, "unigram": BASELINE, "bigram": BASELINE, "warnings": ["w"]}


def test_validation_chooses_even_where_the_test_part_says_otherwise():
    rows, best = select_point([point("a", 2.2, 1.0), point("b", 2.0, 1.9), point("c", 2.1, 1.5)])
    assert [(row["point"], row["best"]) for row in rows] == [("a", ""), ("b", "*"), ("c", "")]
    assert (best["point"], best["valid_nats_per_token"], best["nats_per_token"]) == ("b", 2.0, 1.9)
    assert best["unigram"] == BASELINE and best["warnings"] == ["w"] and best["hidden"] == 8


def test_the_first_of_equals_wins():
    rows, best = select_point([point("a", 2.0, 1.9), point("b", 2.0, 1.0)])
    assert best["point"] == "a" and [row["best"] for row in rows] == ["*", ""]


def test_rows_have_every_column_of_the_summary():
    rows, _ = select_point([point("a", 2.0, 1.9)])
    assert set(rows[0]) == set(COLUMNS)
