#
# yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
#
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The page of yolov5dpu-view in a real browser, looked at as people do.

usage: browser.py PROGRAM MODEL

VIEW_SCREENSHOTS is a folder to leave screenshots in.
"""

import os
import pathlib
import signal
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).parent))

from viewrig import PATIENCE_S, Server, wait_until  # noqa: E402

try:
    from PIL import Image, ImageDraw
    from selenium.webdriver.common.by import By

    from chromium import Browser
except ImportError as missing:
    print(f'skipped: {missing} (chromium, chromium-driver, python3-selenium, '
          'python3-pil)')
    sys.exit(77)

PROGRAM, MODEL = sys.argv[1:3]
# a person of rectangles in a blue coat, which the model takes for one
COAT = (60, 70, 140)
STEPS = 24
STEP = 14


def draw_person(x, y):
    """A person on a street, 40 wide and 126 high."""
    picture = Image.new('RGB', (640, 480), (150, 180, 210))
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 300, 640, 480), fill=(90, 90, 92))
    draw.ellipse((x + 12, y, x + 28, y + 18), fill=(210, 160, 130))
    draw.rectangle((x + 6, y + 18, x + 34, y + 64), fill=COAT)
    draw.rectangle((x + 8, y + 64, x + 19, y + 124), fill=(40, 40, 50))
    draw.rectangle((x + 21, y + 64, x + 32, y + 124), fill=(40, 40, 50))
    draw.rectangle((x, y + 20, x + 5, y + 60), fill=COAT)
    draw.rectangle((x + 35, y + 20, x + 40, y + 60), fill=COAT)
    return picture


# what is drawn on the canvas right now: the coat's pixels, and the boxes that
# were drawn on the same picture, both in pixels of the frame
LOOK = '''
const tile = yolov5dpuView.tiles[arguments[0]];
const color = arguments[1];
if (!tile || !tile.drawn)
  return null;
const { canvas, drawn, header } = tile;
const place = drawn.place;
const left = Math.ceil(place.x), top = Math.ceil(place.y);
const width = Math.floor(place.width), height = Math.floor(place.height);
const data = canvas.getContext('2d').getImageData(left, top, width, height).data;
let x0 = Infinity, y0 = Infinity, x1 = -1, y1 = -1, sum = 0;
for (let y = 0; y < height; y++)
  for (let x = 0; x < width; x++) {
    const i = 4 * (y * width + x);
    sum += data[i];
    if (Math.abs(data[i] - color[0]) + Math.abs(data[i + 1] - color[1])
        + Math.abs(data[i + 2] - color[2]) < 36) {
      x0 = Math.min(x0, x); x1 = Math.max(x1, x);
      y0 = Math.min(y0, y); y1 = Math.max(y1, y);
    }
  }
const scale = header.width / place.width;
return {
  frame: drawn.frame, width: header.width, height: header.height, sum,
  coat: x1 < 0 ? null : [x0, y0, x1, y1].map((edge) => edge * scale),
  boxes: drawn.boxes, labels: drawn.labels, sent: header.detections.length,
  picture: [tile.picture.width, tile.picture.height],
};
'''


def look(browser, camera=0):
    return browser.run(LOOK, camera, COAT)


def overlap(a, b):
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    return max(0, width) * max(0, height)


def iou(a, b):
    area = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (a, b))
    return overlap(a, b) / (area - overlap(a, b))


def edges(box):
    return (box['x'], box['y'], box['x'] + box['width'],
            box['y'] + box['height'])


class Page(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        positions = list(range(STEPS)) + list(range(STEPS - 2, 0, -1))
        for i, step in enumerate(positions):
            draw_person(60 + STEP * step, 150 + step).save(
                os.path.join(cls.folder.name, f'{i:03}.png'))
        walk = (f'multifilesrc location={cls.folder.name}/%03d.png loop=true '
                'caps=image/png,framerate=12/1 ! pngdec ! clocksync')
        cls.server = Server(PROGRAM, MODEL, walk)
        cls.browser = Browser(cls.server.url)
        cls.browser.wait_for_picture()

    @classmethod
    def tearDownClass(cls):
        cls.browser.driver.quit()
        cls.server.__exit__(None, None, None)
        cls.folder.cleanup()

    def setUp(self):
        self.browser.run('''setPaused(false);
            if (!yolov5dpuView.state.boxes) toggle('boxes', 'boxes');
            if (!yolov5dpuView.state.names) toggle('names', 'names');
            labels.forEach((label) => setClass(label, true));''')
        self.server.ask('/api/v1/settings', 'PATCH',
                        '{"threshold":null,"iou_threshold":null,'
                        '"class_thresholds":{"person":null}}')
        self.wait_for_box()

    def wait_for_box(self):
        def find():
            seen = look(self.browser)
            return seen and any(box['label'] == 'person'
                                for box in seen['boxes']) and seen
        return wait_until(find, 'a person is found')

    # the token does not stay in the address, and nothing is complained about
    def test_address_and_policy(self):
        self.assertEqual(self.browser.driver.current_url,
                         self.server.url.split('?')[0])
        self.assertEqual(self.browser.run('return document.cookie'), '')
        self.assertEqual(self.browser.complaints(), [])
        self.assertEqual(self.browser.run(
            'return performance.getEntriesByType("resource").filter((entry) => '
            '!entry.name.startsWith(location.origin)).map((e) => e.name)'), [])

    # pictures follow each other, and are not all the same
    def test_picture_moves(self):
        sums = {}

        def collect():
            seen = look(self.browser)
            sums[seen['frame']] = seen['sum']
            return len(sums) >= 10
        wait_until(collect, 'ten frames are drawn')
        self.assertGreater(len(set(sums.values())), 5)

    # each box is where the person is on the very picture that it is drawn on
    def test_boxes_lie_on_objects(self):
        scores = {}

        def collect():
            seen = look(self.browser)
            # a tracker's guess is not what lies on an object
            people = [box for box in seen['boxes'] if box['label'] == 'person'
                      and not box.get('predicted')]
            if people and seen['coat']:
                coat = seen['coat']
                # the coat's arms are as wide as the person
                person = (coat[0], coat[1] - 18, coat[2], coat[1] + 108)
                scores[seen['frame']] = max(iou(edges(box), person)
                                            for box in people)
            return len(scores) >= 15
        wait_until(collect, 'fifteen frames have boxes')
        ordered = sorted(scores.values())
        # another frame's picture would be off by a third of the width at least
        self.assertGreater(ordered[len(ordered) // 2], 0.6, ordered)
        self.assertGreater(ordered[2], 0.4, ordered)

    # with a higher threshold less is found, and the detector is what is asked
    def test_slider_changes_what_is_found(self):
        self.browser.slide('threshold', 0.99)
        wait_until(lambda: self.server.get('/api/v1/settings')['cameras'][0]
                   ['threshold'] == 0.99, 'it is set')
        # a frame without a box may well have been there before
        frame = look(self.browser)['frame']
        wait_until(lambda: look(self.browser)['frame'] > frame + 6,
                   'frames with the old threshold are gone')
        wait_until(lambda: look(self.browser)['sent'] == 0,
                   'nothing is found any more')
        self.assertEqual(self.browser.text('threshold-value'), '0.99')
        self.browser.slide('threshold', 0.3)
        self.wait_for_box()
        self.browser.slide('iou', 0.8)
        wait_until(lambda: self.server.get('/api/v1/settings')['cameras'][0]
                   ['iou_threshold'] == 0.8, 'the other slider works, too')

    # what somebody else changes is shown
    def test_slider_follows(self):
        self.server.ask('/api/v1/settings', 'PATCH', '{"threshold":0.41}')
        wait_until(lambda: self.browser.text('threshold-value') == '0.41',
                   'the slider follows')

    # a class has a threshold of its own, on demand
    def test_class_threshold(self):
        row = '#classes tr[data-label="person"]'
        self.browser.run(f'document.querySelector(\'{row} button\').click()')
        self.browser.run(f'''
            const slider = document.querySelector('{row}').nextElementSibling
              .querySelector('input');
            slider.value = 0.98;
            slider.dispatchEvent(new Event('input'));''')
        wait_until(lambda: self.server.get('/api/v1/settings')['cameras'][0]
                   ['class_thresholds'] == {'person': 0.98}, 'it is set')
        wait_until(lambda: not any(box['label'] == 'person' for box
                                   in look(self.browser)['boxes']),
                   'no person is found')

    # a class is switched off and on, here only
    def test_classes_are_switched(self):
        box = self.browser.driver.find_element(
            By.CSS_SELECTOR, '#classes tr[data-label="person"] input')
        self.browser.run('arguments[0].click()', box)
        seen = look(self.browser)
        self.assertFalse(any(box['label'] == 'person' for box in seen['boxes']))
        wait_until(lambda: look(self.browser)['sent'] > 0, 'it is still sent')
        self.browser.run('arguments[0].click()', box)
        self.wait_for_box()

    # keys do what buttons do
    def test_keys(self):
        self.browser.press('b')
        self.assertEqual(look(self.browser)['boxes'], [])
        self.browser.press('b')
        self.wait_for_box()
        self.browser.press('l')
        self.assertEqual(look(self.browser)['labels'], [])
        self.browser.press('l')
        self.browser.press('?')
        self.assertTrue(self.browser.run(
            'return document.getElementById("help").open'))
        self.browser.run('document.getElementById("help").close()')
        before = float(self.browser.text('threshold-value'))
        self.browser.press('+')
        wait_until(lambda: abs(self.server.get('/api/v1/settings')['cameras'][0]
                               ['threshold'] - before - 0.05) < 1e-6,
                   'the threshold goes up')

    # a paused page stands still, and nothing is encoded for it
    def test_pause(self):
        self.browser.press(' ')
        self.assertEqual(self.browser.text('pause'), 'Go on')

        def is_still():
            frame = look(self.browser)['frame']
            encoded = self.server.stats()['encoded']
            frames = self.server.stats()['frames']
            wait_until(lambda: self.server.stats()['frames'] > frames + 6,
                       'frames come')
            return (look(self.browser)['frame'] == frame
                    and self.server.stats()['encoded'] == encoded)
        wait_until(is_still, 'the picture stands still')
        frame = look(self.browser)['frame']
        self.browser.press(' ')
        wait_until(lambda: look(self.browser)['frame'] > frame, 'it goes on')

    # what is saved is the picture, with its boxes
    def test_snapshot(self):
        self.browser.run('''window.saved = null;
            HTMLAnchorElement.prototype.click = function () {
              window.saved = [this.download, this.href]; };''')
        self.browser.press('s')
        name, address = wait_until(
            lambda: self.browser.run('return window.saved'), 'it is saved')
        self.assertTrue(name.endswith('.png'))
        self.assertEqual(self.browser.driver.execute_async_script(
            '''const done = arguments[1];
            const image = new Image();
            image.onload = () => done([image.naturalWidth, image.naturalHeight]);
            image.onerror = () => done(null);
            image.src = arguments[0];''', address),
            look(self.browser)['picture'])

    # figures and the list of events are filled
    def test_figures(self):
        wait_until(lambda: self.browser.text('figure-latency').endswith(' ms'),
                   'there is a latency')
        wait_until(lambda: self.browser.text('figure-fps') not in ('', '–', '0'),
                   'there is a rate')
        self.assertTrue(self.browser.text('figure-dpu').endswith(' %'))
        wait_until(lambda: 'person' in self.browser.text('events'),
                   'the person is new')
        self.assertTrue(self.browser.run(
            '''const canvas = document.getElementById('graph');
            const data = canvas.getContext('2d').getImageData(
              0, 0, canvas.width, canvas.height).data;
            return data.some((value) => value > 0);'''))

    # labels cover neither each other nor leave the picture
    def test_labels(self):
        placed = self.browser.run('''
            const placed = [];
            const frame = { width: 600, height: 400 };
            const size = { width: 90, height: 18 };
            for (const box of [[0, 0, 50, 50], [2, 3, 50, 50], [590, 390, 10, 10],
                [580, 380, 20, 20], [300, 0, 80, 400], [300, 1, 80, 399],
                [305, 200, 60, 40], [306, 202, 60, 40], [307, 204, 60, 40]])
              placed.push(placeLabel({ x: box[0], y: box[1], width: box[2],
                height: box[3] }, size, frame, placed, []));
            return placed;''')
        for i, label in enumerate(placed):
            self.assertGreaterEqual(min(label['x'], label['y']), 0)
            self.assertLessEqual(label['x'] + label['width'], 600)
            self.assertLessEqual(label['y'] + label['height'], 400)
            for other in placed[:i]:
                self.assertEqual(overlap(edges(label), edges(other)), 0)

    # a label is text, whatever is in it
    def test_labels_are_text(self):
        self.browser.run('''takeEvents([{ number: 1, time: 0, camera: 0,
            kind: 'new', id: 1, label: '<img src=x onerror="window.bad=1">' }]);
            indexOfLabel('<b>bold</b>');
            document.getElementById('seen-only').click();''')
        self.assertIn('<img', self.browser.text('events'))
        self.assertIn('<b>bold</b>', self.browser.text('classes'))
        self.assertIsNone(self.browser.run('return window.bad || null'))
        self.browser.run('''document.getElementById('seen-only').click();
            labels.pop();''')

    # colours are told apart in the three common kinds of colour blindness
    def test_colours(self):
        palette = self.browser.run('return PALETTE')
        self.assertEqual(len(set(palette)), len(palette))
        colours = [tuple(int(text[i:i + 2], 16) / 255 for i in (1, 3, 5))
                   for text in palette]
        # Machado, Oliveira and Fernandes (2009), severity 1
        kinds = (((1, 0, 0), (0, 1, 0), (0, 0, 1)),
                 ((0.152286, 1.052583, -0.204868),
                  (0.114503, 0.786281, 0.099216),
                  (-0.003882, -0.048116, 1.051998)),
                 ((0.367322, 0.860646, -0.227968),
                  (0.280085, 0.672501, 0.047413),
                  (-0.011820, 0.042940, 0.968881)),
                 ((1.255528, -0.076749, -0.178779),
                  (-0.078411, 0.930809, 0.147602),
                  (0.004733, 0.691367, 0.303900)))
        for kind in kinds:
            seen = [[sum(w * c for w, c in zip(row, linear))
                     for row in kind] for linear in
                    [[c ** 2.2 for c in colour] for colour in colours]]
            for i, a in enumerate(seen):
                for b in seen[:i]:
                    self.assertGreater(
                        max(abs(p - q) for p, q in zip(a, b)), 0.09)


class Windows(unittest.TestCase):

    # no scroll bars to the side, on a desktop, and on a phone
    def test_sizes(self):
        with Server(PROGRAM, MODEL, 'test', 'test') as server:
            for name, width, height, is_phone, scheme in (
                    ('desktop', 1280, 800, False, 'dark'),
                    ('desktop-light', 1280, 800, False, 'light'),
                    ('phone', 390, 844, True, 'dark'),
                    ('phone-light', 390, 844, True, 'light')):
                with Browser(server.url, width, height, is_phone,
                             scheme) as browser:
                    browser.wait_for_picture(0)
                    browser.wait_for_picture(1)
                    wait_until(lambda: browser.text('figure-latency') != '–',
                               'there are figures')
                    self.assertLessEqual(
                        browser.run('return document.documentElement'
                                    '.scrollWidth'),
                        browser.run('return window.innerWidth'), name)
                    first, second = browser.run(
                        'return yolov5dpuView.tiles.map((tile) => '
                        'tile.figure.getBoundingClientRect().toJSON())')
                    if is_phone:
                        self.assertGreaterEqual(second['y'],
                                                first['y'] + first['height'])
                        self.assertGreater(first['width'], 380)
                    else:
                        self.assertEqual(first['y'], second['y'])
                    image = browser.save(name)
                    ground = image.getpixel((image.width // 2, 4))
                    self.assertEqual(sum(ground) > 382, scheme == 'light', name)
                    # one alone is larger, and only that is sent
                    browser.press('2')
                    wait_until(lambda: browser.run(
                        'return yolov5dpuView.tiles[0].figure.hidden'), 'alone')

    # of two who watch one is stopped: the other does not notice
    def test_one_of_two_is_stopped(self):
        with Server(PROGRAM, MODEL, 'test') as server:
            with Browser(server.url) as one, Browser(server.url) as other:
                one.wait_for_picture()
                other.wait_for_picture()
                stopped = other.processes()
                for process in stopped:
                    os.kill(process, signal.SIGSTOP)
                try:
                    memory = server.memory()
                    frame = look(one)['frame']
                    wait_until(lambda: look(one)['frame'] > frame + 90,
                               'the other goes on')
                    self.assertLess(server.memory() - memory, 8 << 20)
                    frame = look(one)['frame']
                finally:
                    for process in stopped:
                        os.kill(process, signal.SIGCONT)
                wait_until(lambda: look(other)['frame'] > frame,
                           'the stopped one goes on')

    # a wrong token shows no page, and the page that outlives its server says so
    def test_wrong_token(self):
        with Server(PROGRAM, MODEL, 'test') as server:
            with Browser(server.url[:-1] + '!') as browser:
                self.assertIn('needs its token', browser.driver.page_source)
                self.assertEqual(browser.driver.get_cookies(), [])

    # a page of another origin gets neither the socket nor the settings, although
    # the browser has the cookie
    def test_wrong_origin(self):
        with Server(PROGRAM, MODEL, 'test') as server, \
                Server(PROGRAM, MODEL, 'test') as evil:
            with Browser(server.url) as browser:
                browser.wait_for_picture()
                # cookies know no ports: to the browser this is the same site
                browser.driver.get(evil.url)
                browser.wait_for_picture()
                address = f'{server.host}:{server.port}'
                # without its own policy, which would forbid it, too
                browser.driver.execute_cdp_cmd('Page.setBypassCSP',
                                               {'enabled': True})
                browser.driver.get(evil.url)
                self.assertEqual(browser.driver.execute_async_script(
                    '''const done = arguments[1];
                    const socket = new WebSocket(`ws://${arguments[0]}/live`);
                    socket.onopen = () => done('open');
                    socket.onerror = () => done('refused');''', address),
                    'refused')
                self.assertEqual(browser.driver.execute_async_script(
                    '''const done = arguments[1];
                    fetch(`http://${arguments[0]}/api/v1/settings`, {
                      method: 'PATCH', body: '{"threshold":0.9}',
                      credentials: 'include' })
                      .then(() => done('read'), () => done('refused'));''',
                    address), 'refused')
                self.assertEqual(server.get('/api/v1/settings')['cameras'][0]
                                 ['threshold'], 0.25)

    # colours come through as they were made: full range, right matrix
    def test_colours_of_the_picture(self):
        red = ('videotestsrc is-live=true pattern=solid-color '
               'foreground-color=0xffc02080 ! video/x-raw,format={},'
               'width=320,height=240,framerate=10/1')
        for pixels in ('I420', 'RGB'):
            with Server(PROGRAM, MODEL, red.format(pixels)) as server:
                with Browser(server.url) as browser:
                    browser.wait_for_picture()
                    color = browser.run(
                        '''const { canvas, drawn } = yolov5dpuView.tiles[0];
                        return Array.from(canvas.getContext('2d').getImageData(
                          drawn.place.x + drawn.place.width / 2,
                          drawn.place.y + 20, 1, 1).data);''')
                    for got, made in zip(color, (0xc0, 0x20, 0x80)):
                        self.assertLess(abs(got - made), 8, (pixels, color))

    # the page comes back when the server does
    def test_server_comes_back(self):
        with tempfile.NamedTemporaryFile('w') as file:
            file.write('a-token-that-stays-the-same')
            file.flush()
            arguments = ('--token-file', file.name, 'test')
            first = Server(PROGRAM, MODEL, *arguments)
            with Browser(first.url) as browser:
                browser.wait_for_picture()
                first.__exit__(None, None, None)
                wait_until(lambda: 'no connection' in browser.text('state'),
                           'it is said')
                with Server(PROGRAM, MODEL, '--port', str(first.port),
                            *arguments):
                    wait_until(lambda: browser.text('state') == 'live',
                               'it is live again')


if __name__ == '__main__':
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]], verbosity=2)
