#!/usr/bin/env python3
# yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
#
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Peak memory of a process with some streams on the software DPU, and what each
further one takes beyond those that have a processor each: for cameras of 15 frames
a second, and for frames that come as fast as they are taken. Frames are small, so
that they hardly count.

usage: streams.py BUILD-DIRECTORY MODEL"""

import os
import subprocess
import sys

PROCESSORS = os.cpu_count()
STREAMS = (1, PROCESSORS, PROCESSORS + 4)
FRAMES = 60
CAPS = 'video/x-raw,format=NV12,width=320,height=240,framerate=15/1'


def measure(build, model, n_streams, is_live):
    """Megabytes that the process had at most."""
    stream = (f'videotestsrc is-live={is_live} num-buffers={FRAMES} ! {CAPS} ! '
              f'yolov5dpu device=cpu model={model} ! fakesink').split()
    environment = {
        **os.environ,
        'GST_PLUGIN_PATH_1_0': f'{build}/gst',
        'YOLOV5DPU_RUNNER': f'{build}/src/swdpu/libvart-swdpu-runner.so.0'}
    process = subprocess.Popen(['gst-launch-1.0', '-q'] + stream * n_streams,
                               env=environment)
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        sys.exit(f'{n_streams} streams of {model} failed')
    return usage.ru_maxrss * 1024 / 1e6


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    build, model = os.path.abspath(sys.argv[1]), sys.argv[2]
    # the registry of plugins is made here, not in what is measured
    measure(build, model, 1, 'false')
    print('%-13s' % 'frames' + ''.join('%14d' % n for n in STREAMS)
          + '   each further')
    for pace, is_live in (('15/s', 'true'), ('at-once', 'false')):
        peaks = [measure(build, model, n, is_live) for n in STREAMS]
        further = (peaks[-1] - peaks[-2]) / (STREAMS[-1] - STREAMS[-2])
        print('%-13s' % pace + ''.join('%11.1f MB' % peak for peak in peaks)
              + '%12.1f MB' % further)


if __name__ == '__main__':
    main()
