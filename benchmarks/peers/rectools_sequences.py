"""Time epochs of RecTools' SASRec; prints one JSON line.

Run inside the environment of `rectools-torch.txt`. Everything is RecTools' default, a softmax over
all items among it, but for the sizes. It learns each user's last events alone, as many as it reads,
and only these are counted.
"""

import os

os.environ["OMP_NUM_THREADS"] = os.environ.get("BENCH_THREADS", "2")
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import contextlib
import tempfile
import time
from typing import ClassVar

import pandas as pd
import torch
from pytorch_lightning import Callback, LightningModule, Trainer
from rectools.dataset import Dataset
from rectools.models import SASRecModel
from sequences import THREADS, arguments, events, reply


class EpochSeconds(Callback):
    """Keeps how long each epoch of training took, in a list that copies share: RecTools copies."""

    seconds: ClassVar[list[float]] = []

    def on_train_epoch_start(self, trainer: Trainer, module: LightningModule) -> None:
        """Note the time."""
        self.started = time.perf_counter()

    def on_train_epoch_end(self, trainer: Trainer, module: LightningModule) -> None:
        """Add the time since."""
        self.seconds.append(time.perf_counter() - self.started)


args = arguments(__doc__, 128, "users")
if args.model != "sasrec":
    raise SystemExit("RecTools has no recurrent network")
torch.set_num_threads(THREADS)
frame = events(args)
lengths = frame.groupby("user_id").size()
frame["weight"] = 1.0
frame["datetime"] = pd.to_datetime(frame["timestamp"], unit="s")
log = Dataset.construct(frame[["user_id", "item_id", "weight", "datetime"]])


def trainer() -> Trainer:
    """A trainer on the processor that measures epochs and writes nothing."""
    return Trainer(
        max_epochs=args.epochs,
        accelerator="cpu",
        devices=1,
        callbacks=[EpochSeconds()],
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )


model = SASRecModel(
    n_blocks=2,
    n_heads=args.heads,
    n_factors=args.dim,
    dropout_rate=args.dropout,
    session_max_len=args.length,
    batch_size=args.batch,
    get_trainer_func=trainer,
)
with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
    model.fit(log)
reply("rectools", EpochSeconds.seconds, int((lengths - 1).clip(upper=args.length).sum()))
