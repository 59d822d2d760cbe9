"""The devices of PyTorch that networks can train on."""

from __future__ import annotations

import torch

from penchant.errors import ParameterError
from penchant.run import Run

_KINDS = ("cuda", "mps", "xpu")


def require_device(run: Run) -> None:
    """Refuse a device that is not here; on a cluster those of its workers count.

    Raises:
        ParameterError: PyTorch does not know it, or finds none.
    """
    if run.device == "cpu" or run.ray is not None:
        return
    try:
        device = torch.device(run.device)
    except RuntimeError:
        there = []
    else:
        there = [device.type, *_numbered(device.type)] if _numbered(device.type) else []
    if run.device not in there:
        here = ["cpu", *(name for kind in _KINDS for name in _numbered(kind))]
        raise ParameterError(
            f"There is no device {run.device!r} here: device can be {' or '.join(here)}."
        )


def _numbered(kind: str) -> list[str]:
    """The devices of a kind, such as `cuda:0`."""
    module = getattr(torch, kind, None)
    n = 0 if module is None or not hasattr(module, "device_count") else module.device_count()
    return [f"{kind}:{number}" for number in range(n)]
