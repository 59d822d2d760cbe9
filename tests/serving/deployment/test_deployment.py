"""Models that take each other's place."""

from __future__ import annotations

import shutil

import pytest

from penchant.bundle import restore, save
from penchant.data.dataset import Dataset
from penchant.errors import BundleError, DataError, ParameterError
from penchant.models import make
from penchant.serving.deployment import Deployment
from penchant.serving.deployment.deployment import bundle_in
from penchant.serving.deployment.figures import Figures, misbehaviour
from penchant.serving.deployment.state import State


@pytest.fixture
def place(bundles, tmp_path):
    for name in ("ease", "popular", "ials"):
        shutil.copytree(bundles / name, tmp_path / name)
    return tmp_path


@pytest.fixture
def deployment(place):
    return Deployment(place / "ease", place / "state.json")


def names(deployment):
    snapshot = deployment.snapshot
    arms = (snapshot.current, snapshot.canary, snapshot.previous)
    return [None if arm is None else arm.served.name for arm in arms]


def test_a_swap_keeps_the_model_before_to_go_back_to(deployment, place):
    deployment.swap(place / "popular")
    assert names(deployment) == ["popular", None, "ease"]
    deployment.roll_back()
    assert names(deployment) == ["ease", None, "popular"]


def test_a_canary_is_promoted_or_withdrawn(deployment, place):
    deployment.start_canary(place / "popular", 0.1)
    assert names(deployment) == ["ease", "popular", None]
    deployment.roll_back()
    assert names(deployment) == ["ease", None, None]
    deployment.start_canary(place / "ials", 0.1)
    deployment.promote()
    assert names(deployment) == ["ials", None, "ease"]


def test_what_is_no_bundle_changes_nothing(deployment, place):
    with pytest.raises(BundleError):
        deployment.swap(place / "nothing")
    with pytest.raises(ParameterError, match="no canary"):
        deployment.promote()
    with pytest.raises(ParameterError, match="no bundle to go back to"):
        deployment.roll_back()
    with pytest.raises(ParameterError, match="share of a canary"):
        deployment.start_canary(place / "popular", 1.0)
    assert names(deployment) == ["ease", None, None]
    assert not (place / "state.json").exists()


def test_other_workers_and_later_starts_follow(deployment, place):
    other = Deployment(place / "ease", place / "state.json")
    deployment.start_canary(place / "popular", 0.25)
    assert other.poll()
    assert names(other) == ["ease", "popular", None]
    assert other.snapshot.share == 0.25
    assert not other.poll()
    assert names(Deployment(place / "ease", place / "state.json")) == ["ease", "popular", None]


def test_a_bundle_that_is_replaced_in_its_place_is_taken_in(deployment, place):
    before = deployment.snapshot
    save(restore(place / "popular"), place / "ease", overwrite=True)
    assert deployment.poll()
    assert names(deployment) == ["popular", None, "ease"]
    assert before.current.served.name == "ease"  # a request under way keeps what it began with


def test_a_damaged_replacement_leaves_what_is_in_memory(deployment, place, caplog):
    shutil.rmtree(place / "ease")
    (place / "ease").mkdir()
    assert not deployment.poll()
    assert not deployment.poll()
    assert names(deployment) == ["ease", None, None]
    assert caplog.text.count("stays as it was in memory") == 1


def test_a_state_file_that_is_none_is_refused(place):
    (place / "state.json").write_text("{")
    with pytest.raises(BundleError, match="does not say which bundles are served"):
        Deployment(place / "ease", place / "state.json")


@pytest.mark.parametrize("part", ["current", "canary"])
def test_a_state_file_whose_bundle_is_gone_is_named_with_what_to_do(place, part):
    parts = {"current": place / "ease", part: place / "gone", "share": 0.5}
    State(**parts).write(place / "state.json")
    words = r"state.json' says that .*gone' is served .*: put the bundle back, or remove the file"
    with pytest.raises(BundleError, match=words):
        Deployment(place / "ease", place / "state.json")


def test_rules_are_read_again_when_they_change(place):
    rules = place / "rules.toml"
    rules.write_text("[exclude]\nitems = [1]\n")
    deployment = Deployment(place / "ease", place / "state.json", rules)
    served = deployment.snapshot.current.served

    def listed():
        return [p.item for p in served.recommend(served.person("33"), 24, repeats="allowed")]

    assert 1 not in listed()
    assert 2 in listed()
    rules.write_text("[exclude]\nitems = [2, 3]\n")
    assert deployment.poll()
    assert 1 in listed()
    assert 2 not in listed()
    rules.write_text("nonsense")
    assert not deployment.poll()
    assert 2 not in listed()


def test_files_that_rules_name_are_read_again_when_they_change(place):
    rules, blocked = place / "rules.toml", place / "blocked.csv"
    rules.write_text('exclude = ["@blocked.csv"]\n')
    blocked.write_text("item\n")
    deployment = Deployment(place / "ease", place / "state.json", rules)
    served = deployment.snapshot.current.served

    def listed():
        return {p.item for p in served.recommend(served.person("33"), 24, repeats="allowed")}

    assert not deployment.poll()
    assert {1, 2} <= listed()
    blocked.write_text("item\n1\n2\n")
    assert deployment.poll()
    assert not {1, 2} & listed()
    assert not deployment.poll()
    assert not {1, 2} & {served.ids[index] for index, _ in served.popular(24)}
    blocked.unlink()  # while it is written anew
    assert not deployment.poll()
    assert not {1, 2} & listed()
    blocked.write_text("item\n1\n")
    assert deployment.poll()
    assert 2 in listed()
    rules.write_text('exclude = ["@others.csv"]\n')
    (place / "others.csv").write_text("item\n3\n")
    assert deployment.poll()
    assert 3 not in listed()
    (place / "others.csv").write_text("item\n4\n")
    assert deployment.poll()
    assert 3 in listed()
    assert 4 not in listed()


