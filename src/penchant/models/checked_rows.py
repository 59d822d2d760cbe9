"""Refuse what is given to `predict` in the place of rows."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from penchant.data.holdout import Rows
from penchant.errors import ParameterError


class ChecksRows:
    """For models, whose `predict` then refuses frames and the like in a sentence."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        predict = getattr(cls, "predict", None)  # its own, or one of a class beside the models
        if predict is not None and not hasattr(predict, "checks_rows"):
            setattr(cls, "predict", _checking(predict))  # noqa: B010, mypy knows no such method


def _checking(predict: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(predict)
    def checked(self: Any, rows: Any) -> Any:
        if not isinstance(rows, Rows):
            raise ParameterError(
                f"predict takes rows such as split.test.rows, not a {type(rows).__name__}: make a "
                "log of it with pn.Dataset.from_frame, and split that."
            )
        return predict(self, rows)

    vars(checked)["checks_rows"] = True
    return checked
