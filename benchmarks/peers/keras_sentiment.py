"""Time the published sentiment network in Keras 3, on the back end that KERAS_BACKEND names.

Embedding(100→150) of 20 words, Conv1D of 128 filters and kernel 8, max-pooling by 2, Dense 30,
Dense 2 sigmoid; binary cross-entropy, Adam, `Model.fit` over NumPy arrays, compiled as the back
end does by default. Run inside the environment of `keras.txt`; prints one JSON line.
"""

import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ["OMP_NUM_THREADS"] = os.environ.get("BENCH_THREADS", "2")

import argparse
import json
import time
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras_dot import Clock, limit_threads


def network(lr: float) -> keras.Model:
    """The compiled network: 191,860 parameters."""
    model = keras.Sequential(
        [
            keras.Input((20,), dtype="int32"),
            keras.layers.Embedding(100, 150),
            keras.layers.Conv1D(128, 8, activation="relu"),
            keras.layers.MaxPooling1D(2),
            keras.layers.Flatten(),
            keras.layers.Dense(30, activation="relu"),
            keras.layers.Dense(2, activation="sigmoid"),
        ]
    )
    assert model.count_params() == 191_860
    model.compile(optimizer=keras.optimizers.Adam(lr), loss="binary_crossentropy")
    model.optimizer.build(model.trainable_variables)
    return model


def main() -> None:
    """Warm up, train from the initial weights, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help=".npz of tokens, labels, val_tokens, val_labels")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--epochs", type=int, default=2, help="timed epochs, after the warm-up")
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--rows", type=int, default=0, help="training rows used; 0 for all")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()

    limit_threads()
    keras.utils.set_random_seed(args.seed)
    with np.load(args.data) as file:
        data = {name: file[name] for name in file.files}
    rows = args.rows or len(data["labels"])
    x, val_x = data["tokens"][:rows], data["val_tokens"]
    y, val_y = (np.eye(2, dtype=np.float32)[data[n]] for n in ("labels", "val_labels"))
    y = y[:rows]
    fit: dict[str, Any] = {"batch_size": args.batch, "verbose": 0, "shuffle": True}
    fit |= {"validation_data": (val_x, val_y), "validation_batch_size": 1024}

    model = network(args.lr)
    state = [*model.variables, *model.optimizer.variables]
    initial = [keras.ops.convert_to_numpy(variable).copy() for variable in state]
    # The last batch is a short one in the warm-up as well: it is compiled on its own.
    warmup = min(rows, 8 * args.batch + rows % args.batch)
    model.fit(x[:warmup], y[:warmup], epochs=1, **fit)
    for variable, value in zip(state, initial, strict=True):
        variable.assign(value)

    clock = Clock()
    started = time.perf_counter()
    model.fit(x, y, epochs=args.epochs, callbacks=[clock], **fit)
    seconds = clock.train_seconds
    print(
        json.dumps(
            {
                "peer": f"keras-{keras.backend.backend()}",
                "batch": args.batch,
                "rows": rows,
                "seconds": seconds,
                "wall_seconds": time.perf_counter() - started,
                "samples_per_s": {
                    "best": rows / min(seconds),
                    "median": rows / float(np.median(seconds)),
                },
                "loss": clock.losses,
                "val_loss": clock.val_losses,
                "cumulative_seconds": np.cumsum(seconds).tolist(),
                "versions": {"keras": keras.__version__},
            }
        )
    )


if __name__ == "__main__":
    main()
