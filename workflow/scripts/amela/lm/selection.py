"""The grid of a language model: one row a point, the best by validation loss."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Sequence, Tuple

HYPER_PARAMETERS = ("lr", "hidden", "embedding", "layers", "batch", "dropout")
SCORES = ("nats_per_token", "perplexity", "bits_per_second")
COLUMNS = ("best", "point", *HYPER_PARAMETERS, "parameters", "epochs", "best_epoch", "valid_nats_per_token", *SCORES)


def select_point(
    points: Sequence[Tuple[str, Mapping[str, Any], Mapping[str, Any]]],
) -> Tuple[List[Dict[str, Any]], Dict[str, Any]]:
    """Rows of the summary, and everything about the best point.

    Args:
        points: (name, training.json, score.json) of each point.

    The test part takes no part in the choice: choosing by it would make its scores too good.
    The first of equals wins.
    """
    rows = [_row(*point) for point in points]
    best = min(range(len(rows)), key=lambda index: rows[index]["valid_nats_per_token"])
    rows[best]["best"] = "*"
    details = {key: value for key, value in rows[best].items() if key != "best"}
    score = points[best][2]
    return rows, {**details, **{key: score[key] for key in ("tokens", "seconds", "unigram", "bigram", "warnings")}}


def _row(name: str, training: Mapping[str, Any], score: Mapping[str, Any]) -> Dict[str, Any]:
    settings = training["settings"]
    return {
        "best": "",
        "point": name,
        **{key: settings[key] for key in HYPER_PARAMETERS},
        **{key: training[key] for key in ("parameters", "epochs", "best_epoch", "valid_nats_per_token")},
        **{key: score[key] for key in SCORES},
    }
