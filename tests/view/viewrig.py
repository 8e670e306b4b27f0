#
# yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
#
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Starts yolov5dpu-view and talks to it, as browsers and others do."""

from __future__ import annotations

import base64
import http.client
import json
import os
import pathlib
import re
import signal
import socket
import ssl
import struct
import subprocess
import tempfile
import threading
import time
from typing import Any, Dict, List, Optional, Tuple

# far more than anything takes, for machines with other work
PATIENCE_S = 60.0
LIVE_TEST = 'test'


class Skip(Exception):
    """What a test needs is not there."""


def wait_until(condition: Any, what: str, seconds: float = PATIENCE_S) -> Any:
    """Returns what the condition returns once that is something."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f'this did not happen: {what}')
        time.sleep(0.02)


class Server:
    """A yolov5dpu-view on a port of its own."""

    def __init__(self, program: str, model: str, *arguments: str) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.log_path = pathlib.Path(self.folder.name) / 'log'
        self.log = open(self.log_path, 'wb')
        self.process = subprocess.Popen(
            [program, '--model', model, '--device', 'cpu', '--port', '0',
             *arguments], stdout=self.log, stderr=self.log)
        self.url = wait_until(self._find_url, 'the address is printed')
        match = re.match(r'(https?)://([^/]*):(\d+)/\?token=(.*)$', self.url)
        assert match is not None, self.url
        self.scheme, self.host, port, self.token = match.groups()
        self.port = int(port)
        self.authority = f'{self.host}:{self.port}'

    def _find_url(self) -> Optional[str]:
        if self.process.poll() is not None:
            raise AssertionError(self.read_log())
        lines = self.read_log().splitlines()
        urls = [line for line in lines if '?token=' in line]
        return urls[0] if urls else None

    def read_log(self) -> str:
        return self.log_path.read_text(errors='replace')

    def stop(self) -> int:
        """Ends it as Ctrl-C does, and returns its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        try:
            status = self.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError('it does not end: ' + self.read_log())
        self.log.close()
        return status

    def __enter__(self) -> 'Server':
        return self

    def __exit__(self, kind: Any, value: Any, trace: Any) -> None:
        if kind is not None:
            print(self.read_log())
        status = self.stop()
        log = self.read_log()
        self.folder.cleanup()
        if kind is None:
            assert status == 0, f'exit status {status}: {log}'
            for word in ('CRITICAL', 'GLib-WARNING', 'Sanitizer'):
                assert word not in log, log

    def connect(self) -> socket.socket:
        plain = socket.create_connection((self.host, self.port), PATIENCE_S)
        if self.scheme == 'http':
            return plain
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context.wrap_socket(plain)

    def headers(self, **more: str) -> Dict[str, str]:
        return {'Authorization': f'Bearer {self.token}',
                **{name.replace('_', '-'): value
                   for name, value in more.items()}}

    def ask(self, path: str, method: str = 'GET', body: Any = None,
            headers: Optional[Dict[str, str]] = None
            ) -> Tuple[int, Dict[str, str], bytes]:
        """Asks once, with the token unless other headers are given."""
        if self.scheme == 'https':
            context = ssl._create_unverified_context()
            connection: Any = http.client.HTTPSConnection(
                self.host, self.port, timeout=PATIENCE_S, context=context)
        else:
            connection = http.client.HTTPConnection(
                self.host, self.port, timeout=PATIENCE_S)
        connection.request(
            method, path, body, self.headers() if headers is None else headers)
        answer = connection.getresponse()
        data = answer.read()
        found = {name.lower(): value for name, value in answer.getheaders()}
        connection.close()
        return answer.status, found, data

    def get(self, path: str) -> Any:
        status, _, data = self.ask(path)
        assert status == 200, (path, status, data)
        return json.loads(data)

    def stats(self) -> Dict[str, Any]:
        """Of the first camera."""
        return self.get('/api/v1/stats')['cameras'][0]

    def wait_for_frames(self, n: int = 3) -> None:
        wait_until(lambda: self.stats()['frames'] >= n, 'frames come')

    def memory(self) -> int:
        """Bytes that it has in memory."""
        pages = pathlib.Path(f'/proc/{self.process.pid}/statm').read_text()
        return int(pages.split()[1]) * os.sysconf('SC_PAGE_SIZE')


class WebSocket:
    """A client with no more sense than it is told to have."""

    def __init__(self, server: Server, path: str = '/live',
                 headers: Optional[Dict[str, str]] = None) -> None:
        self.socket = server.connect()
        self.buffer = b''
        fields = {'Host': server.authority, 'Upgrade': 'websocket',
                  'Connection': 'Upgrade', 'Sec-WebSocket-Version': '13',
                  'Sec-WebSocket-Key': base64.b64encode(os.urandom(16)).decode(),
                  **(server.headers() if headers is None else headers)}
        lines = ''.join(f'{name}: {value}\r\n'
                        for name, value in fields.items())
        self.socket.sendall(f'GET {path} HTTP/1.1\r\n{lines}\r\n'.encode())
        head = self._read_until(b'\r\n\r\n')
        self.status = int(head.split(b' ')[1])

    def _read_until(self, end: bytes) -> bytes:
        while end not in self.buffer:
            data = self.socket.recv(65536)
            if not data:
                raise ConnectionError('closed')
            self.buffer += data
        head, _, self.buffer = self.buffer.partition(end)
        return head

    def _read(self, length: int) -> bytes:
        while len(self.buffer) < length:
            data = self.socket.recv(65536)
            if not data:
                raise ConnectionError('closed')
            self.buffer += data
        data, self.buffer = self.buffer[:length], self.buffer[length:]
        return data

    def receive(self) -> Tuple[int, bytes]:
        """The next message: opcode and what is in it."""
        first, second = self._read(2)
        length = second & 0x7f
        if length == 126:
            length, = struct.unpack('>H', self._read(2))
        elif length == 127:
            length, = struct.unpack('>Q', self._read(8))
        return first & 0x0f, self._read(length)

    def send(self, data: bytes, opcode: int = 1, length: Any = None,
             is_last: bool = True) -> None:
        size = len(data) if length is None else length
        head = bytes([(0x80 if is_last else 0) | opcode])
        if size < 126:
            head += bytes([0x80 | size])
        elif size < 65536:
            head += bytes([0x80 | 126]) + struct.pack('>H', size)
        else:
            head += bytes([0x80 | 127]) + struct.pack('>Q', size)
        # a mask of zeros leaves the data as it is
        self.socket.sendall(head + bytes(4) + data)

    def say(self, **words: Any) -> None:
        self.send(json.dumps(words).encode())

    def next_text(self, kind: str) -> Any:
        """The next text of a kind; answers all that come before."""
        while True:
            opcode, data = self.receive()
            if opcode == 8:
                raise ConnectionError('closed by the server')
            if opcode != 1:
                continue
            self.say(heard=1)
            words = json.loads(data)
            if words['type'] == kind:
                return words

    def next_frame(self, is_answered: bool = True) -> Tuple[Any, bytes]:
        """The next frame: what is said of it, and its JPEG."""
        while True:
            opcode, data = self.receive()
            if opcode == 8:
                raise ConnectionError('closed by the server')
            if opcode == 1:
                self.say(heard=1)
                continue
            length, = struct.unpack('>I', data[:4])
            header = json.loads(data[4:4 + length])
            if is_answered:
                self.say(shown=[header['camera'], header['frame']])
            return header, data[4 + length:]

    def wait_until_closed(self) -> None:
        """Reads until the server has closed it, by a message or without."""
        try:
            while self.receive()[0] != 8:
                pass
        except OSError:
            pass

    def close(self) -> None:
        self.socket.close()


def size_of_jpeg(data: bytes) -> Tuple[int, int]:
    """Width and height, from the JPEG's own header."""
    assert data[:2] == b'\xff\xd8', data[:8]
    at = 2
    while True:
        marker, length = data[at + 1], struct.unpack('>H', data[at + 2:at + 4])[0]
        if marker in (0xc0, 0xc1, 0xc2):
            height, width = struct.unpack('>HH', data[at + 5:at + 9])
            return width, height
        at += 2 + length


class Readers:
    """Threads that ask, each until it is told to end."""

    def __init__(self) -> None:
        self.ended = threading.Event()
        self.threads: List[threading.Thread] = []
        self.failures: List[BaseException] = []

    def start(self, function: Any, *arguments: Any) -> None:
        def run() -> None:
            try:
                function(*arguments)
            except BaseException as failure:
                self.failures.append(failure)
        thread = threading.Thread(target=run, daemon=True)
        self.threads.append(thread)
        thread.start()

    def join(self) -> None:
        self.ended.set()
        for thread in self.threads:
            thread.join(PATIENCE_S)
        if self.failures:
            raise self.failures[0]
