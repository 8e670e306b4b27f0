#
# yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
#
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Who yolov5dpu-view does not let in, and what it takes from them unharmed.

usage: hostile.py PROGRAM MODEL
"""

import os
import pathlib
import random
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).parent))

from viewrig import (PATIENCE_S, Readers, Server, WebSocket,  # noqa: E402
                     wait_until)

PROGRAM, MODEL = sys.argv[1:3]
HEADERS = {
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'x-frame-options': 'DENY',
    'cache-control': 'no-store',
}


def start(*arguments):
    return Server(PROGRAM, MODEL, *arguments)


def is_closed(client):
    """Whether the server has closed a connection; never waits."""
    try:
        while select.select([client], [], [], 0)[0]:
            if not client.recv(65536):
                return True
        return False
    except OSError:
        return True


class Doors(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        cls.server = start('--host-name', 'door.example', 'test')
        cls.server.wait_for_frames(3)
        cls.cookie = (f'yolov5dpu-view-{cls.server.port}='
                      f'{cls.server.token}')
        cls.origin = f'http://{cls.server.authority}'

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__(None, None, None)

    def status(self, path, headers=None, method='GET', body=None):
        return self.server.ask(path, method, body, headers or {})[0]

    # nothing at all without the token, as a whole
    def test_token(self):
        token = self.server.token
        for path in ('/', '/view.js', '/view.css', '/live', '/api/v1/stats',
                     '/api/v1/snapshot.jpg', '/api/v1/detections', '/none'):
            for wrong in ({}, {'Authorization': 'Bearer '},
                          {'Authorization': f'Bearer {token[:-1]}'},
                          {'Authorization': f'Bearer {token}0'},
                          {'Authorization': f'Bearer {token.upper()}'},
                          {'Authorization': f'Basic {token}'},
                          {'Cookie': self.cookie[:-1]},
                          {'Cookie': f'other={token}'}):
                # wrong tokens are dear: there are only so many a second
                wait_until(lambda: self.status(path, wrong) == 403,
                           f'{path} is refused')
        self.assertNotEqual(token, token.upper())
        wait_until(lambda: self.status(f'/?token={token[1:]}') == 403,
                   'a part of the token is refused')
        self.assertEqual(self.status(f'/?token={token}'), 200)
        self.assertEqual(self.status('/', {'Cookie': self.cookie}), 200)
        self.assertEqual(self.status('/', {'Cookie': 'a=b; ' + self.cookie}),
                         200)

    # the browser keeps it where scripts and other sites cannot use it
    def test_cookie(self):
        _, headers, _ = self.server.ask(f'/?token={self.server.token}',
                                        headers={})
        cookie = headers['set-cookie']
        self.assertTrue(cookie.startswith(self.cookie + ';'))
        for word in ('HttpOnly', 'SameSite=Strict', 'Path=/'):
            self.assertIn(word, cookie)

    # tokens are long and no two are the same
    def test_tokens_are_random(self):
        with start('test') as other:
            self.assertNotEqual(other.token, self.server.token)
            self.assertGreaterEqual(len(other.token), 32)

    # every answer tells the browser to be careful
    def test_headers(self):
        for path, asked in ((f'/?token={self.server.token}', {}), ('/', {}),
                            ('/api/v1/stats', self.server.headers()),
                            ('/none', self.server.headers()),
                            ('/', {'Host': 'evil.example'})):
            _, headers, _ = self.server.ask(path, headers=asked)
            for name, value in HEADERS.items():
                self.assertEqual(headers[name], value, path)
            policy = headers['content-security-policy']
            self.assertIn("default-src 'none'", policy)
            self.assertNotIn('unsafe', policy)
            self.assertNotIn('server', headers)

    # the page has no script and no style of its own
    def test_nothing_is_inline(self):
        _, _, page = self.server.ask('/')
        self.assertNotIn(b'<style', page)
        self.assertNotIn(b'style=', page)
        self.assertNotIn(b'onclick', page)
        for script in page.split(b'<script')[1:]:
            self.assertRegex(script, rb'^ src="[a-z]+\.js" defer></script>')
        self.assertNotIn(b'http', page)

    # another page in the same browser does not get in with our cookie
    def test_origin_of_the_socket(self):
        for origin in ('http://evil.example', 'null', '', 'https://127.0.0.1',
                       'http://127.0.0.1', self.origin + '.evil.example',
                       self.origin + '0', 'file://'):
            client = WebSocket(self.server, headers={
                'Cookie': self.cookie, 'Origin': origin})
            self.assertEqual(client.status, 403, origin)
            client.close()
        for headers, status in (({'Cookie': self.cookie}, 403), ({}, 403),
                                ({'Origin': self.origin}, 403),
                                ({'Cookie': self.cookie,
                                  'Origin': self.origin}, 101),
                                (self.server.headers(), 101),
                                ({**self.server.headers(),
                                  'Origin': 'http://evil.example'}, 403)):
            client = WebSocket(self.server, headers=headers)
            self.assertEqual(client.status, status, headers)
            client.close()

    # nor does it change settings
    def test_origin_of_settings(self):
        headers = {'Cookie': self.cookie, 'Origin': 'http://evil.example'}
        self.assertEqual(self.status('/api/v1/settings', headers, 'PATCH',
                                     '{"threshold":0.9}'), 403)
        self.assertEqual(self.server.get('/api/v1/settings')['cameras'][0]
                         ['threshold'], 0.25)

    # a name that was made to lead here (DNS rebinding) is not ours
    def test_host(self):
        token = self.server.headers()
        for host in ('evil.example', 'evil.example:80', '127.0.0.1.evil.example',
                     'localhost.evil.example', '', 'a b', "x'; script-src *",
                     'door.example.evil'):
            self.assertIn(self.status('/', {**token, 'Host': host}),
                          (400, 421), host)
        for host in ('localhost', f'localhost:{self.server.port}', '127.0.0.1',
                     '[::1]:80', '192.0.2.7', 'door.example', 'DOOR.example:1',
                     socket.gethostname()):
            self.assertEqual(self.status('/', {**token, 'Host': host}), 200,
                             host)

    # no file of the machine is served
    def test_no_files(self):
        for path in ('/../../../etc/passwd', '/%2e%2e/%2e%2e/etc/passwd',
                     '//etc/passwd', '/etc/passwd', '/view.js/../main.c',
                     '/page/view.js', '/view.gresource.xml', '/%00',
                     '/view.js%00', '/view.js/', '/api/v1/../../etc/passwd'):
            status, _, data = self.server.ask(path)
            self.assertIn(status, (400, 404), path)
            self.assertNotIn(b'root:', data)

    # parts of parts are not made
    def test_ranges(self):
        ranges = ','.join(f'{i}-' for i in range(1000))
        status, _, data = self.server.ask('/view.js', headers={
            **self.server.headers(), 'Range': f'bytes={ranges}'})
        self.assertEqual(status, 200)
        self.assertEqual(data, self.server.ask('/view.js')[2])

    # nothing is inflated for strangers
    def test_no_compression(self):
        client = self.server.connect()
        client.sendall((f'GET /live HTTP/1.1\r\nHost: {self.server.authority}\r\n'
                        f'Authorization: Bearer {self.server.token}\r\n'
                        'Upgrade: websocket\r\nConnection: Upgrade\r\n'
                        'Sec-WebSocket-Version: 13\r\n'
                        'Sec-WebSocket-Extensions: permessage-deflate\r\n'
                        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n'
                        ).encode())
        self.assertNotIn(b'deflate', client.recv(4096))
        client.close()


class Settings(unittest.TestCase):

    # --read-only refuses settings, whoever has the token
    def test_read_only(self):
        with start('--read-only', 'test') as server:
            status, _, data = server.ask('/api/v1/settings', 'PATCH',
                                         '{"threshold":0.9}')
            self.assertEqual(status, 403, data)
            self.assertIn(b'--read-only', data)
            settings = server.get('/api/v1/settings')
            self.assertTrue(settings['read_only'])
            self.assertEqual(settings['cameras'][0]['threshold'], 0.25)


class Limits(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        cls.server = start('--max-clients', '4', 'test')
        cls.server.wait_for_frames(3)

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__(None, None, None)

    def setUp(self):
        # one who watches all the time, whatever the others do
        self.watcher = WebSocket(self.server)
        self.watcher.say(view=[320])
        self.readers = Readers()
        self.seen = 0
        self.readers.start(self.watch)
        wait_until(lambda: self.seen > 0, 'a frame comes')

    def watch(self):
        while not self.readers.ended.is_set():
            self.watcher.next_frame()
            self.seen += 1

    def tearDown(self):
        seen = self.seen
        wait_until(lambda: self.seen > seen + 5, 'frames still come')
        self.readers.join()
        self.watcher.close()
        wait_until(lambda: self.server.ask('/api/v1/stats')[0] == 200,
                   'it still answers')

    # only so many watch
    def test_clients(self):
        clients = [WebSocket(self.server) for _ in range(3)]
        for client in clients:
            client.next_text('hello')
        late = WebSocket(self.server)
        late.wait_until_closed()
        for client in clients + [late]:
            client.close()

    # a message is as long as what a page says
    def test_oversized_messages(self):
        for size in (5000, 70000, 1 << 40):
            client = WebSocket(self.server)
            client.send(b'"' * min(size, 70000), length=size)
            client.wait_until_closed()
            client.close()

    # a message that never ends
    def test_endless_message(self):
        client = WebSocket(self.server)
        sent = 0
        try:
            client.send(b'x' * 1000, is_last=False)
            for _ in range(200000):
                client.send(b'x' * 1000, opcode=0, is_last=False)
                sent += 1000
        except OSError:
            pass
        client.wait_until_closed()
        client.close()
        self.assertLess(sent, 100 << 20)

    # who says what no page says is shown the door
    def test_senseless_messages(self):
        for words in (b'', b'{}', b'[]', b'null', b'{"view":1}', b'{"shown":[]}',
                      b'{"shown":[0]}', b'{"shown":[9,1]}', b'{"shown":[-1,1]}',
                      b'{"shown":["0",1]}', b'{"view":[1.5]}', b'{"view":[[]]}',
                      b'{"view":[', b'[' * 4000, b'{"a":' * 600):
            client = WebSocket(self.server)
            client.next_text('hello')
            client.send(words)
            client.wait_until_closed()
            client.close()
        for opcode in (2, 3, 11):
            client = WebSocket(self.server)
            client.send(b'{"heard":1}', opcode)
            client.wait_until_closed()
            client.close()

    # what is out of all proportion, but has a meaning, does nothing
    def test_extreme_messages(self):
        client = WebSocket(self.server)
        client.next_text('hello')
        client.say(view=[1 << 62] * 50)
        client.say(view=[-1])
        client.say(shown=[0, 1 << 62])
        client.say(heard=1)
        client.say(view=[320])
        client.next_frame()
        client.close()

    # nor is anybody listened to who talks without end
    def test_flood_of_messages(self):
        client = WebSocket(self.server)
        try:
            for _ in range(100000):
                client.say(heard=1)
        except OSError:
            pass
        client.wait_until_closed()
        client.close()

    # a request has a size
    def test_oversized_requests(self):
        head = (f'PATCH /api/v1/settings HTTP/1.1\r\nHost: '
                f'{self.server.authority}\r\nAuthorization: Bearer '
                f'{self.server.token}\r\n')
        chunk = b'ffff\r\n' + b'x' * 0xffff + b'\r\n'
        for start_of_it, more in (
                (head + 'Content-Length: 1000000000000\r\n\r\n', b'x' * 65536),
                (head + 'Transfer-Encoding: chunked\r\n\r\n', chunk),
                (head + 'Long: ', b'x' * 65536),
                ('GET /', b'x' * 65536),
                ('', b'x' * 65536),
                (head, b'A: b\r\n' * 10000)):
            before = self.server.memory()
            client = self.server.connect()
            client.sendall(start_of_it.encode())
            sent = 0
            try:
                while sent < 256 << 20 and not is_closed(client):
                    sent += client.send(more)
            except OSError:
                pass
            client.close()
            self.assertLess(sent, 256 << 20, start_of_it[:60])
            self.assertLess(self.server.memory() - before, 64 << 20)

    # requests that never become whole end, and hinder nobody
    def test_slowloris(self):
        clients = []
        for i in range(200):
            client = self.server.connect()
            client.sendall(b'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n'[:4 + i % 28])
            clients.append(client)

        def drip():
            for client in clients:
                try:
                    client.send(b'X')
                except OSError:
                    pass
            self.assertEqual(self.server.ask('/api/v1/stats')[0], 200)
            return all(is_closed(client) for client in clients)
        wait_until(drip, 'all of them are closed')
        for client in clients:
            client.close()

    # more connections than there is room for: who asks for something gets in
    def test_many_connections(self):
        clients = [self.server.connect() for _ in range(500)]
        self.assertEqual(self.server.ask('/api/v1/stats')[0], 200)
        sockets = len(os.listdir(f'/proc/{self.server.process.pid}/fd'))
        self.assertLess(sockets, 400)
        late = WebSocket(self.server)
        late.next_text('hello')
        late.close()
        for client in clients:
            client.close()

    def hostile_bytes(self, random_numbers):
        """A request that nobody who means well would send."""
        some = random_numbers
        token = some.choice(['', 'x' * 48, self.server.token[:-1],
                             self.server.token])
        noise = bytes(some.randrange(256) for _ in range(some.randrange(1, 600)))
        method = some.choice(['GET', 'PATCH', 'POST', 'CONNECT', 'OPTIONS', 'HEAD',
                              'BREW', 'get', 'TRACE'])
        path = some.choice(['/', '/live', '/api/v1/settings', '/api/v1/stats',
                            '/' + '../' * 50, '/%', '*', 'http://x/', '/?' * 99,
                            '/api/v1/detections?camera=%zz', '//', '/?token=%00'])
        host = some.choice([self.server.authority, 'evil.example', '', 'x' * 3000])
        more = some.choice(['Content-Length: -1\r\n', 'Content-Length: 99\r\n',
                            'Transfer-Encoding: chunked\r\n', 'Upgrade: h2c\r\n',
                            'Transfer-Encoding: gzip\r\nContent-Length: 5\r\n',
                            'Expect: 100-continue\r\nContent-Length: 9\r\n',
                            'Upgrade: websocket\r\nConnection: Upgrade\r\n'
                            'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: x\r\n',
                            'Cookie: ' + ';' * 2000 + '\r\n', ': \r\n',
                            'Origin: http://evil.example\r\n', '\0\r\n', ''])
        head = (f'{method} {path} HTTP/{some.choice(["1.1", "1.0", "9.9", ""])}\r\n'
                f'Host: {host}\r\nAuthorization: Bearer {token}\r\n{more}\r\n')
        data = head.encode() + some.choice([b'', noise, b'ffffffffff\r\n' + noise])
        if some.random() < 0.2:
            data = noise
        elif some.random() < 0.3:
            at = some.randrange(len(data))
            data = data[:at] + bytes([some.randrange(256)]) + data[at + 1:]
        return data

    # a thousand requests of all kinds of malice
    def test_hostile_requests(self):
        numbers = random.Random(16)
        clients = []
        memory = None
        for i in range(1000):
            client = self.server.connect()
            client.settimeout(PATIENCE_S)
            try:
                client.sendall(self.hostile_bytes(numbers))
                if i % 3 == 0:
                    client.shutdown(socket.SHUT_WR)
            except OSError:
                pass
            clients.append(client)
            # some wait for an answer, some go at once
            while len(clients) > numbers.randrange(1, 60):
                clients.pop(numbers.randrange(len(clients))).close()
            if i == 300:
                memory = self.server.memory()
        for client in clients:
            client.close()
        self.assertIsNone(self.server.process.poll())
        self.assertLess(self.server.memory() - memory, 32 << 20)
        self.assertEqual(
            wait_until(lambda: self.server.ask('/api/v1/settings')[0] == 200
                       and self.server.get('/api/v1/settings'),
                       'it answers again')['cameras'][0]['threshold'], 0.25)


@unittest.skipIf(shutil.which('openssl') is None, 'openssl is not installed')
class Tls(unittest.TestCase):

    def make_certificate(self, folder):
        key, certificate = (os.path.join(folder, name)
                            for name in ('key.pem', 'certificate.pem'))
        subprocess.run(
            ['openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days',
             '2', '-subj', '/CN=localhost', '-keyout', key, '-out', certificate],
            check=True, stderr=subprocess.DEVNULL, timeout=PATIENCE_S)
        return key, certificate

    # the same over TLS, with a cookie that goes nowhere else
    def test_tls(self):
        with tempfile.TemporaryDirectory() as folder:
            key, certificate = self.make_certificate(folder)
            with start('--certificate', certificate, '--key', key,
                       'test') as server:
                self.assertEqual(server.scheme, 'https')
                # who does not say a word in the handshake hinders nobody
                silent = [socket.create_connection((server.host, server.port))
                          for _ in range(20)]
                status, headers, _ = server.ask(f'/?token={server.token}',
                                                headers={})
                self.assertEqual(status, 200)
                self.assertIn('Secure', headers['set-cookie'])
                self.assertEqual(server.ask('/', headers={})[0], 403)
                client = WebSocket(server, headers={
                    'Cookie': headers['set-cookie'].split(';')[0],
                    'Origin': f'https://{server.authority}'})
                self.assertEqual(client.status, 101)
                client.say(view=[320])
                client.next_frame()
                client.close()
                wait_until(lambda: all(is_closed(one) for one in silent),
                           'the silent ones are closed')
                for one in silent:
                    one.close()


if __name__ == '__main__':
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]], verbosity=2)
