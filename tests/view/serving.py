#
# yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
#
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What yolov5dpu-view serves, and to whom: frames, the API, slow clients.

usage: serving.py PROGRAM MODEL
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).parent))

from viewrig import (PATIENCE_S, Server, WebSocket, size_of_jpeg,  # noqa: E402
                     wait_until)

PROGRAM, MODEL = sys.argv[1:3]
# a ball moves over black, so pictures differ; wide enough to be scaled down
WIDE = ('videotestsrc is-live=true pattern=ball '
        '! video/x-raw,width=1920,height=1080,framerate=10/1')


def start(*arguments):
    return Server(PROGRAM, MODEL, *arguments)


class Frames(unittest.TestCase):

    # a frame and what was found in it are one message, and frames go on
    def test_frames_come_with_detections(self):
        with start('test') as server:
            client = WebSocket(server)
            self.assertEqual(client.status, 101)
            client.next_text('hello')
            client.say(view=[640])
            frames = [client.next_frame() for _ in range(8)]
            numbers = [header['frame'] for header, _ in frames]
            self.assertEqual(numbers, sorted(set(numbers)))
            for header, jpeg in frames:
                self.assertEqual((header['width'], header['height']),
                                 (640, 480))
                self.assertEqual(size_of_jpeg(jpeg), (640, 480))
            self.assertTrue(any(header['detections'] for header, _ in frames))
            client.close()

    # pictures are as wide as the page has room for, and no wider than allowed
    def test_pictures_fit(self):
        with start('--max-width', '960', WIDE) as server:
            for room, width in ((100, 160), (400, 480), (1900, 960)):
                client = WebSocket(server)
                client.say(view=[room])
                header, jpeg = client.next_frame()
                self.assertEqual(size_of_jpeg(jpeg), (width, width * 9 // 16))
                self.assertEqual(header['width'], 1920)
                client.close()

    # no more frames a second than allowed
    def test_rate_is_limited(self):
        with start('--max-fps', '5', 'test') as server:
            client = WebSocket(server)
            client.say(view=[640])
            times = [client.next_frame()[0]['pts'] for _ in range(12)]
            client.close()
            self.assertGreaterEqual(times[-1] - times[0], 11 * 0.17e9)

    # nothing is encoded when nobody watches, nor for a page that looks away
    def test_nothing_is_encoded_for_nobody(self):
        with start('test') as server:
            server.wait_for_frames(20)
            self.assertEqual(server.stats()['encoded'], 0)
            client = WebSocket(server)
            client.say(view=[640])
            client.next_frame()
            client.say(view=[0])
            # what was asked for before comes still
            encoded = wait_until(lambda: self.settle(server), 'it stops')
            frames = server.stats()['frames']
            wait_until(lambda: server.stats()['frames'] > frames + 20, 'frames')
            self.assertEqual(server.stats()['encoded'], encoded)
            client.close()

    def settle(self, server):
        before = server.stats()
        after = wait_until(lambda: self.later(server, before), 'frames')
        return after['encoded'] == before['encoded'] and after['encoded']

    @staticmethod
    def later(server, before):
        stats = server.stats()
        return stats if stats['frames'] > before['frames'] + 5 else None

    # who does not answer gets no more frames, and the others go on
    def test_slow_client_is_in_nobodys_way(self):
        with start('test') as server:
            slow, quick = WebSocket(server), WebSocket(server)
            slow.say(view=[640])
            # it reads not a byte from now on
            quick.say(view=[640])
            for _ in range(20):
                quick.next_frame()
            memory = server.memory()
            for _ in range(100):
                quick.next_frame()
            self.assertLess(server.memory() - memory, 8 << 20)
            # what waits for it is a few frames; then it goes on
            numbers = [slow.next_frame()[0]['frame'] for _ in range(12)]
            gaps = [b - a for a, b in zip(numbers, numbers[1:])]
            self.assertGreater(max(gaps), 50)
            self.assertLess(gaps.index(max(gaps)), 9)
            slow.close()
            quick.close()

    # who comes while the picture stands still gets that
    def test_still_picture_is_shown(self):
        still = ('videotestsrc num-buffers=1 '
                 '! video/x-raw,width=320,height=240')
        with start(still) as server:
            server.wait_for_frames(1)
            for _ in range(2):
                client = WebSocket(server)
                client.say(view=[320])
                self.assertEqual(client.next_frame()[0]['frame'], 1)
                client.close()

    # a picture is shown the way up that it was taken
    def test_picture_is_upright(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, 'turned.jpg')
            subprocess.run(
                ['gst-launch-1.0', '-q', 'videotestsrc', 'num-buffers=1', '!',
                 'video/x-raw,width=320,height=240', '!', 'jpegenc', '!',
                 'taginject', 'tags=image-orientation=rotate-270', '!', 'jifmux',
                 '!', 'filesink', f'location={path}'], check=True)
            with start(path) as server:
                client = WebSocket(server)
                client.say(view=[320])
                header, _ = client.next_frame()
                self.assertEqual((header['width'], header['height']), (240, 320))
                client.close()

    # several cameras are told apart
    def test_several_cameras(self):
        small = ('videotestsrc is-live=true pattern=snow '
                 '! video/x-raw,width=320,height=240,framerate=10/1')
        with start('test', small) as server:
            client = WebSocket(server)
            self.assertEqual(len(client.next_text('hello')['settings']), 2)
            client.say(view=[640, 320])
            widths = {}
            while len(widths) < 2:
                header, _ = client.next_frame()
                widths[header['camera']] = header['width']
            self.assertEqual(widths, {0: 640, 1: 320})
            client.close()


    # lines and zones are on the frames, and what happens there is an event
    def test_zones(self):
        with tempfile.NamedTemporaryFile('w', suffix='.ini') as file:
            file.write('[zone all of it]\nanchor=center\npoints=0;0;1;0;1;1;0;1\n'
                       '[line far away]\npoints=0;0.01;0.1;0.01\n')
            file.flush()
            with start('--zones', file.name, 'test') as server:
                client = WebSocket(server)
                client.say(view=[320])
                header = wait_until(lambda: self.next_with_places(client),
                                    'somebody is inside')
                zone, = [place for place in header['places']
                         if place['kind'] == 'zone']
                self.assertEqual(zone['name'], 'all of it')
                self.assertEqual(zone['points'], [0, 0, 1, 0, 1, 1, 0, 1])
                line, = [place for place in header['places']
                         if place['kind'] == 'line']
                self.assertEqual((line['forward'], line['backward']), (0, 0))
                client.close()
                events = wait_until(lambda: [
                    event for event in server.get('/api/v1/events')['events']
                    if event['kind'] == 'zone-entered'], 'it is an event')
                self.assertEqual(events[0]['place'], 'all of it')
                self.assertIn('label', events[0])

    @staticmethod
    def next_with_places(client):
        header, _ = client.next_frame()
        return header if any(place.get('inside')
                             for place in header.get('places', [])) else None


class Api(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        cls.server = start('test')
        cls.server.wait_for_frames(10)

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__(None, None, None)

    # what is going on, as JSON
    def test_stats(self):
        stats = wait_until(
            lambda: self.server.stats()['frames_per_second'] > 5
            and self.server.stats(), 'a second is over')
        self.assertEqual(stats['name'], 'test')
        self.assertIsNone(stats['error'])
        self.assertGreater(stats['inferences'], 0)
        self.assertTrue(0 <= stats['dpu_use'] <= 1)
        history = self.server.get('/api/v1/history')['cameras'][0]
        self.assertGreater(len(history), 0)

    # new objects are events, each once
    def test_events(self):
        self.settle_threshold(0.25)
        events = wait_until(lambda: self.server.get('/api/v1/events')['events'],
                            'something new is seen')
        self.assertEqual(events[0]['kind'], 'new')
        ids = [event['id'] for event in events]
        self.assertEqual(len(ids), len(set(ids)))
        last = events[-1]['number']
        later = self.server.get(f'/api/v1/events?after={last}')['events']
        self.assertTrue(all(event['number'] > last for event in later))

    # the picture in full size
    def test_snapshot(self):
        status, headers, data = self.server.ask('/api/v1/snapshot.jpg')
        self.assertEqual(status, 200)
        self.assertEqual(headers['content-type'], 'image/jpeg')
        self.assertEqual(size_of_jpeg(data), (640, 480))

    # detections as server-sent events
    def test_detections(self):
        client = self.server.connect()
        client.sendall((f'GET /api/v1/detections?camera=0 HTTP/1.1\r\n'
                        f'Host: {self.server.authority}\r\n'
                        f'Authorization: Bearer {self.server.token}\r\n\r\n'
                        ).encode())
        text = b''
        while text.count(b'data: ') < 5:
            text += client.recv(4096)
        client.close()
        self.assertIn(b'text/event-stream', text)
        line = [line for line in text.splitlines()
                if line.startswith(b'data: ')][0]
        self.assertEqual(json.loads(line[6:])['camera'], 0)

    def settings(self):
        return self.server.get('/api/v1/settings')['cameras'][0]

    def patch(self, body):
        status, _, data = self.server.ask(
            '/api/v1/settings', 'PATCH', body
            if isinstance(body, bytes) else json.dumps(body))
        return status, json.loads(data)

    def settle_threshold(self, threshold):
        self.assertEqual(self.patch({'threshold': threshold,
                                     'class_thresholds': {'person': None}})[0],
                         200)

    # settings are changed one by one, and what is found follows
    def test_settings(self):
        status, answer = self.patch(
            {'threshold': 0.3, 'class_thresholds': {'person': 0.95}})
        self.assertEqual(status, 200, answer)
        self.assertEqual(self.settings()['threshold'], 0.3)
        self.assertEqual(self.settings()['class_thresholds'], {'person': 0.95})
        self.patch({'iou_threshold': 0.6, 'camera': 0})
        self.assertEqual(self.settings()['iou_threshold'], 0.6)
        self.assertEqual(self.settings()['threshold'], 0.3)
        self.patch({'threshold': 0.99, 'class_thresholds': {'person': None}})
        self.assertEqual(self.settings()['class_thresholds'], {})
        wait_until(lambda: self.server.stats()['present'] == {},
                   'nothing is found')
        # null is what the model says
        self.patch({'threshold': None, 'iou_threshold': None})
        self.assertEqual(self.settings()['threshold'], 0.25)
        self.assertEqual(self.settings()['iou_threshold'], 0.45)
        wait_until(lambda: self.server.stats()['present'] != {},
                   'something is found')

    # who watches hears of them
    def test_settings_are_told(self):
        client = WebSocket(self.server)
        client.next_text('hello')
        self.patch({'iou_threshold': 0.5})
        words = client.next_text('settings')
        self.assertEqual(words['settings'][0]['iou_threshold'], 0.5)
        client.close()

    # what is wrong is refused as a whole, with a sentence
    def test_wrong_settings(self):
        before = self.settings()
        for body in ({'threshold': 1.5}, {'threshold': 'high'}, [], 1, b'{',
                     b'', b'\xff', {'threshold': 0.9, 'colour': 1},
                     {'camera': 1}, {'camera': -1}, {'camera': 0.5},
                     {'class_thresholds': {'unicorn': 0.5}},
                     {'threshold': 0.9, 'class_thresholds': {'person': 2}},
                     {'class_thresholds': 0.5}, {'threshold': [0.5]},
                     b'[' * 5000, b'{"threshold":1e999}'):
            status, answer = self.patch(body)
            self.assertEqual(status, 400, body)
            self.assertGreater(len(answer['error']), 10)
            self.assertEqual(self.settings(), before)

    # the commands of the docs do what is said there
    @unittest.skipIf(shutil.which('curl') is None, 'curl is not installed')
    def test_docs(self):
        text = (pathlib.Path(__file__).parents[2] / 'docs' / 'view.md')
        lines = [line.strip() for line in text.read_text().splitlines()
                 if line.startswith(('    base=', '    token=', '    curl '))]
        self.assertEqual(len(lines), 9)
        with tempfile.TemporaryDirectory() as folder:
            for line in lines[2:]:
                done = subprocess.run(
                    ['sh', '-c', '\n'.join(lines[:2] + [line])], cwd=folder,
                    env={**os.environ, 'url': self.server.url},
                    stdout=subprocess.PIPE, text=True, timeout=PATIENCE_S)
                if 'max-time' in line:
                    self.assertEqual(done.returncode, 28, line)
                    self.assertIn('\ndata: {', done.stdout)
                    continue
                self.assertEqual(done.returncode, 0, line)
                if 'snapshot' in line:
                    data = pathlib.Path(folder, 'snapshot.jpg').read_bytes()
                    self.assertEqual(size_of_jpeg(data), (640, 480))
                else:
                    self.assertNotIn('error', list(json.loads(done.stdout)))
        self.assertEqual(self.settings()['threshold'], 0.4)
        self.patch({'threshold': None, 'class_thresholds': {'person': None}})

    # what is not there, or not to be done
    def test_wrong_requests(self):
        for path, method, expected in (
                ('/api/v1/', 'GET', 404), ('/api/v2/stats', 'GET', 404),
                ('/api/v1/stats', 'PATCH', 405),
                ('/api/v1/settings', 'DELETE', 405), ('/', 'POST', 405),
                ('/api/v1/snapshot.jpg?camera=1', 'GET', 404),
                ('/api/v1/snapshot.jpg?camera=x', 'GET', 404),
                ('/api/v1/detections?camera=9', 'GET', 404),
                ('/api/v1/events?after=-1', 'GET', 400),
                ('/api/v1/events?after=' + '9' * 40, 'GET', 400)):
            self.assertEqual(self.server.ask(path, method)[0], expected, path)


class CommandLine(unittest.TestCase):

    def fails(self, status, words, *arguments):
        done = subprocess.run(
            [PROGRAM, '--device', 'cpu', '--port', '0', *arguments],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            timeout=PATIENCE_S)
        self.assertEqual(done.returncode, status, done.stdout)
        self.assertIn(words, done.stdout)
        self.assertNotIn('secret', done.stdout)

    # mistakes are sentences, not silence
    def test_mistakes(self):
        model = ('--model', MODEL)
        self.fails(2, 'A source is needed', *model)
        self.fails(2, '--model is needed', 'test')
        self.fails(2, '--port takes', *model, '--port', '70000', 'test')
        self.fails(2, '--max-width takes', *model, '--max-width', '0', 'test')
        self.fails(2, '--max-fps takes', *model, '--max-fps', '-1', 'test')
        self.fails(2, '--key needs', *model, '--key', 'x', 'test')
        self.fails(1, 'no address to listen on', *model, '--address', 'here',
                   'test')
        self.fails(1, '/none.pem', *model, '--certificate', '/none.pem', 'test')
        self.fails(1, '/none', *model, '--token-file', '/none', 'test')
        self.fails(1, 'none.mp4', *model, '/none.mp4')
        self.fails(1, 'none.xmodel', '--model', '/none.xmodel', 'test')
        # a password is nobody's business
        self.fails(1, 'Error: 127.0.0.1: ', *model,
                   'rtsp://user:secret@127.0.0.1:1/x')
        self.fails(1, 'no element', *model, 'nosuchsource ! identity')

    # a port that is taken
    def test_taken_port(self):
        with start('test') as server:
            self.fails(1, 'Cannot listen', '--model', MODEL, '--port',
                       str(server.port), 'test')

    # a short token is none
    def test_token_file(self):
        with tempfile.NamedTemporaryFile('w') as file:
            file.write('short\n')
            file.flush()
            self.fails(1, 'A token has', '--model', MODEL, '--token-file',
                       file.name, 'test')
            file.write('a-token-that-is-long-enough\n')
            file.truncate(0)
            file.seek(0)
            file.write('a-token-that-is-long-enough\n')
            file.flush()
            with start('--token-file', file.name, 'test') as server:
                self.assertEqual(server.token, 'a-token-that-is-long-enough')
                server.stats()

    # a camera that is lost is looked for again, and said to be lost
    def test_lost_camera_comes_back(self):
        # fails after some frames, every time
        with start('videotestsrc is-live=true ! video/x-raw,framerate=30/1,'
                   'width=320,height=240 ! identity error-after=15') as server:
            wait_until(lambda: server.stats()['error'], 'it is said')
            frames = server.stats()['frames']
            wait_until(lambda: server.stats()['frames'] > frames + 5,
                       'it comes back')

    # a clip goes round
    def test_clip_repeats(self):
        with tempfile.TemporaryDirectory() as folder:
            clip = os.path.join(folder, 'clip.avi')
            subprocess.run(
                ['gst-launch-1.0', '-q', 'videotestsrc', 'num-buffers=10', '!',
                 'video/x-raw,width=160,height=120,framerate=20/1', '!',
                 'jpegenc', '!', 'avimux', '!', 'filesink',
                 f'location={clip}'], check=True, timeout=PATIENCE_S)
            with start(clip) as server:
                server.wait_for_frames(25)
                self.assertEqual(server.stats()['name'], 'clip.avi')


if __name__ == '__main__':
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]], verbosity=2)
