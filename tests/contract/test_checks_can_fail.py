"""Each check passes a sound model and fails one that breaks the promise it is about."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

from penchant.testing import CHECKS, check_contract


def load(name):
    """Test modules are no package: stubs are loaded from files beside this one."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    sys.modules[name] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


stubs = load("stubs")
attribute_stubs = load("attribute_stubs")  # adds to the former
updating_stubs = load("updating_stubs")


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize(
    "cls", [stubs.Sound, attribute_stubs.SoundOnAttributes, updating_stubs.SoundUpdating]
)
def test_a_sound_model_passes(cls, check):
    CHECKS[check](cls)


def test_every_check_has_a_model_that_fails_it():
    assert set(stubs.BREAKS) == set(CHECKS)


@pytest.mark.parametrize(
    ("check", "cls"),
    [
        pytest.param(check, cls, id=f"{check}-{cls.__name__}")
        for check, models in stubs.BREAKS.items()
        for cls in models
    ],
)
def test_a_broken_promise_is_found(check, cls):
    with pytest.raises(AssertionError, match=r"\w+ \w+ \w+"):
        CHECKS[check](cls)


def test_check_contract_names_the_check():
    with pytest.raises(AssertionError, match="SaysNothing fails repr_names_changes: 'SaysNothing"):
        check_contract(stubs.SaysNothing, width=4)
