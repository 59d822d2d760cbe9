"""Train a model of RecBole for some seconds, and judge it by each user's last event.

Run inside the environment of `recbole.txt`; prints one JSON line. Settings are RecBole's defaults
but for the length of vectors, and for sequences the softmax over all items. The seconds are those
of training alone: an epoch that has begun is finished, and judging costs nothing.
"""

import os

os.environ["OMP_NUM_THREADS"] = os.environ.get("BENCH_THREADS", "2")
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import argparse
import contextlib
import json
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from recbole.config import Config
from recbole.data import create_dataset, data_preparation
from recbole.trainer import Trainer
from recbole.utils import get_model, init_seed
from recbole.utils.case_study import full_sort_scores
from recbole_settings import QUIETLY

THREADS = int(os.environ["OMP_NUM_THREADS"])
NAME = "log"
KINDS = {"lightgcn": "LightGCN", "sasrec": "SASRec", "gru4rec": "GRU4Rec"}
K = 10


def settings(args: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """RecBole's configuration."""
    sizes: dict[str, Any] = {"embedding_size": args.dim}
    if args.model != "lightgcn":
        sizes |= {"train_neg_sample_args": None, "loss_type": "CE", "MAX_ITEM_LIST_LENGTH": 50}
    if args.model == "sasrec":
        sizes["hidden_size"] = args.dim
    return sizes | {
        "data_path": str(folder),
        "checkpoint_dir": str(folder / "saved"),
        "load_col": {"inter": ["user_id", "item_id", "timestamp"]},
        "eval_args": {
            "split": {"LS": "valid_and_test"},
            "group_by": "user",
            "order": "TO",
            "mode": "full",
        },
        **QUIETLY,
    }


def judge(model: Any, test: Any, last: dict[str, str], seen: dict[str, list[str]]) -> list[float]:
    """Mean HR@10 and nDCG@10 of each user's last event among what the user has not had."""
    model.eval()
    dataset = test.dataset
    users = list(last)
    ids = dataset.token2id("user_id", users)
    scores = full_sort_scores(ids, model, test, device="cpu").numpy().copy()
    scores[:, 0] = -np.inf  # RecBole's padding
    hits, gains = [], []
    for row, user in enumerate(users):
        target = int(dataset.token2id("item_id", last[user]))
        scores[row, dataset.token2id("item_id", seen[user])] = -np.inf
        place = int((scores[row] > scores[row, target]).sum())
        hits.append(place < K)
        gains.append(1 / np.log2(place + 2) if place < K else 0.0)
    model.train()
    return [float(np.mean(hits)), float(np.mean(gains))]


def main() -> None:
    """Train until the last of the times is over, and print what there was at each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", type=Path, help="CSV: user, item and the position in time")
    parser.add_argument("--model", choices=KINDS, required=True)
    parser.add_argument("--dim", type=int, default=64)
    parser.add_argument("--seconds", type=float, nargs="+", required=True)
    args = parser.parse_args()
    torch.set_num_threads(THREADS)
    sys.argv = sys.argv[:1]  # RecBole would read the options as its own
    frame = pd.read_csv(args.path, dtype=str)
    frame["position"] = frame["position"].astype(float)
    frame = frame.sort_values(["user", "position"])
    groups = [(user, own["item"].tolist()) for user, own in frame.groupby("user")]
    judged = [(user, items) for user, items in groups if len(items) > 2]
    last = {user: items[-1] for user, items in judged}
    seen = {user: items[:-1] for user, items in judged}
    with tempfile.TemporaryDirectory() as name, contextlib.chdir(name):
        folder = Path(name)  # RecBole writes its logs into the working directory
        (folder / NAME).mkdir()
        frame.columns = ["user_id:token", "item_id:token", "timestamp:float"]
        frame.to_csv(folder / NAME / f"{NAME}.inter", sep="\t", index=False)
        kind = KINDS[args.model]
        config = Config(model=kind, dataset=NAME, config_dict=settings(args, folder))
        init_seed(config["seed"], config["reproducibility"])
        train, _, test = data_preparation(config, create_dataset(config))
        trainer = Trainer(config, get_model(kind)(config, train.dataset))
        found, spent, epoch = [], 0.0, 0
        for seconds in sorted(args.seconds):
            while spent < seconds:
                start = time.perf_counter()
                trainer._train_epoch(train, epoch)
                spent += time.perf_counter() - start
                epoch += 1
            hit_rate, ndcg = judge(trainer.model, test, last, seen)
            found.append({"seconds": spent, "epochs": epoch, "hr@10": hit_rate, "ndcg@10": ndcg})
    print(json.dumps({"peer": "recbole", "version": version("recbole"), "after": found}))


if __name__ == "__main__":
    main()
