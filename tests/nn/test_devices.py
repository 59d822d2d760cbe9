from __future__ import annotations

import pytest
import torch

from penchant.errors import ParameterError
from penchant.models import make
from penchant.nn.devices import require_device
from penchant.run import Run
from penchant.testing import planted_pairs


@pytest.fixture
def gpus(monkeypatch):
    def set_number(n):
        for kind in ("cuda", "mps", "xpu"):
            monkeypatch.setattr(getattr(torch, kind), "device_count", lambda: 0)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: n)

    return set_number


@pytest.mark.parametrize(
    "name", ["nonsense", "cuda", "cuda:0", "cuda:-1", "meta", "hpu", "", "cpu:1"]
)
def test_devices_that_are_not_here_are_refused(gpus, name):
    gpus(0)
    with pytest.raises(
        ParameterError, match=f"There is no device '{name}' here: device can be cpu"
    ):
        require_device(Run(device=name))


def test_devices_that_are_here_are_taken(gpus):
    gpus(2)
    for name in ("cpu", "cpu:0", "cuda", "cuda:0", "cuda:1"):
        require_device(Run(device=name))
    with pytest.raises(ParameterError, match="device can be cpu or cuda:0 or cuda:1"):
        require_device(Run(device="cuda:2"))


def test_devices_of_a_cluster_are_those_of_its_workers(gpus):
    gpus(0)
    require_device(Run(device="cuda", ray="auto"))


def test_models_refuse_devices_before_they_learn(gpus):
    gpus(0)
    log = planted_pairs(n_users=20)
    for spec in ("ease", "sasrec:epochs=1"):
        with pytest.raises(ParameterError, match="There is no device 'cuda' here"):
            make(spec).fit(log, run=Run(device="cuda"))
    model = make("popular").fit(log)
    with pytest.raises(ParameterError, match="There is no device 'cuda' here"):
        model.update(log, run=Run(device="cuda"))
