"""Time RecBole's full-sort evaluation of a BPR model on a random 80/20 split.

Run inside the environment of `recbole.txt`; prints one JSON line. RecBole's loader evaluates
`eval_batch_size // items` users at once, which its default of 4,096 makes one user a batch here:
`--batch-users` sets the size, and `--batch-users 0` keeps the default.
"""

import os

os.environ["OMP_NUM_THREADS"] = os.environ.get("BENCH_THREADS", "2")
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import argparse
import contextlib
import json
import platform
import statistics
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
from recbole.data import create_dataset, get_dataloader
from recbole.sampler import Sampler
from recbole.trainer import Trainer
from recbole.utils import get_model, init_seed

THREADS = int(os.environ["OMP_NUM_THREADS"])
NAME = "ratings"
COLUMNS = ["user_id:token", "item_id:token", "rating:float", "timestamp:float"]


def prepare(path: Path, folder: Path) -> tuple[int, int]:
    """Write RecBole's atomic file, and return the counts of users and items."""
    frame = pd.read_csv(path, sep="::", engine="python", names=COLUMNS, encoding="latin-1")
    (folder / NAME).mkdir()
    frame.to_csv(folder / NAME / f"{NAME}.inter", sep="\t", index=False)
    return frame[COLUMNS[0]].nunique(), frame[COLUMNS[1]].nunique()


def settings(args: argparse.Namespace, folder: Path, items: int) -> dict[str, Any]:
    """RecBole's configuration: its defaults but for the split, the metrics and the sizes."""
    config: dict[str, Any] = {
        "data_path": str(folder),
        "checkpoint_dir": str(folder / "saved"),
        "load_col": {"inter": ["user_id", "item_id"]},
        "embedding_size": args.dim,
        "epochs": args.epochs,
        "train_batch_size": 8192,
        "eval_args": {
            "split": {"RS": [0.8, 0.2]},
            "group_by": None,
            "order": "RO",
            "mode": "full",
        },
        "metrics": ["Recall", "NDCG", "Hit"],
        "topk": [10],
        "valid_metric": "NDCG@10",
        "metric_decimal_place": 6,
        "use_gpu": False,
        "device": "cpu",
        "seed": args.seed,
        "reproducibility": False,
        "show_progress": False,
        "log_wandb": False,
    }
    if args.batch_users:
        # RecBole counts its padding as an item.
        config["eval_batch_size"] = args.batch_users * (items + 1)
    return config


def main() -> None:
    """Train a little, evaluate several times, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", type=Path, help="ratings.dat, user::item::rating::timestamp")
    parser.add_argument("--dim", type=int, default=64)
    parser.add_argument("--epochs", type=int, default=1, help="epochs of training beforehand")
    parser.add_argument("--batch-users", type=int, default=256, help="0 for RecBole's default")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()

    torch.set_num_threads(THREADS)
    sys.argv = sys.argv[:1]  # RecBole would read the options as its own
    path = args.path.resolve()
    with tempfile.TemporaryDirectory() as name, contextlib.chdir(name):
        # RecBole writes its logs into the working directory.
        folder = Path(name)
        users, items = prepare(path, folder)
        start = time.perf_counter()
        config = Config(model="BPR", dataset=NAME, config_dict=settings(args, folder, items))
        init_seed(config["seed"], config["reproducibility"])
        dataset = create_dataset(config)
        # As data_preparation does, which wants a part to validate on as well.
        train_set, test_set = dataset.build()
        sampler = Sampler(["train", "test"], [train_set, test_set])
        train = get_dataloader(config, "train")(
            config, train_set, sampler.set_phase("train"), shuffle=True
        )
        test = get_dataloader(config, "test")(
            config, test_set, sampler.set_phase("test"), shuffle=False
        )
        prepare_seconds = time.perf_counter() - start

        model = get_model(config["model"])(config, train_set).to(config["device"])
        trainer = Trainer(config, model)
        start = time.perf_counter()
        trainer.fit(train, saved=False, verbose=False)
        fit_seconds = time.perf_counter() - start

        result = trainer.evaluate(test, load_best_model=False)  # warms up
        seconds = []
        for _ in range(args.repeats):
            start = time.perf_counter()
            result = trainer.evaluate(test, load_best_model=False)
            seconds.append(round(time.perf_counter() - start, 4))
    evaluated = test.sample_size
    print(
        json.dumps(
            {
                "peer": "recbole",
                "task": "evaluate",
                "model": "BPR",
                "dim": args.dim,
                "users": users,
                "items": items,
                "test_users": evaluated,
                "batch_users": test.step,
                "threads": THREADS,
                "prepare_seconds": round(prepare_seconds, 4),
                "fit_seconds": round(fit_seconds, 4),
                "seconds": seconds,
                "users_per_s": {
                    "best": round(evaluated / min(seconds), 1),
                    "median": round(evaluated / statistics.median(seconds), 1),
                },
                "metrics": {key: float(value) for key, value in result.items()},
                "versions": {
                    "python": platform.python_version(),
                    "recbole": version("recbole"),
                    "torch": torch.__version__,
                    "numpy": np.__version__,
                    "pandas": pd.__version__,
                },
            }
        )
    )


if __name__ == "__main__":
    main()
