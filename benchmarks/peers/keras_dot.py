"""Time a dot-product network in Keras 3, on the back end that KERAS_BACKEND names.

Two embeddings, their dot product, and a dense layer of one unit; mean squared error, Adam,
`Model.fit` over NumPy arrays, compiled as the back end does by default. Run inside the
environment of `keras.txt`; prints one JSON line.
"""

import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ["OMP_NUM_THREADS"] = os.environ.get("BENCH_THREADS", "2")

import argparse
import json
import platform
import resource
import statistics
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import keras
import numpy as np

THREADS = int(os.environ["OMP_NUM_THREADS"])
USERS = 77_806
ITEMS = 185_974
Arrays = dict[str, np.ndarray]


class Clock(keras.callbacks.Callback):
    """Records the seconds of each epoch, with and without its validation, and the losses."""

    def __init__(self) -> None:
        super().__init__()
        self.train_seconds: list[float] = []
        self.seconds: list[float] = []
        self.losses: list[float] = []
        self.val_losses: list[float] = []

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Start the epoch's clock."""
        self.started = time.perf_counter()
        self.trained: float | None = None

    def on_test_begin(self, logs: dict[str, float] | None = None) -> None:
        """Note where training ends and validation begins."""
        # JAX returns before its work is done: wait for the last step's weights.
        keras.ops.convert_to_numpy(self.model.trainable_variables[-1])
        self.trained = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Keep the epoch's figures."""
        now = time.perf_counter()
        self.train_seconds.append((self.trained or now) - self.started)
        self.seconds.append(now - self.started)
        self.losses.append(float((logs or {})["loss"]))
        if "val_loss" in (logs or {}):
            self.val_losses.append(float((logs or {})["val_loss"]))


def limit_threads() -> None:
    """Keep the back end to the threads asked for, before it starts them."""
    if hasattr(os, "sched_setaffinity"):
        # JAX has no setting for its threads: it starts as many as the cores it may use.
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:THREADS])
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        tf.config.threading.set_intra_op_parallelism_threads(THREADS)
        tf.config.threading.set_inter_op_parallelism_threads(THREADS)


def network(users: int, items: int, dim: int, lr: float) -> keras.Model:
    """The compiled network."""
    user = keras.Input((1,), dtype="int32", name="user")
    item = keras.Input((1,), dtype="int32", name="item")
    product = keras.layers.Dot(axes=2)(
        [
            keras.layers.Embedding(users, dim, name="users")(user),
            keras.layers.Embedding(items, dim, name="items")(item),
        ]
    )
    output = keras.layers.Dense(1)(keras.layers.Flatten()(product))
    model = keras.Model([user, item], output)
    model.compile(optimizer=keras.optimizers.Adam(lr), loss="mse")
    model.optimizer.build(model.trainable_variables)
    return model


def synthetic(rows: int, users: int, items: int, seed: int) -> Arrays:
    """Rows drawn uniformly, with ratings of 1 to 5."""
    rng = np.random.default_rng(seed)
    return {
        "user": rng.integers(0, users, rows, dtype=np.int32),
        "item": rng.integers(0, items, rows, dtype=np.int32),
        "rating": rng.integers(1, 6, rows).astype(np.float32),
    }


def load(path: Path) -> Arrays:
    """The arrays of a file made with `numpy.savez`."""
    with np.load(path) as data:
        return {name: data[name] for name in data.files}


def inputs(data: Arrays, prefix: str = "") -> list[np.ndarray]:
    """The two columns of ids, one row each."""
    return [
        np.ascontiguousarray(data[f"{prefix}{name}"].astype(np.int32).reshape(-1, 1))
        for name in ("user", "item")
    ]


def targets(data: Arrays, prefix: str = "") -> np.ndarray:
    """The column of ratings."""
    return data[f"{prefix}rating"].astype(np.float32).reshape(-1, 1)


def main() -> None:
    """Warm up, train from the initial weights, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dim", type=int, default=1)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--rows", type=int, default=262_144, help="rows made where --data is not")
    parser.add_argument("--epochs", type=int, default=3, help="timed epochs, after the warm-up")
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument(
        "--data",
        type=Path,
        help=".npz of user, item, rating and, to validate, val_user, val_item, val_rating",
    )
    parser.add_argument("--users", type=int, default=USERS)
    parser.add_argument("--items", type=int, default=ITEMS)
    parser.add_argument("--val-batch", type=int, default=8192)
    parser.add_argument(
        "--warmup-rows", type=int, default=0, help="rows of the warm-up epoch; 0 for all"
    )
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()

    limit_threads()
    keras.utils.set_random_seed(args.seed)
    data = load(args.data) if args.data else synthetic(args.rows, args.users, args.items, args.seed)
    x, y = inputs(data), targets(data)
    rows = len(y)
    fit: dict[str, Any] = {"batch_size": args.batch, "verbose": 0, "shuffle": True}
    if "val_user" in data:
        fit["validation_data"] = (inputs(data, "val_"), targets(data, "val_"))
        fit["validation_batch_size"] = args.val_batch

    model = network(args.users, args.items, args.dim, args.lr)
    state = [*model.variables, *model.optimizer.variables]
    initial = [keras.ops.convert_to_numpy(variable).copy() for variable in state]
    warmup = rows
    if args.warmup_rows:
        # The last batch is a short one in the warm-up as well: it is compiled on its own.
        warmup = min(rows, args.warmup_rows // args.batch * args.batch + rows % args.batch)
    start = time.perf_counter()
    model.fit([column[:warmup] for column in x], y[:warmup], epochs=1, **fit)
    warmup_seconds = time.perf_counter() - start
    for variable, value in zip(state, initial, strict=True):
        variable.assign(value)

    clock = Clock()
    model.fit(x, y, epochs=args.epochs, callbacks=[clock], **fit)
    seconds = clock.train_seconds
    figures: dict[str, Any] = {
        "peer": f"keras-{keras.backend.backend()}",
        "task": "dot",
        "dim": args.dim,
        "batch": args.batch,
        "rows": rows,
        "users": args.users,
        "items": args.items,
        "lr": args.lr,
        "threads": THREADS,
        "jit_compile": bool(model.jit_compile),
        "warmup_rows": warmup,
        "warmup_seconds": round(warmup_seconds, 4),
        "seconds": [round(value, 4) for value in seconds],
        "samples_per_s": {
            "best": round(rows / min(seconds), 1),
            "median": round(rows / statistics.median(seconds), 1),
            "each": [round(rows / value, 1) for value in seconds],
        },
        "train_loss": [round(value, 6) for value in clock.losses],
        "peak_rss_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "versions": {"python": platform.python_version(), "keras": keras.__version__},
    }
    backend = {"tensorflow": ["tensorflow-cpu"], "jax": ["jax", "jaxlib"], "torch": ["torch"]}
    for name in ["numpy", *backend[keras.backend.backend()]]:
        figures["versions"][name] = version(name)
    if clock.val_losses:
        figures["val_mse"] = [round(value, 6) for value in clock.val_losses]
        figures["cumulative_seconds"] = [round(float(s), 4) for s in np.cumsum(seconds)]
        figures["cumulative_seconds_with_validation"] = [
            round(float(s), 4) for s in np.cumsum(clock.seconds)
        ]
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
