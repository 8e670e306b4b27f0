#
# yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
#
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Debian's chromium with the page of yolov5dpu-view in it."""

import io
import os
import pathlib
import shutil

from PIL import Image
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By

from viewrig import PATIENCE_S, wait_until

BROWSER = shutil.which('chromium')
DRIVER = shutil.which('chromedriver')
if BROWSER is None or DRIVER is None:
    raise ImportError('there is no browser here')


class Browser:
    """A window of a given size."""

    def __init__(self, url, width=1280, height=800, is_phone=False,
                 scheme='dark'):
        options = webdriver.ChromeOptions()
        options.binary_location = BROWSER
        # there is no sandbox for root and in containers, and no graphics
        for argument in ('headless=new', 'no-sandbox', 'disable-gpu',
                         'disable-dev-shm-usage', 'mute-audio',
                         'disable-background-networking',
                         f'window-size={width},{height}'):
            options.add_argument('--' + argument)
        if is_phone:
            options.add_experimental_option('mobileEmulation', {
                'deviceMetrics': {'width': width, 'height': height,
                                  'pixelRatio': 2}})
        options.set_capability('goog:loggingPrefs', {'browser': 'ALL'})
        self.service = Service(DRIVER)
        self.driver = webdriver.Chrome(service=self.service, options=options)
        self.driver.set_script_timeout(PATIENCE_S)
        self.driver.execute_cdp_cmd('Emulation.setEmulatedMedia', {
            'features': [{'name': 'prefers-color-scheme', 'value': scheme}]})
        self.driver.get(url)

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        self.driver.quit()

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def wait_for_picture(self, camera=0):
        return wait_until(lambda: self.run(
            'return (yolov5dpuView.tiles[arguments[0]] || {}).drawn', camera),
            'a picture is drawn')

    def find(self, name):
        return self.driver.find_element(By.ID, name)

    def text(self, name):
        return self.find(name).text

    def press(self, key):
        self.run('document.activeElement.blur()')
        self.driver.find_element(By.TAG_NAME, 'body').send_keys(key)

    def slide(self, name, value):
        self.run('''const slider = document.getElementById(arguments[0]);
            slider.value = arguments[1];
            slider.dispatchEvent(new Event('input', { bubbles: true }));''',
                 name, value)

    def complaints(self):
        """What the browser itself found wrong with the page."""
        return [entry['message'] for entry in self.driver.get_log('browser')
                if entry['level'] in ('WARNING', 'SEVERE')
                and 'getImageData' not in entry['message']]

    def processes(self):
        """All processes of this browser, and of its driver."""
        parents = {}
        for folder in pathlib.Path('/proc').glob('[0-9]*'):
            try:
                fields = (folder / 'stat').read_text().rsplit(')', 1)[1].split()
            except OSError:
                continue
            parents.setdefault(int(fields[1]), []).append(int(folder.name))
        found = [self.service.process.pid]
        for process in found:
            found += parents.get(process, [])
        return found[1:]

    def save(self, name):
        folder = os.environ.get('VIEW_SCREENSHOTS')
        data = self.driver.get_screenshot_as_png()
        if folder:
            pathlib.Path(folder, name + '.png').write_bytes(data)
        return Image.open(io.BytesIO(data)).convert('RGB')
