"""Downloads against a real server on the loopback: cut off, resumed, wrong, unreachable, two at once."""

import hashlib
import http.server
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path

import pytest

from findings.data.download import fetch
from findings.errors import InputError

CONTENT = bytes(range(256)) * 4_000  # about 1 MB
MD5 = hashlib.md5(CONTENT).hexdigest()


@dataclass
class Server:
    """Serves CONTENT at any path, as told; remembers the Range of every request and the bytes it sent."""

    url: str = ""
    content: bytes = CONTENT
    cut_off: list[int] = field(default_factory=list)  # bytes after which the next answers end
    answers_range: bool = True
    status: list[int] = field(default_factory=list)  # errors to answer first
    ranges: list[str | None] = field(default_factory=list)
    sent: list[int] = field(default_factory=list)


@pytest.fixture
def server() -> Iterator[Server]:
    told = Server()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = self.headers["Range"]
            told.ranges.append(asked)
            if told.status:
                self.send_error(told.status.pop(0))
                return
            start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked and told.answers_range else 0
            if start >= len(told.content):
                self.send_error(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE)
                return
            body = told.content[start:]
            self.send_response(HTTPStatus.PARTIAL_CONTENT if start else HTTPStatus.OK)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(told.content) - 1}/{len(told.content)}")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            body = body[: told.cut_off.pop(0)] if told.cut_off else body
            self.wfile.write(body)
            told.sent.append(len(body))

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
        thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        told.url = f"http://127.0.0.1:{httpd.server_port}/cifar.tar.gz"
        yield told
        httpd.shutdown()
        thread.join()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "cifar.tar.gz"


def visible(path: Path) -> list[str]:
    return sorted(file.name for file in path.parent.iterdir() if not file.name.startswith("."))


def refusal(url: str, path: Path) -> str:
    with pytest.raises(InputError) as raised:
        fetch(url, path, MD5, pause=0)
    line = str(raised.value)
    assert "\n" not in line
    assert "put it in data.root, or set data.mirror" in line
    assert not path.exists()
    return line


def test_a_download_that_is_cut_off_goes_on_where_it_ended(server: Server, path: Path) -> None:
    server.cut_off = [400_000, 100_000]
    fetch(server.url, path, MD5, pause=0)
    assert path.read_bytes() == CONTENT
    assert server.ranges == [None, "bytes=400000-", "bytes=500000-"]
    assert server.sent == [400_000, 100_000, len(CONTENT) - 500_000]
    assert visible(path) == ["cifar.tar.gz"]


def test_an_interrupted_process_leaves_a_part_that_the_next_one_resumes(server: Server, path: Path) -> None:
    path.parent.mkdir()
    path.with_name("cifar.tar.gz.part").write_bytes(CONTENT[:300_000])
    fetch(server.url, path, MD5, pause=0)
    assert path.read_bytes() == CONTENT
    assert server.ranges == ["bytes=300000-"]


def test_a_part_that_is_whole_already_is_only_checked(server: Server, path: Path) -> None:
    path.parent.mkdir()
    path.with_name("cifar.tar.gz.part").write_bytes(CONTENT)
    fetch(server.url, path, MD5, pause=0)
    assert path.read_bytes() == CONTENT
    assert server.sent == []


def test_a_server_that_ignores_range_sends_everything_again(server: Server, path: Path) -> None:
    server.answers_range = False
    server.cut_off = [400_000]
    fetch(server.url, path, MD5, pause=0)
    assert path.read_bytes() == CONTENT
    assert server.ranges == [None, "bytes=400000-"]


def test_a_part_of_another_file_is_thrown_away(server: Server, path: Path) -> None:
    path.parent.mkdir()
    path.with_name("cifar.tar.gz.part").write_bytes(b"other" * 1_000)
    fetch(server.url, path, MD5, pause=0)
    assert path.read_bytes() == CONTENT
    assert server.ranges == ["bytes=5000-", None]


def test_a_wrong_checksum_deletes_the_download(server: Server, path: Path) -> None:
    server.content = b"<html>moved</html>"
    assert "has a wrong checksum, so the download was deleted" in refusal(server.url, path)
    assert visible(path) == []
    assert len(server.ranges) == 1  # another attempt would fetch the same


def test_a_busy_server_is_asked_again_and_a_missing_file_is_not(server: Server, path: Path) -> None:
    server.status = [503, 429]
    fetch(server.url, path, MD5, pause=0)
    assert len(server.ranges) == 3
    path.unlink()
    server.status = [404]
    assert "could not be fetched (HTTP 404" in refusal(server.url, path)
    assert len(server.ranges) == 4


def test_a_server_that_sends_nothing_is_given_up(server: Server, path: Path) -> None:
    server.cut_off = [0] * 9
    assert "could not be fetched (cut off after 0 of 1024000 bytes)" in refusal(server.url, path)
    assert len(server.ranges) == 4


def test_an_unreachable_server_is_named_in_one_line(server: Server, path: Path) -> None:
    closed = "http://127.0.0.1:1/cifar.tar.gz"
    assert refusal(closed, path).startswith(f"{closed}: could not be fetched (")
    assert "is no URL that can be fetched" in refusal("datasets/cifar.tar.gz", path)


def test_a_folder_that_cannot_be_written_is_named(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    assert "could not be written" in refusal(server.url, tmp_path / "file" / "cifar.tar.gz")


def test_two_at_once_download_once(server: Server, path: Path) -> None:
    server.cut_off = [100_000] * 5
    both = [threading.Thread(target=fetch, args=(server.url, path, MD5), kwargs={"pause": 0.02}) for _ in range(2)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    assert path.read_bytes() == CONTENT
    assert sum(server.sent) == len(CONTENT)
