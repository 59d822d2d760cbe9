from __future__ import annotations

import subprocess
import sys
from contextlib import nullcontext

import pytest

from penchant.errors import ParameterError
from penchant.run import Run, Silent


def test_one_function_stands_for_a_tuple():
    given = []
    run = Run(on_result=given.append, callbacks=given.append)
    assert run.finished("result") == "result"
    run.callbacks[0]({"loss": 1.0})
    assert given == ["result", {"loss": 1.0}]
    assert Run(on_result=[len, repr]).on_result == (len, repr)


@pytest.mark.parametrize("name", ["callbacks", "on_result"])
@pytest.mark.parametrize("value", [None, 3, "print", ("print",), [None]])
def test_what_cannot_be_called_is_refused(name, value):
    with pytest.raises(ParameterError, match=f"{name} is a function, or a tuple of functions"):
        Run(**{name: value})


@pytest.mark.parametrize("value", [False, True, None, print])
def test_what_shows_no_progress_is_refused(value):
    with pytest.raises(ParameterError, match=r"progress must be an object with a method task"):
        Run(progress=value)


def test_progress_is_whatever_has_tasks():
    class Counter:
        def task(self, description, total=None):
            return nullcontext(Silent())

    assert isinstance(Run(progress=Counter()).progress, Counter)


def test_a_device_is_a_name():
    with pytest.raises(ParameterError, match="device is a name such as 'cpu' or 'cuda', not 0"):
        Run(device=0)


def test_a_run_is_made_without_pytorch():
    code = "import sys, penchant; penchant.Run(device='cuda'); assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
