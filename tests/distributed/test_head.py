"""Whether the head of a cluster is still there."""

from __future__ import annotations

import logging
import socket
import time

import pytest

from penchant.distributed import head as heads
from penchant.distributed.head import Head
from penchant.errors import PenchantError


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    for name, seconds in {"EVERY": 0.01, "PATIENCE": 0.05, "GRACE": 0.05}.items():
        monkeypatch.setattr(heads, name, seconds)


@pytest.fixture
def listener():
    with socket.create_server(("127.0.0.1", 0), backlog=100) as server:
        yield server


def address(listener):
    host, port = listener.getsockname()
    return f"{host}:{port}"


def wait_until(happened):
    end = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_head_that_answers_is_waited_for(listener):
    head = Head(address(listener))
    with head.watched():
        for _ in range(3):
            listener.accept()[0].close()
            head.require()
    assert not head.is_lost


def test_a_head_that_is_gone_is_said_to_whoever_asks(listener):
    head = Head(address(listener))
    with head.watched():
        listener.accept()[0].close()
        listener.close()
        wait_until(lambda: head.is_lost)
        with pytest.raises(PenchantError, match=f"at {head.address} no longer answers: start it"):
            head.require()


def test_where_nobody_asks_it_is_told(listener, caplog):
    head = Head(address(listener))
    listener.close()
    with caplog.at_level(logging.ERROR), head.watched():
        wait_until(lambda: caplog.messages)
    (message,) = caplog.messages
    assert message.startswith(f"The Ray cluster at {head.address} no longer answers")


def test_after_a_failure_it_is_asked_at_once(listener):
    head = Head(address(listener))
    head.require(now=True)
    listener.close()
    head.require()
    with pytest.raises(PenchantError, match="no longer answers"):
        head.require(now=True)
