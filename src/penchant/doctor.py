"""What a person would ask first of an installation: is everything there, and does it work?"""

from __future__ import annotations

import os
import platform
import re
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Any

from penchant.errors import PenchantError
from penchant.memory import available_memory

_REQUIREMENT = re.compile(
    r"^(?P<name>[\w.-]+)(?:\[[^\]]*\])?(?:>=(?P<least>[\d.]+))?"
    r"(?:;\s*extra\s*==\s*['\"](?P<extra>[\w-]+)['\"])?$"
)
_OF_DEVELOPERS = {"all", "dev", "docs", "test"}
_SIZE = 1024  # of the matrices that are multiplied
_PRODUCTS = 20
_USERS, _ITEMS, _TASTES = 2000, 1000, 20


@dataclass(frozen=True)
class Package:
    """A package that is needed.

    Attributes:
        name: as package indices call it.
        least: the lowest version that will do.
        installed: the version that is there; None where there is none.
    """

    name: str
    least: str
    installed: str | None

    @property
    def is_enough(self) -> bool:
        """Whether it is there, and new enough."""
        return self.installed is not None and _numbers(self.installed) >= _numbers(self.least)


@dataclass(frozen=True)
class SelfTest:
    """What came out when a made-up log was learned.

    Attributes:
        events: that were learned.
        fit_seconds: how long it took.
        lists_per_second: users who got a list of ten in a second.
        ndcg: mean nDCG@10 on held-out events.
        popular_ndcg: that of the most popular items.
        gigaflops: of products of float32 matrices, in 10⁹ additions and multiplications a second.
    """

    events: int
    fit_seconds: float
    lists_per_second: float
    ndcg: float
    popular_ndcg: float
    gigaflops: float


