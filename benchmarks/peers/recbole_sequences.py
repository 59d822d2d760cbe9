"""Time epochs of RecBole's SASRec or GRU4Rec; prints one JSON line.

Run inside the environment of `recbole.txt`. Everything is RecBole's default, each event a row of
its own with those before it and a softmax over all items among it, but for the sizes.
"""

import os

os.environ["OMP_NUM_THREADS"] = os.environ.get("BENCH_THREADS", "2")
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import argparse
import contextlib
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import torch
from recbole.config import Config
from recbole.data import create_dataset, data_preparation
from recbole.trainer import Trainer
from recbole.utils import get_model, init_seed
from recbole_settings import QUIETLY
from sequences import THREADS, arguments, events, reply

NAME = "ratings"
KINDS = {"sasrec": "SASRec", "gru4rec": "GRU4Rec"}


def settings(args: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """RecBole's configuration."""
    sizes: dict[str, Any] = {
        "embedding_size": args.dim,
        "hidden_size": args.hidden,
        "num_layers": 1,
        "dropout_prob": args.dropout,
    }
    if args.model == "sasrec":
        sizes = {
            "hidden_size": args.dim,
            "inner_size": args.dim,
            "n_layers": 2,
            "n_heads": args.heads,
            "hidden_dropout_prob": args.dropout,
            "attn_dropout_prob": args.dropout,
        }
    return sizes | {
        "data_path": str(folder),
        "checkpoint_dir": str(folder / "saved"),
        "load_col": {"inter": ["user_id", "item_id", "timestamp"]},
        "MAX_ITEM_LIST_LENGTH": args.length,
        "train_batch_size": args.batch,
        "train_neg_sample_args": None,
        "loss_type": "CE",
        "eval_args": {
            "split": {"LS": "valid_and_test"},
            "group_by": "user",
            "order": "TO",
            "mode": "full",
        },
        **QUIETLY,
    }


def main() -> None:
    """Train some epochs and print events a second."""
    args = arguments(__doc__, 2048, "events")
    torch.set_num_threads(THREADS)
    sys.argv = sys.argv[:1]  # RecBole would read the options as its own
    frame = events(args).astype({"timestamp": float})
    with tempfile.TemporaryDirectory() as name, contextlib.chdir(name):
        folder = Path(name)  # RecBole writes its logs into the working directory
        (folder / NAME).mkdir()
        types = {"user_id": "token", "item_id": "token", "timestamp": "float"}
        named = frame[list(types)].rename(columns={n: f"{n}:{kind}" for n, kind in types.items()})
        named.to_csv(folder / NAME / f"{NAME}.inter", sep="\t", index=False)
        config = Config(model=KINDS[args.model], dataset=NAME, config_dict=settings(args, folder))
        init_seed(config["seed"], config["reproducibility"])
        dataset = create_dataset(config)
        train, _, _ = data_preparation(config, dataset)
        trainer = Trainer(config, get_model(KINDS[args.model])(config, train.dataset))
        seconds = []
        for epoch in range(args.epochs):
            start = time.perf_counter()
            trainer._train_epoch(train, epoch)
            seconds.append(time.perf_counter() - start)
    reply("recbole", seconds, len(train.dataset))


if __name__ == "__main__":
    main()
