"""Models that consist of models."""

from __future__ import annotations

import shutil
from dataclasses import field

import numpy as np
import pytest

from penchant.bundle import restore, save
from penchant.errors import BundleError
from penchant.models import EASE, IALS, Popular
from penchant.models.base import Recommender


class Blend(Recommender):
    """The sum of some models."""

    models: list[Recommender] = field(default_factory=lambda: [EASE(l2=7), Popular()])

    def _fit(self, train, validation, run):
        self.base_models_ = [model.clone().fit(train) for model in self.models]
        self.first_ = Popular(half_life=9).fit(train)

    def _scores(self, users):
        parts = [model.scores(users) for model in [*self.base_models_, self.first_]]
        return np.sum(parts, axis=0, dtype=np.float32)


class Own(Popular):
    """A class of one's own."""


@pytest.fixture
def nested(log):
    inner = Blend(models=[Own(), IALS(dim=3, epochs=2)])
    return Blend(models=[EASE(l2=3), inner]).fit(log)


def test_members_come_back(nested, tmp_path):
    folder = save(nested, tmp_path / "blend")
    restored = restore(folder, model=[Blend, Own])
    assert np.array_equal(restored.scores(restored.histories_), nested.scores(nested.histories_))
    assert repr(restored) == repr(nested)
    assert [type(m) for m in restored.base_models_] == [EASE, Blend]
    assert [type(m) for m in restored.base_models_[1].base_models_] == [Own, IALS]
    assert restored.first_.half_life == 9
    # What members share with the whole is kept once.
    assert restored.base_models_[1].base_models_[0].histories_ is restored.histories_
    assert restored.first_.item_table_ is restored.item_table_
    sizes = [p.stat().st_size for p in folder.rglob("arrays.safetensors")]
    assert len(sizes) == 7
    assert sum(sizes) < 2 * (folder / "arrays.safetensors").stat().st_size + 8 * 24 * 24
    assert len(list(folder.rglob("card.md"))) == 1


def test_members_of_another_log_keep_their_own(log, text_log, tmp_path):
    model = Blend().fit(log)
    model.first_ = Popular().fit(text_log)
    restored = restore(save(model, tmp_path / "blend"), model=Blend)
    assert restored.first_.users_ == model.first_.users_
    assert restored.users_ == model.users_


def test_a_member_alone_is_no_bundle(nested, tmp_path):
    folder = save(nested, tmp_path / "blend")
    with pytest.raises(BundleError, match="a part of another bundle"):
        restore(folder / "base_models_.0")


def test_all_own_classes_must_be_given(nested, tmp_path):
    folder = save(nested, tmp_path / "blend")
    with pytest.raises(BundleError, match="model=Own"):
        restore(folder, model=Blend)


def test_damage_in_a_member(nested, tmp_path):
    folder = save(nested, tmp_path / "blend")
    path = folder / "base_models_.1" / "base_models_.1" / "arrays.safetensors"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(
        BundleError, match=r"base_models_.1: base_models_.1: arrays.safetensors: its check"
    ):
        restore(folder, model=[Blend, Own])


def test_hostile_members(nested, tmp_path, reseal):
    folder = save(nested, tmp_path / "blend")
    copy = shutil.copytree(folder, tmp_path / "link")
    shutil.rmtree(copy / "base_models_.0")
    (copy / "base_models_.0").symlink_to(folder / "base_models_.0")
    with pytest.raises(BundleError, match="is a link"):
        restore(copy, model=[Blend, Own])
    shutil.rmtree(folder / "base_models_.0")
    shutil.copytree(copy, folder / "base_models_.0", symlinks=True)
    reseal(folder)
    with pytest.raises(BundleError, match="not a part of this bundle"):
        restore(folder, model=[Blend, Own])


def test_an_unfitted_member(log, tmp_path):
    model = Blend().fit(log)
    model.first_ = Popular()
    with pytest.raises(Exception, match="must be fitted"):
        save(model, tmp_path / "it")
    model.first_ = model
    with pytest.raises(BundleError, match="nested too deeply"):
        save(model, tmp_path / "it")
    assert list(tmp_path.iterdir()) == []


def test_a_bundle_with_members_is_replaced(nested, tmp_path, log):
    folder = save(nested, tmp_path / "blend")
    save(Popular().fit(log), folder, overwrite=True)
    assert isinstance(restore(folder), Popular)
    save(nested, folder, overwrite=True)
    (folder / "base_models_.1" / "notes.txt").write_text("mine")
    with pytest.raises(BundleError, match="not overwritten"):
        save(nested, folder, overwrite=True)