@dataclass(frozen=True)
class Diagnosis:
    """What there is, and what is wrong with it.

    Attributes:
        system: facts of the machine and of Python.
        packages: what penchant cannot do without.
        extras: packages of each extra.
        cache: the folder for data sets.
        data_sets: what is in it.
        mirror: the folder or URL where copies of data sets are looked for first.
        self_test: None where it was left out or failed.
        problems: one sentence each, with what to do.
    """

    system: Mapping[str, str]
    packages: tuple[Package, ...]
    extras: Mapping[str, tuple[Package, ...]]
    cache: str
    data_sets: tuple[str, ...]
    mirror: str | None
    self_test: SelfTest | None
    problems: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Everything, for JSON."""
        return asdict(self)


def diagnose(*, self_test: bool = True) -> Diagnosis:
    """Look at the installation, and learn a made-up log.

    Args:
        self_test: whether to learn and judge; takes some seconds.
    """
    problems: list[str] = []
    groups = _required()
    core = groups.pop("")
    for package in core:
        if not package.is_enough:
            there = f"{package.installed} is" if package.installed else "nothing is"
            problems.append(
                f"penchant needs {package.name} {package.least} or newer, and {there} installed: "
                f"pip install '{package.name}>={package.least}'."
            )
    cache, data_sets = _cache(problems)
    mirror = os.environ.get("PENCHANT_MIRROR") or None
    if mirror and "://" not in mirror and not Path(mirror).is_dir():
        problems.append(
            f"PENCHANT_MIRROR names {mirror}, which is no folder: unset it, or mend it."
        )
    found = None
    if self_test:
        try:
            found = run_self_test()
        except (PenchantError, ImportError, OSError) as error:
            problems.append(f"The self-test failed: {error}")
        else:
            if found.ndcg <= found.popular_ndcg:
                problems.append(
                    f"In a log with planted tastes EASE has an nDCG@10 of {found.ndcg:.3f} and "
                    f"the most popular items {found.popular_ndcg:.3f}: numerical libraries compute "
                    "wrongly here; install numpy, scipy and torch afresh."
                )
    return Diagnosis(
        system=_system(),
        packages=core,
        extras=groups,
        cache=cache,
        data_sets=data_sets,
        mirror=mirror,
        self_test=found,
        problems=tuple(problems),
    )


def run_self_test() -> SelfTest:
    """Learn a log in which groups of users like parts of the catalogue, and judge lists."""
    import torch

    from penchant.data.splitting import split_random
    from penchant.evaluation.ranking import catalogue_of, rank
    from penchant.metrics import NDCG
    from penchant.models import EASE, Popular
    from penchant.run import Run
    from penchant.testing import planted_pairs

    one = torch.rand(_SIZE, _SIZE)
    one @ one  # the first product sets things up
    started = time.perf_counter()
    for _ in range(_PRODUCTS):
        one @ one
    gigaflops = _PRODUCTS * 2 * _SIZE**3 / (time.perf_counter() - started) / 1e9
    split = split_random(planted_pairs(n_users=_USERS, n_items=_ITEMS, groups=_TASTES))
    metric, run, catalogue = NDCG(10), Run(), catalogue_of(split.train)
    popular = rank(Popular().fit(split.train), split.test, [metric], catalogue, run)
    started = time.perf_counter()
    model = EASE().fit(split.train)
    fit_seconds = time.perf_counter() - started
    started = time.perf_counter()
    learned = rank(model, split.test, [metric], catalogue, run)
    seconds = time.perf_counter() - started
    return SelfTest(
        events=len(split.train),
        fit_seconds=fit_seconds,
        lists_per_second=split.test.n_users / seconds,
        ndcg=float(learned.per_user[metric.name].mean()),
        popular_ndcg=float(popular.per_user[metric.name].mean()),
        gigaflops=gigaflops,
    )


def _required() -> dict[str, tuple[Package, ...]]:
    """Packages of each extra; those of the name "" are needed by everything."""
    groups: dict[str, list[Package]] = {"": []}
    for line in requires("penchant") or []:
        match = _REQUIREMENT.match(line.replace(" ", ""))
        extra = (match and match["extra"]) or ""
        if match is None or extra in _OF_DEVELOPERS:
            continue
        try:
            installed = version(match["name"])
        except PackageNotFoundError:
            installed = None
        package = Package(match["name"], match["least"] or "0", installed)
        groups.setdefault(extra, []).append(package)
    return {name: tuple(packages) for name, packages in groups.items()}


def _numbers(text: str) -> tuple[int, ...]:
    """The leading numbers of a version, such as (2, 13) of 2.13.0rc1, without zeros at the end."""
    numbers = [int(part) for part in re.findall(r"\d+", re.match(r"[\d.]*", text)[0])]  # type: ignore[index]
    while numbers and not numbers[-1]:
        numbers.pop()
    return tuple(numbers)


def _system() -> dict[str, str]:
    free = available_memory()
    facts = {
        "penchant": version("penchant"),
        "python": f"{platform.python_version()} ({sys.executable})",
        "platform": platform.platform(),
        "processors": str(os.cpu_count()),
        "memory free": "unknown" if free is None else f"{free / 1e9:.1f} GB",
    }
    try:
        import torch
        from threadpoolctl import threadpool_info
    except ImportError:
        return facts
    pools = {f"{p['internal_api']} {p['num_threads']}" for p in threadpool_info()}
    facts["threads"] = f"torch {torch.get_num_threads()}, {', '.join(sorted(pools))}"
    if torch.cuda.is_available():
        facts["accelerator"] = torch.cuda.get_device_name()
    return facts


def _cache(problems: list[str]) -> tuple[str, tuple[str, ...]]:
    """The folder for data sets and what is in it."""
    from penchant.data.fetching.cache import cache_folder

    try:
        folder = cache_folder()
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except (PenchantError, OSError) as error:
        problems.append(
            f"Data sets cannot be kept ({error}): set PENCHANT_CACHE to a folder of yours."
        )
        return "", ()
    names = sorted(p.name for p in folder.iterdir() if p.is_dir() and not p.name.startswith("."))
    return str(folder), tuple(names)