def test_rules_in_a_table_are_read_again_when_it_changes(place):
    rules = place / "rules.csv"
    rules.write_text("item,stock\n1,0\n2,5\n")
    deployment = Deployment(place / "ease", place / "state.json", rules)
    served = deployment.snapshot.current.served
    assert 1 not in {served.ids[index] for index, _ in served.popular(24)}
    rules.write_text("item,stock\n1,5\n2,0\n")
    assert deployment.poll()
    assert 2 not in {served.ids[index] for index, _ in served.popular(24)}


def test_a_model_to_go_back_to_keeps_the_newest_rules(place):
    rules = place / "rules.toml"
    rules.write_text("exclude = [1]\n")
    deployment = Deployment(place / "ease", place / "state.json", rules)
    deployment.swap(place / "popular")
    rules.write_text("exclude = [2]\n")
    assert deployment.poll()
    deployment.roll_back()
    served = deployment.snapshot.current.served
    shown = {served.ids[index] for index, _ in served.popular(24)}
    assert served.name == "ease"
    assert 1 in shown
    assert 2 not in shown


def test_a_model_that_the_newest_rules_do_not_suit_is_not_gone_back_to(place, films, caplog):
    plain = Dataset.from_frame(films.frame().drop("row"), name="plain", scale=(1, 5), positive=4)
    save(make("popular").fit(plain), place / "plain")
    rules = place / "rules.toml"
    rules.write_text("exclude = [1]\n")
    deployment = Deployment(place / "plain", place / "state.json", rules)
    deployment.swap(place / "ease")
    rules.write_text("[price]\nmax = 5\n")  # a column that the other log has not
    assert deployment.poll()
    assert names(deployment) == ["ease", None, None]
    assert "cannot answer any more" in caplog.text
    with pytest.raises((DataError, ParameterError), match="price"):
        deployment.roll_back()
    assert names(deployment) == ["ease", None, None]


def figures(n, errors=0, seconds=0.01):
    made = Figures()
    for number in range(n):
        made.add(seconds, error=number < errors)
    return made


@pytest.mark.parametrize(
    ("new", "old", "misbehaves"),
    [
        (figures(19, errors=19), figures(100), False),  # too few to judge
        (figures(20, errors=2), figures(100), True),
        (figures(20, errors=2), figures(100, errors=10), False),  # no worse than the other
        (figures(100, seconds=0.2), figures(100, seconds=0.01), True),
        (figures(100, seconds=0.09), figures(100, seconds=0.01), False),  # nobody notices
        (figures(100, seconds=0.2), figures(100, seconds=0.1), False),
        (figures(100, seconds=0.2), figures(5, seconds=0.01), False),
    ],
)
def test_when_a_model_misbehaves(new, old, misbehaves):
    assert (misbehaviour(new, old) is not None) == misbehaves


def test_a_canary_that_misbehaves_is_withdrawn(deployment, place):
    deployment.start_canary(place / "popular", 0.5)
    for _ in range(30):
        deployment.snapshot.current.figures.add(0.01)
        deployment.snapshot.canary.figures.add(0.01, error=True)
    deployment.judge()
    assert names(deployment) == ["ease", None, None]
    assert "ended in an error" in deployment.snapshot.note
    assert State.read(place / "state.json").canary is None


def test_bundles_of_requests_lie_beside_the_first_one(place):
    assert bundle_in(place.__class__("popular"), place) == place / "popular"
    for name in ("..", "../x", "/etc", "a/b", "."):
        with pytest.raises(BundleError, match="does not lie beside"):
            bundle_in(place.__class__(name), place)


def replaced_as_by_refresh(place):
    shutil.copytree(place / "ease", place / "ease.previous")
    save(restore(place / "popular"), place / "ease", overwrite=True)


def test_what_was_replaced_in_its_place_comes_back_for_all_workers(deployment, place):
    other = Deployment(place / "ease", place / "state.json")
    replaced_as_by_refresh(place)
    assert deployment.poll()
    assert other.poll()
    deployment.roll_back()
    assert names(deployment) == ["ease", None, "popular"]
    assert restore(place / "ease").__class__.__name__ == "EASE"
    assert not deployment.poll()
    assert other.poll()
    assert names(other) == ["ease", None, "popular"]


def test_a_replacement_that_misbehaves_goes_back_once(deployment, place):
    other = Deployment(place / "ease", place / "state.json")
    replaced_as_by_refresh(place)
    for each in (deployment, other):
        each.snapshot.current.figures.add(0.01)
        assert each.poll()
        for _ in range(30):
            each.snapshot.current.figures.add(0.01, error=True)
    deployment.judge()
    other.judge()  # sees that it is done
    assert names(deployment) == names(other) == ["ease", None, "popular"]
    assert restore(place / "ease").__class__.__name__ == "EASE"


def test_a_replacement_whose_forerunner_is_gone_is_undone_in_memory(deployment, place, caplog):
    save(restore(place / "popular"), place / "ease", overwrite=True)
    assert deployment.poll()
    deployment.roll_back()
    assert names(deployment) == ["ease", None, "popular"]
    assert "This worker alone" in caplog.text
    assert not deployment.poll()
