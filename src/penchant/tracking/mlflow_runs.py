"""Comparisons, tunings and trainings as runs of MLflow."""

from __future__ import annotations

import logging
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from penchant.errors import MissingExtraError, ParameterError, PenchantError, require
from penchant.models.base import Recommender
from penchant.reporting import report
from penchant.results.output import Output
from penchant.tracking.run_records import RunRecord, key, records_of

logger = logging.getLogger(__name__)

_VALUE, _NAME = 6000, 250  # letters that MLflow keeps of a parameter, and of a name
_METRICS, _PARAMS = 1000, 100  # that it takes at once


class MLflowTracker:
    """Writes results as runs of MLflow; give it to a `Run`, or call `write`.

    A comparison is a run with a run below it for each model, trivial ones too: parameters, each
    metric with its interval and its gain (`ndcg_at_10`, `ndcg_at_10.low`, `validation/ndcg_at_10`),
    costs, training curves, verdicts, and the fingerprints of log and split as tags. A tuning has a
    run for each trial. The report and the JSON are artifacts of the run above. No model is stored:
    that is what bundles are for.

    Nothing is said to the makers of MLflow: its telemetry is switched off unless
    MLFLOW_DISABLE_TELEMETRY says otherwise.

    Example:
        tracker = pn.MLflowTracker("sqlite:///mlflow.db", experiment="films")
        result = pn.evaluate(models, split, run=pn.Run(on_result=(tracker,)))

    Args:
        uri: where the runs go: the address of a tracking server, or a database such as
            `sqlite:///mlflow.db`.
        experiment: of which the runs are part; it is made where it is missing.
        report: whether the HTML report is written, too.

    Raises:
        MissingExtraError: MLflow is not installed.
        PenchantError: there is no MLflow at the address.
    """

    def __init__(self, uri: str, experiment: str = "penchant", *, report: bool = True) -> None:
        if not uri or not experiment:
            raise ParameterError("Runs of MLflow need an address and the name of an experiment.")
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
        self._entities = require("mlflow.entities", "mlflow")
        tracking = require("mlflow.tracking", "mlflow")
        self._report = report
        with self._sentences():
            self._client: Any = tracking.MlflowClient(tracking_uri=uri)
            found = self._client.get_experiment_by_name(experiment)
            self._experiment: str = (
                self._client.create_experiment(experiment) if found is None else found.experiment_id
            )

    def __call__(self, result: object) -> None:
        """Write a result; where that fails, say so and go on, for the result is worth more."""
        try:
            self.write(result)
        except PenchantError as error:
            logger.warning(f"The result is not in MLflow: {error}")

    def write(self, result: object) -> str:
        """Write a comparison, a tuning or a fitted recommender.

        Returns:
            The id of the run that the others are below.

        Raises:
            ParameterError: the result is of another kind.
            PenchantError: MLflow did not take it.
        """
        above, below = records_of(result)
        with self._sentences():
            parent = self._run(above, None)
            try:
                self._artifacts(parent, result)
                for record in below:
                    self._client.set_terminated(self._run(record, parent))
            except BaseException:
                self._client.set_terminated(parent, status="FAILED")
                raise
            self._client.set_terminated(parent)
        return parent

    def _run(self, record: RunRecord, parent: str | None) -> str:
        """A run with its parameters, figures and tags."""
        tags = {name: value[:_VALUE] for name, value in record.tags.items()}
        if parent is not None:
            tags["mlflow.parentRunId"] = parent
        name = record.name[:_NAME]
        run = self._client.create_run(self._experiment, tags=tags, run_name=name)
        identity: str = run.info.run_id
        now = int(time.time() * 1000)
        metric, param = self._entities.Metric, self._entities.Param
        metrics = [metric(name, value, now, 0) for name, value in record.figures.items()]
        for number, row in enumerate(record.curve, 1):
            step = int(row.get("epoch", number))
            metrics += [
                metric(f"curve/{key(name)}", float(value), now, step)
                for name, value in row.items()
                if name != "epoch" and value == value  # not NaN
            ]
        params = [param(name, text[:_VALUE]) for name, text in record.params.items()]
        for some in _parts(params, _PARAMS):
            self._client.log_batch(identity, params=some)
        for some in _parts(metrics, _METRICS):
            self._client.log_batch(identity, metrics=some)
        return identity

    def _artifacts(self, run: str, result: object) -> None:
        """The JSON of a result, and its report where Matplotlib and Jinja2 are there."""
        with tempfile.TemporaryDirectory() as folder:
            if isinstance(result, Output):
                path = Path(folder) / "result.json"
                path.write_text(result.to_json(), encoding="utf-8")
                self._client.log_artifact(run, str(path))
            if self._report and not isinstance(result, Recommender):
                try:
                    page = report(result, Path(folder) / "report.html")
                except MissingExtraError as error:
                    logger.info(f"No report goes to MLflow: {error}")
                else:
                    self._client.log_artifact(run, str(page))

    @contextmanager
    def _sentences(self) -> Iterator[None]:
        """Turn what MLflow and what is below it raise into one sentence."""
        try:
            yield
        except Exception as error:  # MLflow passes on whatever its database or server raises
            first = next(iter(str(error).splitlines()), type(error).__name__)
            raise PenchantError(
                f"MLflow does not take runs there ({first[:300].rstrip('.')}): give the address of "
                "a tracking server, or a database such as sqlite:///mlflow.db."
            ) from error


def _parts(rows: list[Any], size: int) -> Iterator[list[Any]]:
    for start in range(0, len(rows), size):
        yield rows[start : start + size]
