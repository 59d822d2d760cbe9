"""The service as a process: how it starts, changes models, and ends."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import threading
import time

import httpx
import pytest
from starlette.testclient import TestClient
from typer.testing import CliRunner

from penchant.cli.app import app
from penchant.serving.app import create_app
from penchant.serving.deployment.state import State
from penchant.serving.server import LOCAL_NAMES
from penchant.serving.settings import Settings
from penchant.serving.store.database import without_password
from support.serving import Running


@pytest.fixture
def place(bundles, tmp_path):
    for name in ("ease", "popular"):
        shutil.copytree(bundles / name, tmp_path / name)
    return tmp_path


ENDED = (0, -signal.SIGTERM)  # one process ends by the signal that it was sent, once all is done


class Callers:
    """Threads that ask for lists without a pause, and note what they get."""

    def __init__(self, address: str, n: int = 3) -> None:
        self.statuses: list[int] = []
        self.models: set[str] = set()
        self.failures: list[str] = []
        self._address = address
        self._end = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(n,)) for n in range(n)]
        for thread in self._threads:
            thread.start()

    def _ask(self, number: int) -> None:
        with httpx.Client(base_url=self._address) as client:
            while not self._end.is_set():
                try:
                    answer = client.get(f"/v1/users/{number}/recommendations")
                except httpx.HTTPError as error:
                    self.failures.append(repr(error))
                    return
                self.statuses.append(answer.status_code)
                self.models.add(answer.json()["model"])

    def stop(self) -> None:
        self._end.set()
        for thread in self._threads:
            thread.join()


def wait_for(condition, seconds=20):
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.05)


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_a_swap_under_load_loses_no_request(place, workers):
    service = Running(place / "ease", "--workers", str(workers), "--log-format", "none")
    try:
        callers = Callers(service.address)
        wait_for(lambda: len(callers.statuses) > 50)
        swapped = httpx.post(f"{service.address}/v1/deployment", json={"bundle": "popular"})
        assert swapped.status_code == 200
        wait_for(lambda: "popular" in callers.models)
        after = len(callers.statuses)
        wait_for(lambda: len(callers.statuses) > after + 50)
        back = httpx.post(f"{service.address}/v1/deployment/rollback")
        assert back.json()["arms"][0]["model"] == "ease"
        callers.stop()
        assert not callers.failures
        assert set(callers.statuses) == {200}
        total = sum(
            float(line.rsplit(" ", 1)[1])
            for line in httpx.get(f"{service.address}/metrics").text.splitlines()
            if line.startswith("penchant_requests_total") and "/recommendations" in line
        )
        assert total == len(callers.statuses)  # of all workers together
        if workers == 1:
            expect_an_answer_to_a_slow_request(service)
    finally:
        assert service.stop() in ENDED


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_a_program_is_told_the_address_and_the_settings(place, workers):
    (place / "serve.toml").write_text(f'title = "Shop"\nworkers = {workers}\n')
    store = f"sqlite:///{place / 'shop.db'}"
    options = ["--config", str(place / "serve.toml"), "--max-k", "7", "--store", store, "--json"]
    service = Running(place / "ease", *options, stdout=subprocess.PIPE)
    try:
        said = ""
        while not said.endswith("\n}\n"):
            line = service.process.stdout.readline()
            assert line, said
            said += line
        said = json.loads(said)
    finally:
        assert service.stop() in ENDED
    assert said["address"] == f"{service.address}/"
    assert said["bundle"] == str(place / "ease")
    assert said["settings"]["title"] == "Shop"
    assert said["settings"]["workers"] == workers
    assert said["settings"]["max_k"] == 7
    assert said["settings"]["store"] == store
    assert "penchant" in said["versions"]


class AtOnce(Running):
    """A service that must take the first connection."""

    def _wait(self):
        port = int(self.address.rsplit(":", 1)[1])
        socket.create_connection(("127.0.0.1", port), timeout=5).close()


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_the_address_and_the_store_are_told_once_something_listens(place, workers):
    store = f"sqlite:///{place / 'shop.db'}"
    service = AtOnce(place / "ease", "--workers", str(workers), "--store", store)
    service.stop()
    assert f"feedback is kept in {store}" in service.first


def test_a_start_says_which_other_bundle_is_served_and_why(place):
    state = place / "ease.serving.json"
    State(current=place / "popular", note="put in place on request").write(state)
    service = AtOnce(place / "ease")
    second = service.process.stderr.readline()
    service.stop()
    assert f"Serving '{place / 'popular'}' at http" in service.first
    assert f"'{state}' puts this bundle in the place of '{place / 'ease'}' (put in place" in second
    shutil.rmtree(place / "popular")
    ended = CliRunner().invoke(app, ["serve", str(place / "ease")])
    assert ended.exit_code == 1
    words = " ".join(ended.stderr.split())
    assert f"'{state}' says that '{place / 'popular'}' is served (put in place on request)" in words
    assert f"remove the file to begin with '{place / 'ease'}'." in words


def test_the_password_of_a_store_is_not_shown():
    url = "postgresql://user:secret@host/shop"
    assert without_password(url) == "postgresql://user:***@host/shop"


def expect_an_answer_to_a_slow_request(service):
    """A request that is under way when the service is told to end is answered."""
    with socket.create_connection(("127.0.0.1", int(service.address.rsplit(":", 1)[1]))) as slow:
        body = b'{"liked": [101]}'
        head = (
            b"POST /v1/recommendations HTTP/1.1\r\nHost: localhost\r\n"
            b"Content-Type: application/json\r\nContent-Length: %d\r\nConnection: close\r\n\r\n"
            % len(body)
        )
        slow.sendall(head + body[:5])
        time.sleep(0.3)
        service.process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        slow.sendall(body[5:])
        slow.settimeout(20)
        answer = b""
        while part := slow.recv(65536):
            answer += part
    assert b"200 OK" in answer
    assert b'"items":[{' in answer


def refused(*words):
    result = CliRunner().invoke(app, ["serve", *map(str, words)])
    assert result.exit_code == 1
    return result.output.strip().removeprefix("Error: ")


def test_what_cannot_be_served_is_refused_in_one_sentence(place):
    bundle = place / "ease"
    assert "anybody could send feedback" in refused(bundle, "--host", "0.0.0.0")
    assert "is no rate" in refused(bundle, "--rate-limit", "often")
    assert "check the path" in refused(place / "nothing")
    assert "--record needs a store" in refused(bundle, "--record", "--store", "none")
    assert "add --record" in refused(bundle, "--exploration", "0.1")
    assert "--log-format" in refused(bundle, "--log-format", "xml")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert "cannot be listened at" in refused(bundle, "--port", port, "--store", "none")


def test_keys_are_made_listed_and_removed_on_the_command_line(tmp_path):
    def run(*words):
        return CliRunner().invoke(app, ["keys", str(tmp_path / "keys.json"), *words])

    made = run("--add", "shop", "--scope", "write")
    assert made.exit_code == 0
    assert "pk_" in made.output
    assert "shop\twrite" in run().output
    assert "already is a key" in run("--add", "shop").output
    assert run("--remove", "shop").exit_code == 0
    assert "shop" not in run().output
    assert "--scope is one of" in run("--add", "x", "--scope", "root").output


def test_a_file_system_that_cannot_be_written_is_enough(place, tmp_path_factory):
    powerless: tuple[str, ...] = ()
    if os.geteuid() == 0:  # to whom permissions are nothing as long as it has its capabilities
        if shutil.which("setpriv") is None:
            pytest.skip("needs setpriv to take root's capabilities away")
        powerless = ("setpriv", "--bounding-set=-all", "--inh-caps=-all")
    kept = tmp_path_factory.mktemp("kept")
    place.chmod(0o555)
    service = Running(
        place / "ease",
        "--store",
        f"sqlite:///{kept / 'feedback.db'}",
        "--log-format",
        "none",
        before=powerless,
    )
    try:
        event = {"user": 3, "item": 1, "kind": "like"}
        kept_event = httpx.post(f"{service.address}/v1/feedback", json={"events": [event]})
        assert kept_event.status_code == 201
        swapped = httpx.post(f"{service.address}/v1/deployment", json={"bundle": "popular"})
        assert swapped.json()["arms"][0]["model"] == "popular"
        assert not (place / "ease.serving.json").exists()
    finally:
        service.stop()
        place.chmod(0o755)


def test_without_keys_only_names_of_this_machine_are_answered(place):
    settings = Settings(bundle=place / "ease", allowed_hosts=LOCAL_NAMES, log_format="none")
    with TestClient(create_app(settings)) as client:
        for name, status in (("localhost", 200), ("127.0.0.1:8000", 200), ("evil.example", 400)):
            assert client.get("/health", headers={"Host": name}).status_code == status
