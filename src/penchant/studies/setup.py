"""What the setups of all studies have in common: the log, the seed, and models by their names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from penchant.data import Dataset, Split
from penchant.errors import DataError
from penchant.evaluation import Evaluation, evaluate
from penchant.models import Recommender, make
from penchant.run import Run
from penchant.studies.records import Better, published_verdict


@dataclass(frozen=True, kw_only=True, eq=False)
class StudySetup:
    """What all sections of a study share; each study adds its options and splits.

    Attributes:
        log: the study's log.
        seed: decides everything random.
        run: threads and progress.
        quick: whether training is cut to seconds, for a look at what the page is like.
        same_data: whether the log is the very one that the published figures are of; where it is
            not, no figure is called better or worse than a published one.
    """

    log: Dataset
    seed: int
    run: Run
    quick: bool = False
    same_data: bool = False
    quick_epochs: ClassVar[int] = 1
    quick_replicates: ClassVar[int] = 200

    @property
    def replicates(self) -> int:
        """Resamples of the users for intervals."""
        return self.quick_replicates if self.quick else 1000

    def model(self, spec: str, **parameters: Any) -> Recommender:
        """A model of the table of models, unfitted, with the study's seed."""
        model = make(spec).clone(seed=self.seed, **parameters)
        if self.quick and "epochs" in model.params():
            return model.clone(epochs=self.quick_epochs)
        return model

    def evaluate(
        self,
        models: Mapping[str, Recommender],
        split: Split,
        metrics: Sequence[str],
        *,
        like: float | None = None,
        relevant: Literal["all", "liked"] = "all",
    ) -> Evaluation:
        """Evaluate models on a split, beside baselines, with the study's seed and resamples."""
        return evaluate(
            models,
            split,
            metrics,
            like=like,
            relevant=relevant,
            replicates=self.replicates,
            seed=self.seed,
            run=self.run,
        )

    def against_published(
        self,
        published: float | None,
        ours: float | None,
        *,
        better: Better | None = None,
        places: int = 3,
    ) -> str:
        """What a table says of our figure beside a published one; see `published_verdict`.

        Nothing in a quick study, whose figures mean nothing.
        """
        if self.quick:
            return ""
        return published_verdict(published, ours, self.same_data, better=better, places=places)


def require_reviews(study: str, log: Dataset, columns: Iterable[str], example: str) -> None:
    """Refuse a log that is not one of reviews.

    Args:
        study: the study's name, for the error.
        log: the log.
        columns: what its events need beside ratings.
        example: a data set that has all that.

    Raises:
        DataError: the log has no ratings or lacks a column.
    """
    missing = ["rating"] * (not log.has_ratings)
    missing += [name for name in columns if name not in log.events.columns]
    if missing:
        raise DataError(
            f"The study of {study} needs reviews, and the log {log.name!r} has no "
            f"{', no '.join(missing)}: use {example} or another category."
        )
