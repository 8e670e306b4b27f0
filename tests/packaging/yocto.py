#!/usr/bin/env python3
#
# yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
#
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The Yocto recipe fits the project, as far as that can be seen without bitbake.

usage: yocto.py SOURCE-DIRECTORY BUILD-DIRECTORY
"""

from __future__ import annotations

import hashlib
import json
import pathlib
import re
import subprocess
import sys
import unittest

SOURCE = pathlib.Path(sys.argv[1])
BUILD = pathlib.Path(sys.argv[2])
LAYER = SOURCE / 'packaging' / 'yocto'
RECIPE, = LAYER.glob('recipes-*/*/*.bb')

# recipes of what meson.build asks for by the names of pkg-config or of libraries
RECIPES = {
    'glib-2.0': 'glib-2.0', 'gio-2.0': 'glib-2.0',
    'gstreamer-1.0': 'gstreamer1.0',
    'gstreamer-base-1.0': 'gstreamer1.0',
    'gstreamer-video-1.0': 'gstreamer1.0-plugins-base',
    'gstreamer-app-1.0': 'gstreamer1.0-plugins-base',
    'gstreamer-rtsp-server-1.0': 'gstreamer1.0-rtsp-server',
    'gstreamer-analytics-1.0': 'gstreamer1.0-plugins-bad',
    'libsoup-3.0': 'libsoup',
    'json-glib-1.0': 'json-glib',
    'pangocairo': 'pango',
    'libprotobuf-c': 'protobuf-c',
    'protobuf': 'protobuf',
    'xir': 'xir',
    'unilog': 'unilog',
    'glog': 'glog',
    'vart-runner': 'vart',
    'target-factory': 'target-factory',
    'zlib': 'zlib',
    'libmosquitto': 'mosquitto',
    'rdkafka': 'librdkafka',
}
# of tests, of the software DPU, or of the C library
NOT_WANTED = {'gstreamer-check-1.0', 'gstreamer-allocators-1.0', 'dnnl', 'openmp',
              'm', 'dl'}


def read_variables(path: pathlib.Path) -> dict[str, str]:
    """Assignments, the lines of each joined; as bitbake does, += appends."""
    text = path.read_text().replace('\\\n', ' ')
    variables: dict[str, str] = {}
    for line in text.splitlines():
        if not line or line.startswith('#') or line.startswith('inherit '):
            continue
        match = re.fullmatch(
            r'([\w.:${}\[\]-]+)\s*(\?\?=|\+=|\.=|=)\s*"(.*)"', line)
        if match is None:
            raise ValueError(f'{path.name}: not an assignment: {line}')
        name, operator, value = match.groups()
        if operator in ('+=', '.='):
            value = variables.get(name, '') + ' ' + value
        variables[name] = ' '.join(value.split())
    return variables


class RecipeTest(unittest.TestCase):
    def setUp(self) -> None:
        self.variables = read_variables(RECIPE)
        self.packageconfig = {
            name: value.split(',') for name, value in self.variables.items()
            if name.startswith('PACKAGECONFIG[')}

    def test_layer_can_be_read(self) -> None:
        """The layer names itself alike everywhere and finds the recipe."""
        layer = read_variables(LAYER / 'conf' / 'layer.conf')
        name = layer['BBFILE_COLLECTIONS']
        self.assertIn(f'LAYERSERIES_COMPAT_{name}', layer)
        self.assertIn(f'BBFILE_PATTERN_{name}', layer)

    def test_licence(self) -> None:
        """The licence's file is the one that the recipe was written for."""
        digest = hashlib.md5((SOURCE / 'LICENSE').read_bytes()).hexdigest()
        self.assertEqual(self.variables['LIC_FILES_CHKSUM'],
                         f'file://LICENSE;md5={digest}')

    def test_source_and_version(self) -> None:
        """The recipe lies as deep as it says, and is of this version."""
        above = self.variables['EXTERNALSRC'].split('/', 1)[1]
        self.assertEqual((RECIPE.parent / above).resolve(), SOURCE.resolve())
        version = re.search(r"version : '([^']+)'",
                            (SOURCE / 'meson.build').read_text())
        self.assertEqual(RECIPE.stem.split('_')[1], version.group(1))

    def test_options(self) -> None:
        """Each option that meson is given exists, and takes a feature's value."""
        known = set(re.findall(r"option\('([\w-]+)', type : 'feature'",
                               (SOURCE / 'meson_options.txt').read_text()))
        given = self.variables['EXTRA_OEMESON'].split()
        for on, off, *_ in self.packageconfig.values():
            given += [on, off]
        for option in given:
            name, value = re.fullmatch(r'-D([\w-]+)=(\w+)', option).groups()
            self.assertIn(name, known)
            self.assertIn(value, ('enabled', 'disabled'))

    def test_dependencies(self) -> None:
        """Whatever the build asks for, a recipe brings."""
        wanted = self.variables['DEPENDS'].split()
        for _, _, depends in self.packageconfig.values():
            wanted += depends.split()
        asked = set()
        for path in [SOURCE / 'meson.build', *SOURCE.glob('src/**/meson.build'),
                     *SOURCE.glob('gst/**/meson.build'),
                     *SOURCE.glob('pipelines/**/meson.build')]:
            asked |= set(re.findall(r"(?:\bdependency|find_library)\s*\('([^']+)'",
                                    path.read_text()))
        for name in asked - NOT_WANTED:
            self.assertIn(name, RECIPES, 'which recipe brings it?')
            self.assertIn(RECIPES[name], wanted)

    def test_files(self) -> None:
        """What is installed lies where a package takes it from."""
        plan = json.loads(subprocess.run(
            ['meson', 'introspect', '--installed', str(BUILD)],
            check=True, capture_output=True, text=True).stdout)
        files = self.variables['FILES:${PN}']
        # bitbake's own packages have these
        usual = ('/bin/', '/share/man/', '/share/doc/')
        for path in plan.values():
            if any(part in path for part in usual) or 'swdpu-runner' in path:
                continue
            where = re.sub(r'^.*/(gstreamer-1\.0/)', r'${libdir}/\1', path)
            where = re.sub(r'^.*/share/(yolov5dpu).*', r'${datadir}/\1', where)
            self.assertIn(where, files.split())


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1], verbosity=2)
