"""What `run.py` runs in turns, ours and a peer's, and how many times as fast ours should be."""

from __future__ import annotations

from dataclasses import dataclass

REVIEWS = 228_340
"""Reviews of the file that is made: 20 times those of the mirror, 97 MB unpacked."""


@dataclass(frozen=True)
class Benchmark:
    """One comparison.

    Attributes:
        name: what to call it on the command line.
        about: what is compared.
        ours: arguments for `ours.py`; `{data}` is the file of ratings, `{reviews}` one of
            Amazon's reviews that is made for the occasion.
        peer: the peer's environment.
        theirs: the peer's script and arguments.
        figure: the rate to compare, a key of both outputs.
        mark: how many times the peer's rate ours should be.
        backend: KERAS_BACKEND, where the peer is Keras.
        quality: what else to show of both, a key of both outputs.
    """

    name: str
    about: str
    ours: tuple[str, ...]
    peer: str
    theirs: tuple[str, ...]
    figure: str
    mark: float
    backend: str = ""
    quality: str = ""


def _dot(dim: int, batch: int, backend: str, mark: float, rows: int) -> Benchmark:
    size = ("--dim", str(dim), "--batch", str(batch))
    return Benchmark(
        f"dot-{dim}d-{batch}-{backend}",
        f"dot-product network, 77,805 × 185,973, {dim}-d, batch {batch}; Keras on {backend}",
        ("dot", *size, "--rows", "262144", "--epochs", "4"),
        "keras",
        ("keras_dot.py", *size, "--rows", str(rows), "--epochs", "2"),
        "samples_per_s",
        mark,
        backend,
    )


def _sequences(
    model: str,
    peer: str,
    mark: float,
    batch: int,
    peer_batch: int,
    precision: str = "float32",
    **sizes: int,
) -> Benchmark:
    """Epochs of a network of order; `batch` counts events, and the peer's what it does."""
    common = ("{data}", "--model", model)
    for name, value in sizes.items():
        common += (f"--{name}", str(value))
    library = peer.partition("-")[0]
    rounded = "" if precision == "float32" else f"-{precision}"
    return Benchmark(
        f"{model}-{library}{rounded}",
        f"events learned of {sizes['users']} users of MovieLens 1M by {model}{rounded}, the same "
        f"sizes, all items in the softmax; {library}",
        ("sequence-epochs", *common, "--batch", str(batch), "--precision", precision),
        peer,
        (f"{library}_sequences.py", *common, "--batch", str(peer_batch)),
        "events_per_s",
        mark,
    )


NEUMF_DEFAULTS = (
    *("--dim", "64", "--hidden", "128", "64"),
    *("--negatives", "1", "--events", "200000"),
)

BENCHMARKS = (
    Benchmark(
        "read",
        "reading MovieLens 1M's ratings.dat; pandas with the separator '::'",
        ("read", "{data}"),
        "implicit",
        ("pandas_read.py", "{data}"),
        "rows_per_s",
        20,
    ),
    Benchmark(
        "amazon-read",
        f"reading {REVIEWS:,} Amazon reviews, gzip, one object a line; pandas.read_json",
        ("amazon-read", "{reviews}"),
        "implicit",
        ("pandas_reviews.py", "{reviews}"),
        "mb_per_s",
        5,
    ),
    Benchmark(
        "topn",
        "top 10 unseen of all MovieLens 1M users, 64-d factors; implicit",
        ("topn", "{data}"),
        "implicit",
        ("implicit_topn.py", "{data}"),
        "users_per_s",
        4,
    ),
    Benchmark(
        "evaluate-recbole",
        "full ranking and three metrics, 64-d; RecBole as it comes",
        ("evaluate", "{data}"),
        "recbole",
        ("recbole_evaluate.py", "{data}", "--batch-users", "0"),
        "users_per_s",
        5,
    ),
    Benchmark(
        "evaluate-recbole-tuned",
        "the same; RecBole at the batch size that suits it best",
        ("evaluate", "{data}"),
        "recbole",
        ("recbole_evaluate.py", "{data}", "--batch-users", "256"),
        "users_per_s",
        1,
    ),
    Benchmark(
        "evaluate-lenskit",
        "the same; LensKit",
        ("evaluate", "{data}"),
        "lenskit",
        ("lenskit_evaluate.py", "{data}"),
        "users_per_s",
        50,
    ),
    *(
        Benchmark(
            f"ratings-{of}-{peer}",
            f"a tenth of MovieLens 1M's ratings predicted by neighbours of {of}, 40 of them, each "
            f"by a similarity of ratings above biases or means; {peer}",
            ("ratings", "{data}", "--model", model),
            peer,
            (f"{peer}_ratings.py", "{data}", "--of", of),
            "predictions_per_s",
            20,
            quality="rmse",
        )
        for of, model in (("items", "item-knn"), ("users", "user-knn"))
        for peer in ("surprise", "lenskit")
    ),
    *(
        Benchmark(
            f"{model}-{peer}",
            f"epochs of {model} on {'all' if not events else f'{events:,}'} events of "
            f"MovieLens 1M, of the same sizes; {peer}",
            ("epochs", "{data}", "--model", model, *sizes),
            peer,
            (f"{peer}_epochs.py", "{data}", "--model", model, *sizes),
            "events_per_s",
            mark,
        )
        for model, events, sizes, marks in (
            ("bpr", 0, ("--dim", "64", "--negatives", "1"), {"recbole": 3, "cornac": 1}),
            (
                "neumf",
                200_000,
                ("--dim", "32", "--events", "200000"),
                {"recbole": 10, "cornac": 10},
            ),
            ("lightgcn", 0, ("--dim", "64", "--epochs", "1"), {"recbole": 20}),
        )
        for peer, mark in marks.items()
    ),
    Benchmark(
        "neumf-recbole-defaults",
        "the same at RecBole's default sizes of layers and of batches, one negative an event",
        ("epochs", "{data}", "--model", "neumf", *NEUMF_DEFAULTS, "--batch", "1024"),
        "recbole",
        ("recbole_epochs.py", "{data}", "--model", "neumf", *NEUMF_DEFAULTS, "--batch", "2048"),
        "events_per_s",
        10,
    ),
    *(
        _sequences(
            "sasrec",
            "rectools-torch",
            3,
            12_800,
            128,
            precision,
            dim=256,
            length=100,
            heads=4,
            users=1000,
            epochs=2,
        )
        for precision in ("float32", "bfloat16")
    ),
    _sequences("sasrec", "recbole", 5, 2048, 2048, users=200, epochs=2),
    _sequences("gru4rec", "recbole", 3, 2048, 2048, users=200, epochs=2),
    _dot(1, 128, "tensorflow", 3, 65_536),
    _dot(1, 128, "jax", 1, 262_144),
    _dot(32, 128, "tensorflow", 12, 16_384),
    _dot(32, 128, "jax", 12, 16_384),
)
