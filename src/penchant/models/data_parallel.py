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

    def _fit(self, train: Dataset, validation: Holdout | None, run: Run) -> None: ...

    def fitted_state(self) -> dict[str, Any]: ...


def require_divisible(model: _Model, *, by_rows: bool = True) -> None:
    """Refuse a model that several processes cannot train together.

    Args:
        model: what is to be trained.
        by_rows: whether each may have some rows of its tables.

    Raises:
        ParameterError: it is none whose steps are means over rows of a batch, or whose rows are
            solved one by one.
    """
    if not model.data_parallel and not (by_rows and model.row_parallel):
        raise ParameterError(
            f"Workers of a cluster cannot train {type(model).__name__} together, as it does not "
            "learn by gradients of batches that can be shared: train it in one process, without "
            "--ray, or use one that they can, such as ials, sasrec or dot (see docs/cluster.md)."
        )


def fit_on_workers(model: _Model, train: Dataset, validation: Holdout | None, run: Run) -> None:
    """Let the workers of the run's cluster fit a model together.

    Raises:
        MissingExtraError: Ray is not installed.
        ParameterError: there is no such cluster, or not enough room in it.
    """
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
    return model.fitted_state(), before - set(vars(model))
