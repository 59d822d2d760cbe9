"""Training by the workers of a cluster, each on its share of every batch or with some rows."""

from __future__ import annotations

from typing import Any, ClassVar, Protocol

from penchant.data.dataset import Dataset
from penchant.data.holdout import Holdout
from penchant.distributed.replicas import of_replicas
from penchant.errors import ParameterError
from penchant.run import Run


class _Model(Protocol):
    data_parallel: ClassVar[bool]
    row_parallel: ClassVar[bool]

    @property
    def can_shard_tables(self) -> bool: ...

    def _fit(self, train: Dataset, validation: Holdout | None, run: Run) -> None: ...

    def fitted_state(self) -> dict[str, Any]: ...


def require_divisible(model: _Model, run: Run) -> None:
    """Refuse a model that the run's processes cannot train together, where it has several.

    Raises:
        ParameterError: it is none whose steps are means over rows of a batch, or whose rows are
            solved one by one; or its tables are to be sharded and cannot be, or in one process.
    """
    if run.ray is None and not run.replica:
        if run.shard_tables:
            raise ParameterError(
                "--shard-tables is for workers of a Ray cluster that train a model together: name "
                "one with --ray."
            )
        return
    by_rows = run.ray is not None and model.row_parallel
    if not model.data_parallel and not by_rows:
        raise ParameterError(
            f"Workers of a cluster cannot train {type(model).__name__} together, as it does not "
            "learn by gradients of batches that can be shared: train it in one process, without "
            "--ray, or use one that they can, such as ials, sasrec or dot (see docs/cluster.md)."
        )
    if run.shard_tables and not by_rows and not model.can_shard_tables:
        raise ParameterError(
            f"{type(model).__name__} with these parameters has no tables that workers can shard: "
            "train it without --shard-tables, or use a model that has, such as dot (see "
            "docs/cluster.md)."
        )


def keeps_model(run: Run) -> bool:
    """Whether this process is one that has the model in the end."""
    if not (run.replica and run.shard_tables):
        return True
    from torch import distributed  # which takes seconds, and most models do without

    return int(distributed.get_rank()) == 0


def fit_by_processes(model: _Model, train: Dataset, validation: Holdout | None, run: Run) -> None:
    """Fit a model here, or let the workers of the run's cluster do it together.

    Raises:
        MissingExtraError: Ray is not installed.
        ParameterError: there is no such cluster, or not enough room in it.
    """
    if run.ray is None or model.row_parallel:
        model._fit(train, validation, run)
        return
    learned, gone = of_replicas(_learned, (model, train, validation), run)
    for name in gone:
        vars(model).pop(name)
    vars(model).update(learned)


def _learned(
    shared: tuple[_Model, Dataset, Holdout | None], run: Run
) -> tuple[dict[str, Any], set[str]]:
    """What a model has learned, by attribute name, and the attributes that it has used up."""
    model, train, validation = shared
    before = set(vars(model))
    model._fit(train, validation, run)
    if not keeps_model(run):
        return {}, set()
    return model.fitted_state(), before - set(vars(model))
