#!/usr/bin/env python3
# yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
#
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Prints what yolov5dpu finds, read from the metadata on its frames.

Nothing but GStreamer's own Python API is needed (Debian: python3-gi and
gir1.2-gst-plugins-base-1.0). detections.c does the same.
"""

import argparse
import sys
import warnings
from collections.abc import Iterator

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstVideo", "1.0")
from gi.repository import GLib, Gst, GstVideo  # noqa: E402

# what Gst.Structure.get_array() returns is deprecated, but nothing else is there
warnings.filterwarnings("ignore", message="GObject.ValueArray")

# where to stop looking, should another element have given one id twice
MAX_REGION_ID = 10000


def read_regions(frame: Gst.Buffer) -> Iterator[GstVideo.VideoRegionOfInterestMeta]:
    """All regions of interest on a frame, by their ids, which count from 0 or 1."""
    missing = frame.get_n_meta(GstVideo.video_region_of_interest_meta_api_get_type())
    for region_id in range(MAX_REGION_ID):
        if missing == 0:
            break
        region = GstVideo.buffer_get_video_region_of_interest_meta_id(frame, region_id)
        if region:
            missing -= 1
            yield region


def was_inferred(frame: Gst.Buffer) -> bool:
    """Did the model see this frame? Before GStreamer 1.20 nobody says so."""
    return (
        hasattr(frame, "get_custom_meta")
        and frame.get_custom_meta("yolov5dpu-inference") is not None
    )


def find_confidence(frame: Gst.Buffer, region: GstVideo.VideoRegionOfInterestMeta) -> float:
    """The mark of a frame that went through the model lists its detections."""
    mark = frame.get_custom_meta("yolov5dpu-inference") if was_inferred(frame) else None
    if mark is None:
        return 0.0
    ids, labels, confidences = (
        mark.get_structure().get_array(field)[1]
        for field in ("region-ids", "labels", "confidences")
    )
    label = GLib.quark_to_string(region.roi_type)
    for i in range(ids.n_values):
        if ids.get_nth(i) == region.id and labels.get_nth(i) == label:
            return confidences.get_nth(i)
    return 0.0


def print_frame(frame: Gst.Buffer) -> None:
    time = frame.pts / Gst.SECOND if frame.pts != Gst.CLOCK_TIME_NONE else 0.0
    empty = True
    for region in read_regions(frame):
        empty = False
        # elements that scale or convert the video drop this structure, not the box
        # nor the mark
        detection = region.get_param("detection")
        if detection:
            confidence = detection.get_double("confidence").value
        else:
            confidence = find_confidence(frame, region)
        label = GLib.quark_to_string(region.roi_type)
        box = f"{region.x},{region.y} {region.w}x{region.h}"
        print(f"{time:.3f} {confidence:.2f} {box} {label}")
    if empty:
        print(f"{time:.3f} {'nothing found' if was_inferred(frame) else 'not inferred'}")


def on_frame(pad: Gst.Pad, info: Gst.PadProbeInfo) -> Gst.PadProbeReturn:
    """Called by a streaming thread for each frame that comes to the end."""
    print_frame(info.get_buffer())
    return Gst.PadProbeReturn.OK


def run(pipeline: Gst.Pipeline) -> bool:
    """To the end of the stream, or to an error."""
    pipeline.set_state(Gst.State.PLAYING)
    message = pipeline.get_bus().timed_pop_filtered(
        Gst.CLOCK_TIME_NONE, Gst.MessageType.EOS | Gst.MessageType.ERROR
    )
    pipeline.set_state(Gst.State.NULL)
    if message.type == Gst.MessageType.ERROR:
        print(message.parse_error().gerror.message, file=sys.stderr)
    return message.type == Gst.MessageType.EOS


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", help="the .xmodel file")
    parser.add_argument("source", help="a file or URI")
    parser.add_argument("properties", nargs="*", metavar="PROPERTY=VALUE",
                        help="of yolov5dpu, for example threshold=0.4; "
                        "elements may follow, each behind a \"!\"")
    arguments = parser.parse_args()

    Gst.init(None)
    source = arguments.source
    uri = source if Gst.uri_is_valid(source) else Gst.filename_to_uri(source)
    try:
        pipeline = Gst.parse_launch(
            f'uridecodebin uri="{uri}" ! videoconvert ! yolov5dpu '
            f'model="{arguments.model}" {" ".join(arguments.properties)} '
            "! fakesink name=sink"
        )
    except GLib.Error as error:
        print(error.message, file=sys.stderr)
        return 1
    pad = pipeline.get_by_name("sink").get_static_pad("sink")
    pad.add_probe(Gst.PadProbeType.BUFFER, on_frame)
    return 0 if run(pipeline) else 1


if __name__ == "__main__":
    sys.exit(main())
