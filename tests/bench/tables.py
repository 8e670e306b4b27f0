#!/usr/bin/env python3
# yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
#
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Measures on this machine, and writes the tables of a document anew.

A table stands between <!-- table NAME --> and <!-- end -->. One whose peers or
models are missing here is left as it is, with a word on standard error.

usage: tables.py BUILD-DIRECTORY DOCUMENT [NAME...]"""

import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
SHARED = os.path.join(os.path.dirname(TOP), 'shared')
STREET = os.path.join(TOP, 'models', 'street', 'street-640x640_int.xmodel')
EVERYDAY = os.path.join(SHARED, 'models', 'everyday',
                        'everyday-640x640_int.xmodel')
AMD = os.path.join(SHARED, 'xmodels',
                   'amd-yolov5n-coco-640-b4096-vai30.xmodel')
MODELS = [('street, ReLU', STREET), ('everyday, LeakyReLU', EVERYDAY),
          ("AMD's, LeakyReLU", AMD)]
# what ONEDNN_MAX_CPU_ISA leaves, the best first
LEVELS = [('all it has', 'DEFAULT'), ('AVX-512', 'AVX512_CORE'),
          ('AVX2', 'AVX2'), ('SSE4.1', 'SSE41')]
# so many processes take turns, and the best counts
ROUNDS = 3
FRAMES = 12


class Missing(Exception):
    """Why a table cannot be made here."""


def run(*command, **environment):
    result = subprocess.run(command, env={**os.environ, **environment},
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            text=True, check=False)
    if result.returncode != 0:
        raise Missing(f'{command[0]}: {result.stderr.strip()[-200:]}')
    return result.stdout


def make_table(heads, rows):
    lines = ['| ' + ' | '.join(heads) + ' |', '|' + '---|' * len(heads)]
    return lines + ['| ' + ' | '.join(row) + ' |' for row in rows]


def need(path):
    if not os.path.exists(path):
        raise Missing(f'there is no {path}')
    return path


def frame_time(build, model, isa):
    text = run(f'{build}/tests/bench/bench-swdpu', model, FRAMES=str(FRAMES),
               ONEDNN_MAX_CPU_ISA=isa)
    return float(re.search(r': ([\d.]+) ms', text)[1])


def levels(build):
    models = [(name, path) for name, path in MODELS if os.path.exists(path)]
    best = {}
    for _ in range(ROUNDS):
        for _, isa in LEVELS:
            for _, path in models:
                time = frame_time(build, path, isa)
                best[isa, path] = min(time, best.get((isa, path), time))
    return make_table(
        ['processor'] + [name for name, _ in models],
        [[name] + [f'{best[isa, path]:.1f} ms' for _, path in models]
         for name, isa in LEVELS])


def threads(build):
    ours = run(f'{build}/tests/bench/bench-swdpu', STREET)
    try:
        theirs = run('/usr/bin/python3', f'{HERE}/opencv-peer.py')
    except Missing:
        theirs = ''
    rows = []
    for n in ('1', '2'):
        mine = re.search(rf'^{n} threads? +([\d.]+) ms +([\d.]+)', ours, re.M)
        peer = re.search(rf'{n} thread\(s\) +([\d.]+) ms', theirs)
        rows.append([n, f'{mine[1]} ms, {float(mine[2]):.0f} frames/s']
                    + ([f'{peer[1]} ms',
                        f'{float(peer[1]) / float(mine[1]):.1f}']
                       if peer else ['not installed', '']))
    pair = re.search(r'([\d.]+) frames/s, ([\d.]+) times one', ours)
    rows.append(['2, a frame each', f'{float(pair[1]):.0f} frames/s, '
                 f'{pair[2]} times one', '', ''])
    return make_table(['threads', 'software DPU', 'OpenCV fp32', 'ratio'],
                      rows)


def steps(build):
    text = run(f'{build}/tests/bench/bench-swdpu', STREET, FRAMES='30')
    found = re.findall(r'^([a-z ]+?) +([\d.]+) ms$', text, re.M)
    return make_table(['step', 'a frame'],
                      [[name, f'{float(time):.2f} ms']
                       for name, time in found])


def in_flight(build):
    text = run(f'{HERE}/in-flight.sh', build)
    return make_table(
        ['in flight', 'frames/s', 'times one'],
        re.findall(r'(\d) in flight +([\d.]+) frames/s +([\d.]+)', text))


def streams(build):
    rows, counts = [], []
    for name, path in MODELS:
        if os.path.exists(path):
            text = run(f'{HERE}/streams.py', build, path)
            counts = text.split()[1:4]
            rows += [[name, pace] + [f'{n} MB' for n in numbers.split(' MB')
                                     if n]
                     for pace, numbers in re.findall(
                         r'^(15/s|at-once) +(.*?) MB$', text, re.M)]
    return make_table(
        ['model', 'frames'] + [f'streams: {n}' for n in counts]
        + ['each further'],
        [[word.strip() for word in row] for row in rows])


def columns(text):
    """The words of a table with a line of heads."""
    return [line.split() for line in text.splitlines()[1:] if line.strip()]


def fake_dpu(build):
    text = run(f'{HERE}/fakedpu.sh', build, need(AMD))
    return make_table(
        ['cores', 'in flight', 'frames/s', 'of possible', 'median latency',
         '99th percentile'],
        [row[:4] + [f'{row[4]} ms', f'{row[5]} ms'] for row in columns(text)])


def live(build):
    text = run(f'{HERE}/live.sh', build, need(AMD), '60', '5 50 200')
    shown = {}
    for pace, no_block, _, in_time, *_ in columns(text):
        shown.setdefault(pace, {})[no_block] = in_time
    return make_table(
        ['a run', '`no-block=auto` (default)', '`true`', '`false`'],
        [[f'{pace} ms', row['auto'], row['true'], row['false']]
         for pace, row in shown.items()])


def letterbox(build):
    text = run(f'{build}/tests/bench/bench-letterbox')
    pattern = (r'^(\S+) +(\d+x\d+) +-> (\d+x\d+) +([\d.]+) ms +'
               r'([\d.]+ ms|-) +([\d.]+|-) +([\d.]+) ms +([\d.]+)')
    return make_table(
        ['frames', 'letterbox', 'libyuv', 'ratio', 'converter', 'ratio'],
        [[f'{frames} {size} to {target}', f'{ours} ms', yuv, yuv_ratio,
          f'{converter} ms', ratio]
         for frames, size, target, ours, yuv, yuv_ratio, converter, ratio
         in re.findall(pattern, text, re.M)])


def decoder(build):
    text = run(f'{build}/tests/bench/bench-decoder')
    return make_table(
        ['picture', 'classes', 'threshold', 'detections', 'decoding and NMS',
         'NMS, the straight way'],
        [[row[0]] + row[1:4] + [f'{row[4]} ms', f'{row[5]} ms']
         for row in columns(text)])


TABLES = {'levels': levels, 'threads': threads, 'steps': steps,
          'in-flight': in_flight, 'streams': streams, 'fake-dpu': fake_dpu,
          'live': live, 'letterbox': letterbox, 'decoder': decoder}


def replace(text, name, lines):
    pattern = rf'(<!-- table {name} -->\n).*?(<!-- end -->)'
    if not re.search(pattern, text, re.S):
        raise Missing('the document has no place for it')
    return re.sub(pattern,
                  lambda found: found[1] + '\n'.join(lines) + '\n' + found[2],
                  text, flags=re.S)


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    build, document = os.path.abspath(sys.argv[1]), sys.argv[2]
    failed = False
    for name in sys.argv[3:] or TABLES:
        try:
            lines = TABLES[name](build)
            with open(document, encoding='utf-8') as file:
                text = replace(file.read(), name, lines)
            with open(document, 'w', encoding='utf-8') as file:
                file.write(text)
            print(f'{name}\n' + '\n'.join(lines) + '\n', flush=True)
        except Missing as error:
            print(f'{name} stays as it is: {error}', file=sys.stderr)
            failed = True
    return failed


if __name__ == '__main__':
    sys.exit(main())
