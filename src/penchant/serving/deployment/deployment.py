"""Models that take each other's place without a request being lost."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from penchant.bundle import describe
from penchant.errors import BundleError, ParameterError, PenchantError
from penchant.exchange import exchange
from penchant.rules import Rules, bind
from penchant.serving.deployment.figures import Arm, misbehaviour
from penchant.serving.deployment.state import State, Version, version_of
from penchant.serving.engine import ServedModel
from penchant.serving.texts import plain_text
from penchant.store import digest

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Snapshot:
    """Who answers at one moment; a request keeps the one it began with.

    Attributes:
        current: the model in place.
        canary: a model that answers a share of the people.
        previous: the model before the current one.
        share: that share.
        note: why it came to this.
    """

    current: Arm
    canary: Arm | None = None
    previous: Arm | None = None
    share: float = 0.0
    note: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values."""
        arms = [arm for arm in (self.current, self.canary, self.previous) if arm is not None]
        return {
            "share": self.share if self.canary is not None else 0.0,
            "note": self.note,
            "arms": [arm.to_dict() for arm in arms],
        }


class Deployment:
    """The models of one worker, kept equal to what a file says and to the folders' content.

    Args:
        bundle: the folder to begin with where the file is not there.
        state_path: the file that all workers look at.
        rules: a file of rules that all lists keep.

    Raises:
        PenchantError: a bundle, the file that workers look at, or the rules cannot be used.
    """

    def __init__(self, bundle: Path, state_path: Path, rules: Path | None = None) -> None:
        self.state_path = state_path
        self._rules_path = rules
        self._rules_versions: dict[Path, Version | None] = {}
        self._lock = threading.RLock()  # of what changes; answers never wait for it
        self._broken: dict[Path, Version | None] = {}
        state = State.begin(bundle, state_path)
        self.state = state
        self._state_version = version_of(state_path)
        self._versions = {state.current: version_of(state.current)}
        self._rules = None if rules is None else self._read_rules(rules)
        self.snapshot = Snapshot(Arm("current", self._load(state.current)), note=state.note)
        if state.canary is not None:
            self._follow(state)

    # Changes

    def swap(self, folder: Path) -> None:
        """Put another bundle in place, and keep the present one to go back to.

        Raises:
            BundleError: it holds no sound bundle; all stays as it is.
        """
        self._change(
            lambda old: State(
                current=folder.absolute(), previous=old.current, note="put in place on request"
            )
        )

    def start_canary(self, folder: Path, share: float) -> None:
        """Let another bundle answer a share of the people.

        Raises:
            BundleError: it holds no sound bundle; all stays as it is.
            ParameterError: the share is not between 0 and 1.
        """
        if not 0 < share < 1:
            raise ParameterError(f"The share of a canary lies between 0 and 1, and is not {share}.")
        self._change(
            lambda old: old.model_copy(
                update={"canary": folder.absolute(), "share": share, "note": "a canary on request"}
            )
        )

    def promote(self) -> None:
        """Put the canary in place.

        Raises:
            ParameterError: there is no canary.
        """

        def promoted(old: State) -> State:
            if old.canary is None:
                raise ParameterError("There is no canary that could be put in place.")
            return State(current=old.canary, previous=old.current, note="the canary on request")

        self._change(promoted)

    def roll_back(self, reason: str = "on request") -> None:
        """Withdraw the canary; without one, put the bundle before in place again.

        Raises:
            ParameterError: there is neither.
        """

        def back(old: State) -> State:
            if old.canary is not None:
                update = {"canary": None, "share": 0.0, "note": f"canary withdrawn: {reason}"}
                return old.model_copy(update=update)
            if old.previous is None:
                raise ParameterError("There is no bundle to go back to.")
            return State(current=old.previous, previous=old.current, note=f"went back: {reason}")

        with self._lock:
            self.poll()  # what other workers were told comes first
            if self.snapshot.canary is None and self._was_replaced:
                self._undo_replacement(reason)
            else:
                self._change(back)

    def judge(self) -> None:
        """Withdraw a canary that misbehaves, or go back from a model that does."""
        with self._lock:
            reason = self._misbehaviour()
            if reason is None or self.poll():  # where others have acted there is nothing to judge
                return
            logger.warning(f"Going back, for {reason}.")
            self.roll_back(reason)

    def _misbehaviour(self) -> str | None:
        snapshot = self.snapshot
        canary, previous = snapshot.canary, snapshot.previous
        if canary is not None:
            return misbehaviour(canary.figures, snapshot.current.figures)
        if previous is not None and (self.state.previous is not None or self._was_replaced):
            return misbehaviour(snapshot.current.figures, previous.figures)
        return None

    @property
    def _was_replaced(self) -> bool:
        """Whether the model before stood in the folder of the one in place."""
        current, previous = self.snapshot.current, self.snapshot.previous
        return previous is not None and previous.served.folder == current.served.folder

    def _undo_replacement(self, reason: str) -> None:
        """Put back what stood in the folder of the model in place, for all workers where it can be.

        That is where it was kept beside the folder, as `penchant refresh` does.
        """
        current, before = self.snapshot.current, self.snapshot.previous
        assert before is not None
        folder = before.served.folder
        kept = folder.with_name(f"{folder.name}.previous")
        done = False
        try:
            if kept.is_dir() and digest(describe(kept)) == before.served.fingerprint:
                done = exchange(folder, kept)
        except (PenchantError, OSError) as error:
            logger.error(f"{str(kept)!r} cannot be put in place: {error}")
        if not done:
            logger.warning("This worker alone has gone back, and until it ends.")
        self._versions[folder] = version_of(folder)
        self.snapshot = Snapshot(
            Arm("current", before.served),
            previous=Arm("previous", current.served, current.figures),
            note=f"went back: {reason}",
        )

    def poll(self) -> bool:
        """Take in what has changed in the file, the folders and the rules; whether anything has.

        What cannot be read leaves all as it is, and is tried again when it changes.
        """
        with self._lock:
            changed = False
            version = version_of(self.state_path)
            if version != self._state_version:
                self._state_version = version
                try:
                    state = State.read(self.state_path)
                    if state is not None:
                        self._follow(state)
                        changed = True
                except PenchantError as error:
                    logger.error(f"The models stay as they are: {error}")
            if self._rules_path is not None and self._rules_have_changed:
                changed = self._take_in_rules(self._rules_path) or changed
            return self._reload_replaced() or changed

    # What changes rest on

    def _change(self, change: Callable[[State], State]) -> None:
        with self._lock:
            self.poll()  # what other workers were told comes first
            state = change(self.state)
            self._follow(state)
            try:
                state.write(self.state_path)
            except OSError as error:
                logger.warning(
                    f"This worker alone has changed, for {str(self.state_path)!r} cannot be "
                    f"written: {error.strerror or error}."
                )
            self._state_version = version_of(self.state_path)

    def _follow(self, state: State) -> None:
        """Make the snapshot what a state says; all models are read before anything changes."""
        old = self.snapshot
        at_hand = {
            arm.served.folder: arm
            for arm in (old.previous, old.canary, old.current)
            if arm is not None
        }
        current = self._arm("current", state.current, at_hand)
        canary = None if state.canary is None else self._arm("canary", state.canary, at_hand)
        previous = None
        if state.previous is not None:
            if state.previous in at_hand:
                known = at_hand[state.previous]
                previous = Arm("previous", known.served, known.figures)
            else:
                previous = self._previous(state.previous)
        self.state = state
        self.snapshot = Snapshot(current, canary, previous, state.share, state.note)
        logger.info(f"In place: {current.served.name} of {str(current.served.folder)!r}.")

    def _previous(self, folder: Path) -> Arm | None:
        try:
            return Arm("previous", self._load(folder))
        except PenchantError:
            return None  # it may be gone, and nobody needs it now

    def _arm(self, name: Any, folder: Path, at_hand: dict[Path, Arm]) -> Arm:
        known = at_hand.get(folder)
        if known is None:
            return Arm(name, self._load(folder))
        return known if known.name == name else Arm(name, known.served)

    def _load(self, folder: Path) -> ServedModel:
        version = version_of(folder)
        served = ServedModel(folder, self._rules)
        self._versions[folder] = version
        return served

    def _read_rules(self, path: Path) -> Rules:
        """The rules of a file; notes the versions of it and of the files that they name."""
        self._rules_versions = {path: version_of(path)}
        rules = Rules.read(path)
        # Noted before they are read: what is written meanwhile is then seen as newer.
        self._rules_versions |= {file: version_of(file) for file in rules.files}
        return rules

    @property
    def _rules_have_changed(self) -> bool:
        return any(version_of(path) != was for path, was in self._rules_versions.items())

    def _take_in_rules(self, path: Path) -> bool:
        old = self.snapshot
        served = [arm.served for arm in (old.current, old.canary) if arm is not None]
        try:
            rules = self._read_rules(path)
            bound = [(each, bind(rules, each.model)) for each in served]  # all before any
        except PenchantError as error:
            logger.error(f"The rules stay as they are: {error}")
            return False
        self._rules = rules
        for each, kept in bound:
            each.rules = kept
        if old.previous is not None:
            try:
                old.previous.served.rules = bind(rules, old.previous.served.model)
            except PenchantError as error:  # a list of it would break the rules
                logger.warning(f"The model before cannot answer any more: {error}")
                self.snapshot = replace(old, previous=None)
        logger.info(f"Took in the rules of {path.name}.")
        return True

    def _reload_replaced(self) -> bool:
        """Read bundles again whose folders hold others now."""
        changed = False
        for part in ("current", "canary"):
            arm: Arm | None = getattr(self.snapshot, part)
            if arm is None:
                continue
            folder = arm.served.folder
            version = version_of(folder)
            if version is None or version == self._versions.get(folder):
                continue
            if self._broken.get(folder) == version:
                continue
            try:
                served = ServedModel(folder, self._rules)
            except (PenchantError, OSError) as error:
                self._broken[folder] = version
                logger.error(f"{str(folder)!r} has changed and stays as it was in memory: {error}")
                continue
            self._versions[folder] = version
            if served.fingerprint == arm.served.fingerprint:
                continue
            old = self.snapshot
            new = Arm(arm.name, served)
            if part == "current":
                before = Arm("previous", arm.served, arm.figures)
                self.snapshot = Snapshot(new, old.canary, before, old.share, "replaced in place")
            else:
                self.snapshot = Snapshot(old.current, new, old.previous, old.share, old.note)
            logger.info(f"Took in the newer bundle of {str(folder)!r}.")
            changed = True
        return changed


def bundle_in(folder: Path, root: Path) -> Path:
    """The folder of a bundle that a request names, which must lie beside the one served first.

    Raises:
        BundleError: it lies elsewhere.
        ParameterError: the name has a character that no name has.
    """
    plain_text(str(folder), "name of a bundle")  # no path can be made of others
    place = (root / folder).resolve()
    if place.parent != root.resolve():
        raise BundleError(
            f"{str(folder)!r} does not lie beside the bundle that the service was started with: "
            "put it there, and give the name of its folder."
        )
    return place
