SUMMARY = "YOLOv5 on AMD/Xilinx DPUs for GStreamer"
DESCRIPTION = "GStreamer elements that detect objects with the DPU of a Kria or Zynq UltraScale+ board, draw them and write them as JSON"
SECTION = "multimedia"
LICENSE = "LGPL-2.1-or-later"
LIC_FILES_CHKSUM = "file://LICENSE;md5=4fbd65380cdd255951079008b364516c"

# the checkout that this recipe lies in
EXTERNALSRC = "${THISDIR}/../../../.."

inherit externalsrc meson pkgconfig

# the last four are those of the Vitis AI layer
DEPENDS = " \
    glib-2.0 \
    gstreamer1.0 \
    gstreamer1.0-plugins-base \
    json-glib \
    pango \
    protobuf \
    protobuf-c \
    protobuf-c-native \
    zlib \
    glog \
    unilog \
    xir \
    target-factory \
    vart \
"

# no layer has oneDNN, which the software DPU needs
EXTRA_OEMESON = " \
    -Dsoftware-dpu=disabled \
    -Dtests=disabled \
    -Dbench=disabled \
"

PACKAGECONFIG ??= "rtsp"
PACKAGECONFIG[rtsp] = "-Drtsp=enabled,-Drtsp=disabled,gstreamer1.0-rtsp-server"
# off unless asked for; the view needs libsoup 3
PACKAGECONFIG[mqtt] = "-Dmqtt=enabled,-Dmqtt=disabled,mosquitto"
PACKAGECONFIG[kafka] = "-Dkafka=enabled,-Dkafka=disabled,librdkafka"
PACKAGECONFIG[view] = "-Dview=enabled,-Dview=disabled,libsoup glib-2.0-native"
PACKAGECONFIG[analytics] = "-Danalytics=enabled,-Danalytics=disabled,gstreamer1.0-plugins-bad"

FILES:${PN} += " \
    ${libdir}/gstreamer-1.0/libgstyolov5dpu.so \
    ${libdir}/gstreamer-1.0/libgstyolov5publish.so \
    ${datadir}/yolov5dpu \
"
# the runner is loaded by name
RDEPENDS:${PN} += "vart"
COMPATIBLE_HOST = "aarch64.*-linux"
