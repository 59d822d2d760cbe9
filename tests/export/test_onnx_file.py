"""Every model of the table as ONNX: exported and equal, or refused."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import datetime

import numpy as np
import polars as pl
import pytest

import penchant as pn
from contract.test_contract import factory_of
from penchant.data.dataset import Dataset
from penchant.errors import NotFittedError, ParameterError, PenchantError
from penchant.export import onnx_file
from penchant.export.exportable import exportable_names, scores_of
from penchant.export.verification import TOLERANCE, inputs_of, open_session
from penchant.models import EASE, IALS, MultVAE, NeuMF, SASRec, UserMean
from penchant.models.table import TABLE, make
from penchant.run import Run
from penchant.testing import planted_attributes, planted_pairs
from penchant.testing.fits import usual_log, with_weights

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

EXPORTED = exportable_names()
VARIANTS = [
    "ease:recency=0.5",
    "item-knn:similarity=jaccard,neighbours=4",
    "item-knn:similarity=correlation,neighbours=4",
    "sequential-rules:window=3,event_decay=0.4",
    "ials:nu=0.5,unobserved=0.01",
    "autorec:axis=user",
    "autorec:axis=user,offsets=mean,activation=tanh",
    "autorec:offsets=mean",
    "dot:target=interaction",
    "dot:target=interaction,biases=false,negatives=2",
    "dot:target=like>=4",
    "gru4rec:cell=lstm,layers=2",
    "gru4rec:scale=10,max_length=5",
    "sasrec:max_length=4,scale=16",
    "esasrec:heads=2,blocks=1",
    "sr-gnn:steps=2,max_length=4",
    "fpmc:window=2,event_decay=0.4",
    "ultragcn:item_constraint=0,constraint=5",
    "nmf:dim=4,l2=0",
    "rbm:initial_scale=0.1",
    "rating-rbm:axis=user",
    "autoencoder:initial_scale=0.01,epochs=50",
    "dot:target=adjusted(3,1)",
    "factorisation-machine:target=like>=4",
    "factorisation-machine:target=adjusted(3,1)",
    "hybrid-factors:loss=logistic",
    "conv-mf:target=rating,l2=2",
    "ordinal:user_thresholds=false,dim=0",
    "ordinal:target=like>=4",
    "bayesian-fm:implicit=false,time_bins=0",
    "bayesian-fm:attributes=false,target=like>=4",
    "gaussian-process:content=none,rater_dim=0,epochs=1",
    "content-profile:dislikes=0,text=0",
    "feature-mlp:target=like>=4,networks=1",
    "deep-fm:target=like>=4,hidden=none",
    "dcn-v2:target=like>=4,rank=4,experts=2,structure=stacked",
    "dcn-v2:rank=0,hidden=none",
]
LOGS = {
    "plain": usual_log,
    "weights": lambda: with_weights(usual_log()),
    "positive": lambda: replace(usual_log(), positive=4.0),
}


@pytest.mark.parametrize("spec", [*EXPORTED, *VARIANTS])
def test_graphs_answer_as_models_do(spec, tmp_path):
    for name, log in LOGS.items():
        model = factory_of(spec)().fit(log())
        done = pn.export_onnx(model, tmp_path / f"{name}.onnx")
        assert done.verification.users == 54
        assert done.verification.largest_difference < TOLERANCE


@pytest.mark.parametrize(
    "spec",
    ["gru4rec", "sasrec", "esasrec", "sr-gnn", "sr-gnn:scale=none", "fpmc:window=2", "lightgcn"],
)
def test_users_whose_items_have_no_vectors_get_what_is_popular(spec, tmp_path):
    model = factory_of(spec)().fit(usual_log())
    new, user, known = 1000, 1000, int(model.items_.ids[0])
    rows = [(user, new), (user, new + 1), (user + 1, new), (user + 2, known), (user + 2, new)]
    later = pl.DataFrame(rows, ["user", "item"], orient="row")
    model.update(pn.read(later.with_columns(rating=5.0, time=datetime(2026, 1, 1))))
    pn.export_onnx(model, tmp_path / "it.onnx")  # which tries these users, too
    session = open_session(tmp_path / "it.onnx", Run())
    places = model.items_.indices([known, new, new + 1])
    items = places[[[1, 2, 2], [0, 1, 2]]].astype(np.int64)
    given = {"items": items, "exclude_seen": np.array([False])}
    alone, behind = session.run(["scores"], given)[0]
    assert alone.tolist() == model.histories_.popularity.tolist()
    users = pn.Histories.of(places, n_items=len(model.items_))
    expected = model.fallback.scores(model.scores, users)[0]
    np.testing.assert_allclose(behind, expected, atol=1e-4)


def test_neural_matrix_factorisation_may_have_no_layers(tmp_path):
    for hidden in ((), (5,)):
        model = NeuMF(dim=4, mlp_dim=3, hidden=hidden, epochs=3).fit(usual_log())
        done = pn.export_onnx(model, tmp_path / f"{len(hidden)}.onnx")
        assert done.verification.largest_difference < TOLERANCE


@pytest.mark.parametrize("name", sorted(set(TABLE) - set(EXPORTED)))
def test_what_cannot_be_exported_is_refused(name):
    with pytest.raises(ParameterError, match=r"cannot be exported to ONNX.* ease, .*sasrec.* can"):
        scores_of(make(name))


def test_the_models_that_the_task_is_for_are_among_those_exported():
    wanted = {"ease", "slim", "item-knn", "ials", "lightgcn", "mult-vae", "autorec", "gru4rec"}
    assert wanted | {"bpr", "warp", "dot", "two-tower", "graph-filter"} <= set(EXPORTED)


@pytest.mark.parametrize("similarity", ["pearson", "adjusted-cosine"])
def test_neighbours_by_ratings_are_refused(similarity, tiny, tmp_path):
    model = make(f"item-knn:similarity={similarity}").fit(tiny)
    with pytest.raises(ParameterError, match="use cosine, jaccard or correlation"):
        pn.export_onnx(model, tmp_path / "m.onnx")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("dot:dim=4,epochs=1,hidden=8", "of dot, networks without dense layers"),
        ("dot:dim=4,epochs=1,loss=mae", "of dot, networks without dense layers"),
        (
            "bayesian-fm:dim=2,samples=2,burn_in=1,likelihood=ordered-probit",
            "models with likelihood=gaussian can",
        ),
        ("feature-mlp:epochs=1,folds=2,base_models=bias", "leave out base_models"),
    ],
)
def test_settings_that_have_no_graph_are_refused(spec, words, tiny, tmp_path):
    with pytest.raises(ParameterError, match=words):
        pn.export_onnx(make(spec).fit(tiny), tmp_path / "m.onnx")


def test_the_input_of_ratings_is_there_where_the_log_has_some(tmp_path):
    rated = usual_log()
    unrated = Dataset.from_frame(rated.events.select("user", "item"))
    for spec in ("rbm:epochs=2", "autoencoder:epochs=2,hidden=8"):
        for name, log in (("rated", rated), ("unrated", unrated)):
            done = pn.export_onnx(make(spec).fit(log), tmp_path / f"{name}.onnx")
            inputs = {i.name for i in open_session(done.path, Run(threads=1)).get_inputs()}
            assert ("ratings" in inputs) == (name == "rated")
            assert done.verification.largest_difference < TOLERANCE


def test_features_of_tables_and_histories_are_in_the_graph(tmp_path):
    """Labels, several for an item, numbers that are not always known, and users of a table."""
    log = planted_attributes(n_users=60)
    n = len(log.item_table)
    year = pl.Series("year", [None if i % 5 == 0 else 1950.0 + i for i in range(n)], pl.Float64)
    kind = pl.Series("kind", [("old", "new", None)[i % 3] for i in range(n)])
    log = replace(log, item_table=log.item_table.with_columns(year, kind))
    for spec in ("feature-mlp:hidden=8,epochs=2", "deep-fm:epochs=2", "dcn-v2:epochs=2"):
        model = make(f"{spec},folds=2").fit(log)
        assert len(model.features.labels) == 2
        assert model.features.number_names == ("year",)
        done = pn.export_onnx(model, tmp_path / "m.onnx")
        assert done.verification.largest_difference < TOLERANCE


def test_one_rating_value_is_what_a_machine_of_ratings_says_of_all(tmp_path):
    log = usual_log()
    same = replace(log, events=log.events.with_columns(rating=pl.lit(3, pl.Float32)))
    for axis in ("user", "item"):
        model = make(f"rating-rbm:epochs=1,hidden=4,axis={axis}").fit(same)
        done = pn.export_onnx(model, tmp_path / "m.onnx")
        assert done.verification.largest_difference < TOLERANCE


@pytest.fixture(scope="module")
def exported(tiny, tmp_path_factory):
    model = EASE(l2=10.0).fit(tiny)
    return model, pn.export_onnx(model, tmp_path_factory.mktemp("onnx") / "ease.onnx", k=4)


def run(exported, items, **inputs):
    session = open_session(exported[1].path, Run(threads=1))
    names = [output.name for output in session.get_outputs()]
    given = {"items": np.array(items, np.int64)} | {n: np.array(v) for n, v in inputs.items()}
    return dict(zip(names, session.run(names, given), strict=True))


def test_lists_leave_out_what_was_had_unless_asked_for(exported):
    model, _ = exported
    users = model.histories_.take([0, 3])
    items = inputs_of(users)["items"]
    lists, scores = model.top_items(users, 4)
    found = run(exported, items)
    assert found["top_items"].tolist() == lists.tolist()
    np.testing.assert_allclose(found["top_scores"], scores, rtol=1e-5)
    assert np.isneginf(found["scores"][users.rows, users.items]).all()
    again = run(exported, items, exclude_seen=[False], k=[20])
    assert np.isfinite(again["scores"]).all()
    assert again["top_items"].tolist() == model.top_items(users, 20, repeats="allowed")[0].tolist()


def test_lists_end_where_nothing_is_left(exported):
    model, _ = exported
    n = len(model.items_)
    found = run(exported, [list(range(n - 1))], k=[n + 5])
    assert found["top_items"].shape == (1, n)
    assert found["top_items"][0].tolist() == [n - 1] + [-1] * (n - 1)


def test_padding_may_stand_anywhere_and_nobody_gets_what_is_popular(exported):
    model, _ = exported
    one, other, nobody = run(exported, [[2, 5, -1, -1], [-1, 2, -1, 5], [-1, -1, -1, -1]])["scores"]
    np.testing.assert_allclose(one, other, rtol=1e-6)
    assert nobody.tolist() == model.histories_.popularity.tolist()


def test_weights_count_in_parts_of_their_mean(exported):
    model, _ = exported
    weights = np.array([[3.0, 1.0, 2.0]], np.float32)
    users = pn.Histories.of([4, 7, 4], n_items=len(model.items_), weights=weights[0])
    found = run(exported, [[4, 7, 4]], weights=weights, exclude_seen=[False])["scores"]
    np.testing.assert_allclose(found, model.scores(users), rtol=2e-5, atol=1e-6)
    scaled = run(exported, [[4, 7, 4]], weights=weights * 10, exclude_seen=[False])["scores"]
    np.testing.assert_allclose(scaled, found, rtol=1e-5, atol=1e-7)


def test_a_weight_of_zero_is_seen_and_does_not_count(exported):
    alone = run(exported, [[4]], exclude_seen=[False])["scores"]
    weights = np.array([[-1.0, 0.0]], np.float32)
    with_other = run(exported, [[4, 7]], weights=weights)["scores"]
    assert np.isneginf(with_other[0, [4, 7]]).all()
    left = np.setdiff1d(np.arange(alone.shape[1]), [4, 7])
    np.testing.assert_allclose(with_other[0, left], alone[0, left], rtol=1e-6)


def test_an_item_that_is_not_there_is_an_error(exported):
    with pytest.raises(Exception, match=r"out of bounds|idx"):
        run(exported, [[10_000]])


def test_what_is_beside_the_graph(exported, tiny):
    model, done = exported
    beside = json.loads(done.items_path.read_text())
    assert beside["ids"] == model.items_.ids.to_list()
    assert beside["titles"][0] == "Film 1, The (1950)"
    facts = {p.key: p.value for p in onnx.load(done.path).metadata_props}
    assert facts["model"] == "ease:l2=10.0"
    assert facts["log_fingerprint"] == beside["log_fingerprint"] == tiny.fingerprint
    assert facts["items_sha256"] == hashlib.sha256(done.items_path.read_bytes()).hexdigest()
    assert {"penchant", "torch", "made"} <= set(facts)


def test_ids_of_texts_and_no_titles(tmp_path):
    log = Dataset.from_frame(pl.DataFrame({"user": ["a", "a", "b"], "item": ["ä", "x", "x"]}))
    done = pn.export_onnx(EASE(l2=1.0).fit(log), tmp_path / "new" / "m.onnx")
    beside = json.loads(done.items_path.read_text())
    assert (beside["ids"], beside["titles"]) == (["x", "ä"], None)


def test_a_graph_that_answers_otherwise_is_not_written(tiny, tmp_path, monkeypatch):
    model = EASE(l2=10.0).fit(tiny)

    def wrong(model, history):
        scores = scores_of(model)(model, history)
        return history.graph.op("Add", scores, history.graph.floats(np.arange(20) / 1e3))

    monkeypatch.setattr(onnx_file, "scores_of", lambda model: wrong)
    with pytest.raises(PenchantError, match="nothing was written"):
        pn.export_onnx(model, tmp_path / "m.onnx")
    assert not list(tmp_path.iterdir())


def test_what_does_not_fit_into_a_file_is_refused(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr("penchant.export.graph.MOST_BYTES", 1000)
    for model in (EASE(l2=10.0), make("graph-filter"), MultVAE(hidden=20, dim=4, epochs=1)):
        with pytest.raises(ParameterError, match="export a model with fewer weights"):
            pn.export_onnx(model.fit(tiny), tmp_path / "m.onnx")


@pytest.mark.parametrize(
    ("model", "path", "error", "words"),
    [
        (EASE(), "m.onnx", NotFittedError, "must be fitted"),
        (EASE(), "m.pb", ParameterError, "must be one of .onnx"),
        (EASE(), ".", ParameterError, "ending"),
    ],
)
def test_impossible_wishes(model, path, error, words, tmp_path):
    with pytest.raises(error, match=words):
        pn.export_onnx(model, tmp_path / path)


def test_a_model_without_a_graph_names_vectors_where_it_has_some(tiny, tmp_path):
    with pytest.raises(ParameterError, match=r"can\.$"):
        pn.export_onnx(UserMean().fit(tiny), tmp_path / "m.onnx")
    with pytest.raises(ParameterError, match=r"its vectors with --vectors or pn.export_vectors\.$"):
        pn.export_onnx(make("rating-nmf:dim=4,epochs=1").fit(tiny), tmp_path / "m.onnx")


def test_long_histories_of_many_users_in_one_call(tmp_path):
    log = planted_pairs(n_users=300, n_items=60)
    for model in (IALS(dim=16, epochs=2), SASRec(dim=8, blocks=1, epochs=1, max_length=10)):
        model.fit(log)
        done = pn.export_onnx(model, tmp_path / "m.onnx")
        users = replace(log.histories, users=np.full(log.n_users, -1, np.int32), times=None)
        session = open_session(done.path, Run(threads=1))
        found = session.run(["top_items"], inputs_of(users))[0]
        same = (found == model.top_items(users, 10)[0]).all(axis=1)
        assert same.mean() > 0.95
