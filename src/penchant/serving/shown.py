"""Keep what is shown to whom, without anybody waiting for it."""

from __future__ import annotations

import logging
import queue
import threading
import time
import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING

from penchant.errors import ParameterError, PenchantError

if TYPE_CHECKING:
    from penchant.serving.store import ShownList, Store

logger = logging.getLogger(__name__)

_WAITING = 10_000  # lists at most that are not written yet
_AT_ONCE = 500

ShownItem = tuple[str, float | None, float, bool, str | None]
"""The text of an item's id, its score, how likely it was to stand there, whether chance put it
there, and its reasons in words."""


class Recorder:
    """Writes shown lists to a store from a thread of its own.

    Where lists come faster than they can be written, those that find no place are counted and
    left out: nobody waits for their list because of it.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._queue: queue.Queue[ShownList | None] = queue.Queue(_WAITING)
        self.left_out = 0
        self._thread = threading.Thread(target=self._write, name="shown lists", daemon=True)
        self._thread.start()

    def add(
        self,
        *,
        user: str | None,
        experiment: str,
        arm: str,
        model: str,
        items: Sequence[ShownItem],
    ) -> str:
        """Note a list, and give it an id by which feedback can name it."""
        from penchant.serving.store import ShownList

        id_ = uuid.uuid4().hex
        shown = ShownList(
            list=id_,
            user=user,
            time=time.time_ns() // 1000,
            experiment=experiment,
            arm=arm,
            model=model,
            items=items,
        )
        try:
            self._queue.put_nowait(shown)
        except queue.Full:
            self.left_out += 1
        return id_

    def close(self) -> None:
        """Write what waits, and stop."""
        self._queue.put(None)
        self._thread.join(timeout=10)

    def _write(self) -> None:
        while (first := self._queue.get()) is not None:
            batch: list[ShownList] = [first]
            last = False
            while len(batch) < _AT_ONCE and not last:
                try:
                    another = self._queue.get_nowait()
                except queue.Empty:
                    break
                last = another is None
                if another is not None:
                    batch.append(another)
            self._keep(batch)
            if last:
                return

    def _keep(self, batch: Sequence[ShownList]) -> None:
        """Write lists, or count those that are lost."""
        try:
            self._store.show(batch)
        except ParameterError as error:  # of one list, which must not take the others along
            if len(batch) > 1:
                for shown in batch:
                    self._keep([shown])
                return
            self.left_out += 1
            logger.error(f"A shown list is lost: {error}")
        except PenchantError as error:
            self.left_out += len(batch)
            logger.error(f"{len(batch)} shown lists are lost: {error}")
