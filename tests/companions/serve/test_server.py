"""A preview by its sockets: what hostile peers get, and what pages are told."""

import json
import socket
import threading
import time
from urllib.parse import urlsplit

import pytest
from previews import Pages, ask, received, response, until

from reportgen.companions.serve import is_loopback, listening, running, serve
from reportgen.errors import RefusedError


@pytest.fixture
def source(tmp_path):
    source = Pages(tmp_path / "source", others={"media/p.png": bytes(range(200)) * 1000})
    source.write("index", "<p>first</p>")
    source.write("other", "<p>other</p>")
    return source


@pytest.fixture
def told():
    return []


@pytest.fixture
def address(source, told):
    with running(source, write_message=told.append) as address:
        until(lambda: ask(address, "/")[0] == 200)
        yield address


def connected(address):
    return socket.create_connection((urlsplit(address).hostname, urlsplit(address).port), 20)


class Events:
    """A page that listens."""

    def __init__(self, address, path="/"):
        self.connection = connected(address)
        self.connection.sendall(
            f"GET /.reportgen/events?page={path} HTTP/1.1\r\nHost: {urlsplit(address).netloc}\r\n\r\n".encode()
        )
        self.stream = self.connection.makefile("rb")
        while self.stream.readline() != b"\r\n":
            pass

    def __iter__(self):
        for line in self.stream:
            if line.startswith(b"data: "):
                yield json.loads(line[6:])

    def until(self, holds):
        return next(event for event in self if holds(event))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stream.close()
        self.connection.close()


def test_a_request_that_is_too_long_or_trickles_is_given_up(address, monkeypatch):
    line = b"X-A: " + b"a" * 1000 + b"\r\n"
    assert ask(address, b"GET / HTTP/1.1\r\n" + line * 10_000)[0] == 431
    assert ask(address, b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n")[0] == 431
    monkeypatch.setattr(listening, "REQUEST_SECONDS", 0.5)
    with connected(address) as connection:
        answered = threading.Event()

        def trickle():
            while not answered.wait(0.05):
                try:
                    connection.sendall(b"G")
                except OSError:
                    return

        thread = threading.Thread(target=trickle)
        thread.start()
        content = received(connection)
        answered.set()
        thread.join()

    assert response(content)[0] == 408


def test_there_is_an_end_to_how_many_are_served_at_once(address):
    held = [connected(address) for _ in range(listening.MAX_CONNECTIONS)]
    try:
        time.sleep(0.3)
        with connected(address) as one_more:
            assert response(received(one_more))[0] == 503
    finally:
        for connection in held:
            connection.close()

    def served():
        try:
            return ask(address, "/")[0] == 200
        except (OSError, IndexError):
            return False

    until(served)


def test_only_the_page_that_changed_is_told_to_load_again(address, source):
    with Events(address) as front, Events(address, "/other.html") as other:
        was, stays = next(iter(front))["page"], next(iter(other))["page"]

        source.hold.clear()
        source.write("index", "<p>second</p>")

        assert other.until(lambda event: event["working"])["page"] == stays
        source.hold.set()
        assert front.until(lambda event: event["page"] != was)
        assert other.until(lambda event: not event["working"])["page"] == stays
        assert b"second" in ask(address, "/")[2]


def test_an_error_is_told_whole_and_the_last_good_page_stays(address, source, told, monkeypatch):
    with Events(address) as events:
        was = next(iter(events))["page"]

        source.write("other", "wrong")
        failed = events.until(lambda event: event["error"])

        assert failed["error"] == "other.txt:3:7: RG007 there is no figure <b>'x'</b>\nreportgen[RG007]: wrong"
        assert failed["page"] == was
        assert b"first" in ask(address, "/")[2]
        source.write("other", "right")
        assert events.until(lambda event: not event["error"])["page"] == was
        assert any("RG007" in line for line in told)

        def no_memory(progress):
            raise MemoryError

        for build, words in {
            no_memory: "reportgen: out of memory",
            lambda: None: "mistake in reportgen: TypeError",
        }.items():
            monkeypatch.setattr(source, "build", build)
            source.write("index", words)
            events.until(lambda event, words=words: words in (event["error"] or ""))


def test_no_other_machine_is_served_unasked(source, address):
    for host in ("0.0.0.0", "::", "", "192.0.2.7", "example.org"):
        with pytest.raises(RefusedError) as caught:
            serve(source, host=host, port=0)
        assert caught.value.code == "RG802", host
    assert all(map(is_loopback, ("127.0.0.1", "127.3.2.1", "localhost", "::1")))
    own = {each[4][0] for each in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)}
    for other in {each for each in own if not each.startswith("127.")}:
        with pytest.raises(OSError, match=r"."):
            socket.create_connection((other, urlsplit(address).port), 1)
