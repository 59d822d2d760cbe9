"""Each check passes a sound model and fails one that breaks the promise it is about."""

from __future__ import annotations

import pytest

from penchant.testing import CHECKS, check_contract
from support import attribute_stubs, stubs, updating_stubs


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize(
    "cls",
    [
        stubs.Sound,
        attribute_stubs.SoundOnAttributes,
        updating_stubs.SoundUpdating,
        updating_stubs.SoundRefitting,
        updating_stubs.SoundFoldingIn,
    ],
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
