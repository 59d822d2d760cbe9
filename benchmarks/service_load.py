"""How many lists a second a service answers, how long they take, and what it needs.

    python benchmarks/service_load.py --bundle bundles/ease --requests 200000
    python benchmarks/service_load.py --items 100000            # a made-up catalogue

The generator of load is `wrk` (a package of Debian). Beside the service, and in turns with it, runs
a bare FastAPI endpoint that returns a constant of the size of a list. Users are drawn uniformly and
no list is kept. Latencies at half of the highest rate are those of an open loop: requests start at
random times whether earlier ones were answered or not, and waiting counts from the time when they
were due.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx
import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests")]

from support.serving import Running  # noqa: E402

BARE = """
import json, sys
from fastapi import FastAPI
app = FastAPI()
constant = json.loads(open({body!r}).read())
@app.get("/constant/{{user}}")
async def constant_list(user: str):
    return constant
import uvicorn
uvicorn.run(app, port={port}, log_level="warning", access_log=False)
"""
UNIFORM = """
local users = {{}}
for line in io.lines({users!r}) do users[#users + 1] = line end
math.randomseed({seed})
request = function()
  return wrk.format("GET", "/v1/users/" .. users[math.random(#users)] .. "/recommendations")
end
"""


def wrk(address: str, seconds: float, script: Path | None = None, connections: int = 4) -> dict:
    """Requests a second and failures of a closed loop of a few connections."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds:g}s"]
    command += [] if script is None else ["-s", str(script)]
    output = subprocess.run([*command, address], capture_output=True, text=True, check=True).stdout
    failed = re.search(r"Non-2xx or 3xx responses: (\d+)", output)
    broken = re.search(r"Socket errors: .*", output)
    return {
        "rate": float(re.search(r"Requests/sec:\s+([\d.]+)", output)[1]),
        "n": int(re.search(r"(\d+) requests in", output)[1]),
        "failed": int(failed[1]) if failed else 0,
        "errors": broken[0] if broken else "",
    }


async def open_loop(address: str, users: list[str], rate: float, seconds: float) -> np.ndarray:
    """Seconds from when each request was due until its answer was there."""
    host, port = address.removeprefix("http://").rsplit(":", 1)
    free: asyncio.Queue = asyncio.Queue()
    for _ in range(64):
        free.put_nowait(await asyncio.open_connection(host, int(port)))
    taken: list[float] = []

    async def ask(user: str, due: float) -> None:
        reader, writer = await free.get()
        writer.write(
            f"GET /v1/users/{user}/recommendations HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
        )
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200"), head
        await reader.readexactly(int(re.search(rb"content-length: (\d+)", head)[1]))
        taken.append(time.perf_counter() - due)
        free.put_nowait((reader, writer))

    chance = random.Random(1)
    due = time.perf_counter()
    end = due + seconds
    tasks = []
    while due < end:
        due += chance.expovariate(rate)
        wait = due - time.perf_counter()
        if wait > 0:
            await asyncio.sleep(wait)
        tasks.append(asyncio.create_task(ask(chance.choice(users), due)))
    await asyncio.gather(*tasks)
    while not free.empty():
        free.get_nowait()[1].close()
    return np.array(taken)


def memory(process: subprocess.Popen) -> float:
    """Megabytes that a process holds."""
    text = Path(f"/proc/{process.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", text)[1]) / 1024


def made_up_bundle(folder: Path, n_items: int) -> Path:
    """A bundle of iALS on a log of many items: what has the size of a catalogue, and no more."""
    import polars as pl

    import penchant as pn
    from penchant.models import make

    chance = np.random.default_rng(0)
    n_events = 20 * n_items
    items = (n_items * chance.random(n_events) ** 3).astype(np.int64)
    frame = pl.DataFrame({"user": chance.integers(0, n_items // 4, n_events), "item": items})
    each_once = pl.DataFrame({"user": np.zeros(n_items, np.int64), "item": np.arange(n_items)})
    frame = pl.concat([frame, each_once])
    log = pn.Dataset.from_frame(frame.unique(maintain_order=True), name="made up")
    return pn.save(make("ials:epochs=2").fit(log), folder / "made-up")


def main() -> None:
    """Measure one bundle, and print the figures as JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--bundle", type=Path)
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--requests", type=int, default=0, help="for the memory they take")
    options = parser.parse_args()
    if shutil.which("wrk") is None:
        sys.exit("This needs wrk: apt-get install wrk.")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bundle = options.bundle or made_up_bundle(folder, options.items)
        print(json.dumps(measure(bundle, folder, options), indent=2))


def measure(bundle: Path, folder: Path, options: argparse.Namespace) -> dict:
    """All figures of one bundle."""
    import penchant as pn

    users = [str(user) for user in pn.restore(bundle).users_.ids.to_list()]
    (folder / "users.txt").write_text("\n".join(users))
    script = folder / "uniform.lua"
    script.write_text(UNIFORM.format(users=str(folder / "users.txt"), seed=7))
    service = Running(bundle, "--log-format", "none")
    body = folder / "constant.json"
    body.write_bytes(httpx.get(f"{service.address}/v1/users/{users[0]}/recommendations").content)
    port = 18_431
    bare = subprocess.Popen([sys.executable, "-c", BARE.format(body=str(body), port=port)])
    bare_address = f"http://127.0.0.1:{port}/constant/1"
    try:
        for _ in range(100):
            try:
                httpx.get(bare_address)
                break
            except httpx.TransportError:
                time.sleep(0.1)
        wrk(service.address, 1, script)
        turns = [
            (wrk(bare_address, options.seconds), wrk(service.address, options.seconds, script))
            for _ in range(options.turns)
        ]
        rate = max(ours["rate"] for _, ours in turns)
        gc.disable()  # the generator's own pauses are not the service's
        taken = asyncio.run(open_loop(service.address, users, rate / 2, 2 * options.seconds))
        gc.enable()
        figures = {
            "bundle": str(bundle),
            "bare_per_second": [round(theirs["rate"]) for theirs, _ in turns],
            "lists_per_second": [round(ours["rate"]) for _, ours in turns],
            "share": [round(ours["rate"] / theirs["rate"], 3) for theirs, ours in turns],
            "failed": sum(ours["failed"] for _, ours in turns),
            "errors": [ours["errors"] for _, ours in turns if ours["errors"]],
            "half_load_per_second": round(rate / 2),
        }
        for percent in (50, 95, 99):
            figures[f"half_load_p{percent}_ms"] = round(
                float(np.percentile(taken, percent)) * 1e3, 2
            )
        if options.requests:
            before = memory(service.process)
            done, curve = 0, []
            while done < options.requests:
                done += wrk(service.address, options.seconds, script)["n"]
                curve.append([done, round(memory(service.process), 1)])
            figures["memory_mb"] = {"before": round(before, 1), "after": curve}
        return figures
    finally:
        bare.terminate()
        service.stop()


if __name__ == "__main__":
    main()
