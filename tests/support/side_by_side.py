"""An executor that does tasks as a cluster would, in this process."""

from __future__ import annotations

import pickle


class SideBySide:
    """Three workers that know what they are sent alone, of whose tasks the last is done first.

    Attributes:
        done: the tasks, in that order.
        largest: bytes of the largest result.
    """

    slots = 3

    def __init__(self):
        self.done, self.largest = [], 0

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass

    def results(self, work, shared, tasks, *, waiting=1):
        assert waiting == 0
        sent, coming, running = pickle.dumps(shared), iter(tasks), []
        while True:
            while len(running) < self.slots and (task := next(coming, None)) is not None:
                running.append(task)
            if not running:
                return
            task = running.pop()
            self.done.append(task)
            result = pickle.dumps(work(pickle.loads(sent), pickle.loads(pickle.dumps(task))))
            self.largest = max(self.largest, len(result))
            yield task, pickle.loads(result)
