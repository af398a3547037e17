"""A preview by its sockets: what hostile peers get, and what pages are told."""

import json
import logging
import os
import random
import socket
import threading
import time
from urllib.parse import urlsplit

import pytest
import soak
from previews import Pages, ask, received, response, until

from reportgen.companions.serve import Server, is_loopback, listening, rebuild, running, serve
from reportgen.errors import MachineError, RefusedError


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


def test_no_request_leads_out_or_gets_anything_for_a_foreign_host(address, tmp_path):
    (tmp_path / "source" / "secret.key").write_text("secret")
    steps = ["..", "%2e%2e", "%2e.", "..\\", "..%5c", "..%2f", "", ".", "%00", "%ff", "%c0%ae%c0%ae", "....//", "~"]
    ends = ["etc/passwd", "secret.key", "source/secret.key", "index.txt", "proc/self/environ"]
    chance = random.Random(soak.seed)
    for _ in range(soak.count(50, 300)):
        target = "/" + "/".join([*chance.choices(steps, k=chance.randint(1, 8)), chance.choice(ends)])
        status, _, body = ask(address, target)
        assert status == 404, target
        assert not any(word in body for word in (b"passwd", b"secret", b"environ", b"root:")), target
    host = urlsplit(address).netloc.encode()
    assert ask(address, b"GET /\xff\xfe HTTP/1.1\r\nHost: " + host + b"\r\n\r\n")[0] == 404
    assert ask(address, b"GET /a\0b HTTP/1.1\r\nHost: " + host + b"\r\n\r\n")[0] == 400

    status, headers, body = ask(address, "/", host="evil.example")
    assert status == 403
    assert b"first" not in body
    assert not [name for name in headers if name.startswith("access-control")]


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


def test_a_large_file_comes_in_parts_without_a_body_or_to_nobody(address, capfd):
    def request(method, *more):
        lines = [f"{method} /media/p.png HTTP/1.1", f"Host: {urlsplit(address).netloc}", *more]
        return "\r\n".join([*lines, "", ""]).encode()

    status, headers, body = ask(address, request("GET", "Range: bytes=1000-199998"))
    assert (status, headers["content-range"]) == (206, "bytes 1000-199998/200000")
    assert body == (bytes(range(200)) * 1000)[1000:199999]
    status, headers, body = ask(address, request("HEAD"))
    assert (status, headers["content-length"], body) == (200, "200000", b"")
    for _ in range(20):
        with connected(address) as connection:
            connection.sendall(request("GET"))
            connection.recv(10)
    until(lambda: ask(address, "/")[0] == 200)
    assert capfd.readouterr().err == "", "a reader who hangs up is nothing to tell of"


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


def test_a_folder_that_vanishes_or_cannot_be_watched_is_built_again_when_it_is_back(address, source, caplog):
    caplog.set_level(logging.CRITICAL)
    (source.folder / "index.txt").rename(source.folder / "index.gone")
    until(lambda: ask(address, "/")[0] == 404)
    source.write("index", "<p>back</p>")
    until(lambda: b"back" in ask(address, "/")[2])

    watched, source.watched = source.watched, lambda: os.scandir("/nowhere")
    time.sleep(0.3)
    source.watched = watched
    source.write("index", "<p>again</p>")
    until(lambda: b"again" in ask(address, "/")[2])


def test_what_is_saved_during_a_build_is_built_once_afterwards(address, source):
    time.sleep(0.5)
    assert source.builds == 1, "nothing is built while nothing changes"
    source.hold.clear()
    source.write("index", "<p>second</p>")
    until(lambda: source.builds == 2)
    source.write("index", "<p>third</p>")
    source.write("index", "<p>fourth</p>")
    source.hold.set()

    until(lambda: b"fourth" in ask(address, "/")[2])
    assert source.builds == 3


def test_a_file_that_is_being_written_is_waited_for_but_not_for_ever(address, source, monkeypatch):
    for _ in range(15):
        source.write("index", "wrong" * random.randint(1, 9))
        time.sleep(rebuild.QUIET_SECONDS / 4)
    source.write("index", "<p>whole</p>")
    until(lambda: b"whole" in ask(address, "/")[2])
    assert source.builds == 2

    monkeypatch.setattr(rebuild, "MAX_WAIT_SECONDS", 0.3)
    done = threading.Event()

    def grow():
        while not done.wait(0.005):
            with (source.folder / "log.txt").open("a") as file:
                file.write("x")

    thread = threading.Thread(target=grow)
    thread.start()
    try:
        until(lambda: source.builds > 2)
    finally:
        done.set()
        thread.join()


def test_before_the_first_build_a_page_tells_how_far_it_is(source):
    source.hold.clear()
    with running(source) as address:
        until(lambda: b"train 120 of 180" in ask(address, "/other.html")[2])
        with Events(address, "/other.html") as events:
            event = next(iter(events))
            assert (event["page"], event["step"], event["working"]) == ("waiting", "train 120 of 180", True)
            source.hold.set()
            assert events.until(lambda event: event["page"] != "waiting")
        source.hold.set()


@pytest.mark.timeout(120)
def test_those_who_listen_leave_no_thread_and_are_let_go_at_the_end(source):
    with running(source) as address:
        until(lambda: ask(address, "/")[0] == 200)
        before = threading.active_count()
        for _ in range(30):
            with Events(address) as events:
                next(iter(events))
        until(lambda: threading.active_count() <= before)
        listeners = [Events(address) for _ in range(5)]
        for events in listeners:
            next(iter(events))
    for events in listeners:
        list(events)  # comes to its end
        events.__exit__()


def test_a_port_in_use_is_named_with_the_way_out_and_free_at_once_after_its_server(source):
    with running(source) as address:
        port = urlsplit(address).port
        ask(address, "/")
        with pytest.raises(MachineError, match=f"port {port} of 127.0.0.1 is in use; .* --port") as caught:
            Server("127.0.0.1", port, None)
    assert caught.value.code == "RG801"
    with running(source, port=port) as again:
        assert again == address


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
