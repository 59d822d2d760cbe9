from __future__ import annotations

import json

import pytest

from penchant.cli.half_life import days_of
from penchant.errors import ParameterError


@pytest.mark.parametrize(
    ("text", "days"), [("90", 90), ("90d", 90), ("2w", 14), ("1Y", 365.25), ("0.5m", 15.21875)]
)
def test_times_are_days(text, days):
    assert days_of(text) == days


@pytest.mark.parametrize("text", ["", "0", "-3", "90 hours", "d", "1e9", "nan"])
def test_what_is_no_time_is_refused(text):
    with pytest.raises(ParameterError, match="is no time: give days"):
        days_of(text)


@pytest.fixture
def timed(tmp_path):
    path = tmp_path / "timed.csv"
    rows = [(u, (u * 7 + t) % 23, 10**9 + 86_400 * t * 9) for t in range(12) for u in range(30)]
    path.write_text("\n".join(["user,item,time", *(f"{u},{i},{t}" for u, i, t in rows)]))
    return path


def test_each_model_that_uses_weights_is_tried_once_more(call, timed):
    options = (
        "-m",
        "item-knn:neighbours=5",
        "-m",
        "rbm:epochs=1",
        "-m",
        "tifu-knn",
        "--metric",
        "ndcg@5",
    )
    result = call("compare", timed, *options, "--half-life", "30d", "--replicates", 50, "--json")
    names = {e["model"] for e in json.loads(result.stdout)["tables"]["ranking"]["entries"]}
    decayed = {name for name in names if name.startswith("time-decay")}
    assert decayed == {
        "time-decay:base_model=item-knn:neighbours=5,half_life=30",
        "time-decay:base_model=rbm:epochs=1,half_life=30",
    }
    assert "--half-life changes nothing for tifu-knn, which makes no use" in result.stderr


def test_a_bundle_of_a_model_with_a_half_life(call, timed, tmp_path):
    folder = tmp_path / "decay"
    call("train", timed, "-m", "item-knn", "--half-life", "30d", "-o", folder)
    lists = call("recommend", folder, "--user", 3, "--explain").stdout
    assert "because you had" in lists


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (
            "tifu-knn",
            "has a decay of its own over baskets: leave out --half-life, and set group_decay",
        ),
        ("svdpp", "svdpp learns ratings and makes no use of the weights of events"),
        ("random", "random makes no use of the weights of events"),
    ],
)
def test_models_without_weights_say_so(call, timed, tmp_path, model, words):
    refused = call("train", timed, "-m", model, "--half-life", "30d", "-o", tmp_path / "no")
    assert refused.exit_code == 1
    assert words in refused.stderr
