"""What scripts of peers have in common: a split that `penchant split` wrote, and lists as a file.

A peer learns from `train.csv`. What is known of a user before the test events, of which lists have
nothing, is that and `validation.csv`. Lists are for test users with something known of them.
"""

import argparse
import csv
import json
from pathlib import Path

import numpy as np
from scipy import sparse


class Parts:
    """The events of a folder by positions of users and items."""

    def __init__(self, folder, positive=None):
        rows = {}
        for name in ("train", "validation", "test"):
            path = folder / f"{name}.csv"
            rows[name] = []
            if path.exists():
                with path.open(newline="", encoding="utf-8") as file:
                    rows[name] = [
                        (row["user"], row["item"])
                        for row in csv.DictReader(file)
                        if positive is None or float(row["rating"]) >= positive
                    ]
        every = [pair for part in rows.values() for pair in part]
        self.users = list(dict.fromkeys(user for user, _ in every))
        self.items = list(dict.fromkeys(item for _, item in every))
        places = (
            {u: n for n, u in enumerate(self.users)},
            {i: n for n, i in enumerate(self.items)},
        )
        pairs = {
            name: np.array([(places[0][u], places[1][i]) for u, i in part], np.int64).reshape(-1, 2)
            for name, part in rows.items()
        }
        self.train = self._matrix(pairs["train"])
        self.known = self._matrix(np.concatenate([pairs["train"], pairs["validation"]]))
        test = np.unique(pairs["test"][:, 0])
        self.test_users = test[np.diff(self.known.indptr)[test] > 0]

    def _matrix(self, pairs):
        shape = (len(self.users), len(self.items))
        matrix = sparse.csr_matrix(
            (np.ones(len(pairs), np.float32), (pairs[:, 0], pairs[:, 1])), shape=shape
        )
        matrix.data[:] = 1
        return matrix

    def write(self, lists, path):
        """Write int[n_test_users, k] positions of items, below 0 where a list is short."""
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["user", "item", "rank"])
            for user, items in zip(self.test_users, lists, strict=True):
                for rank, item in enumerate((i for i in items if i >= 0), 1):
                    writer.writerow([self.users[user], self.items[item], rank])


def arguments(models):
    """Arguments that all scripts take."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("model", choices=list(models))
    parser.add_argument("lists", type=Path)
    parser.add_argument("--positive", type=float, help="The lowest rating of an event that counts.")
    parser.add_argument("--n", type=int, default=10)
    return parser.parse_args()


def reply(fit_seconds, version):
    """What the caller reads."""
    print(json.dumps({"fit_seconds": round(fit_seconds, 3), "version": version}))
