"""The server: signals, draining, ports, a failing start."""

import os
import signal
import threading
import time

import httpx
import pytest

from f2p_deploy.service.server import run_server
from f2p_deploy.service.service_app import create_app
from f2p_deploy.system.errors import MissingDependency
from f2p_deploy.system.listener import listen


def when_up(address: str, act) -> threading.Thread:
    """Act in a thread once the service is ready."""

    def work() -> None:
        for _ in range(400):
            try:
                if httpx.get(f"{address}/readyz").status_code == 200:
                    break
            except httpx.TransportError:
                time.sleep(0.02)
        act()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


@pytest.fixture
def heard():
    """The signals that the server raised again at its end."""
    signals: list[int] = []
    numbers = signal.SIGTERM, signal.SIGINT
    before = {number: signal.signal(number, lambda n, f: signals.append(n)) for number in numbers}
    yield signals
    for number, handler in before.items():
        signal.signal(number, handler)


def test_sigterm_finishes_what_was_accepted(timed, heard) -> None:
    timed.seconds = 1.0
    answers = []
    with listen("127.0.0.1", 0) as listener:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"

        def act() -> None:
            asking = threading.Thread(
                target=lambda: answers.append(httpx.post(f"{address}/v1/characters", files={"photo": b"x"}))
            )
            asking.start()
            while not timed.begun:
                time.sleep(0.01)
            os.kill(os.getpid(), signal.SIGTERM)
            asking.join()

        thread = when_up(address, act)
        run_server(create_app(timed), listener)
        thread.join(5)
    assert [answer.status_code for answer in answers] == [200] and heard == [signal.SIGTERM]


def test_while_it_drains_it_answers_and_is_not_ready(timed, heard) -> None:
    statuses = []
    with listen("127.0.0.1", 0) as listener:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"

        def act() -> None:
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(0.2)
            statuses.append(httpx.get(f"{address}/readyz").status_code)
            statuses.append(httpx.post(f"{address}/v1/characters", files={"photo": b"x"}).status_code)

        thread = when_up(address, act)
        began = time.monotonic()
        run_server(create_app(timed), listener, drain=1.0)
        assert time.monotonic() - began >= 1.0
        thread.join(5)
    assert statuses == [503, 200] and heard == [signal.SIGTERM]


def test_networks_that_cannot_be_loaded_end_it_with_their_error(timed) -> None:
    async def start() -> None:
        raise MissingDependency("nothing runs it")

    timed.start = start
    with listen("127.0.0.1", 0) as listener, pytest.raises(MissingDependency, match="nothing runs it"):
        run_server(create_app(timed), listener)
