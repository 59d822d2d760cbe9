"""Whole bundles of other versions are told from damaged ones, with what to do."""

from __future__ import annotations

import pytest

from penchant.bundle import reading, restore
from penchant.errors import BundleError


def of_version(maker):
    """A manifest of another version, whose model kept something under another name."""

    def change(content):
        content["versions"]["penchant"] = maker
        content["state"]["weights_before_"] = content["state"].pop("weights_")

    return change


def test_a_bundle_of_another_version_says_what_to_do(folder, reseal):
    reseal(folder, of_version("0.0.9"))
    with pytest.raises(BundleError) as caught:
        restore(folder)
    sentence = str(caught.value)
    assert f"{str(folder)!r} was made by penchant 0.0.9, and penchant" in sentence
    assert "train the model again, as with penchant train LOG -o FOLDER" in sentence
    assert sentence.endswith("or install penchant==0.0.9.")
    assert "damaged" not in sentence


def test_a_parameter_that_is_no_more(folder, reseal):
    def change(content):
        content["versions"]["penchant"] = "0.0.9"
        content["parameters"]["ridge"] = 3.0

    reseal(folder, change)
    with pytest.raises(
        BundleError, match=r"made by penchant 0\.0\.9, and .*ridge.*train the model"
    ):
        restore(folder)


def test_a_damaged_bundle_of_another_version_is_damaged(folder, reseal):
    reseal(folder, of_version("0.0.9"))
    path = folder / "arrays.safetensors"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(BundleError, match="damaged or was altered"):
        restore(folder)


def test_the_same_fault_of_this_version_is_damage(folder, reseal):
    reseal(folder, of_version(reading.version("penchant")))
    with pytest.raises(BundleError, match="damaged or was altered"):
        restore(folder)


def test_a_bundle_of_another_version_that_fits_is_read(folder, reseal):
    reseal(folder, lambda content: content["versions"].update(penchant="0.0.9"))
    assert restore(folder).l2 == 10


def test_a_hostile_version_cannot_steer_the_terminal(folder, reseal):
    reseal(folder, of_version("\x1b[31m" + "9" * 5000))
    with pytest.raises(BundleError) as caught:
        restore(folder)
    assert "\x1b" not in str(caught.value)
    assert len(str(caught.value)) < 1200
