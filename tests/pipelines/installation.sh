#!/bin/sh
# The installed files work from where they are, and say so where they do not.
#
# usage: tests/pipelines/installation.sh BUILD-DIRECTORY MODEL software-dpu|no-software-dpu

set -eu

build=$1
model=$2
built_with=$3
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT

meson install -C "$build" --no-rebuild --destdir "$stage" >/dev/null
plugin=$(find "$stage" -name libgstyolov5dpu.so)
runner=$(find "$stage" -name 'libvart-swdpu-runner.so.*')
inspect=$(find "$stage" -name yolov5dpu-inspect)
page=$(find "$stage" -name 'yolov5dpu-inspect.1*')
if [ -z "$plugin" ] || [ "$built_with" = software-dpu ] && [ -z "$runner" ]; then
  echo "plug-in or runner are not installed"
  exit 1
fi
if [ -z "$inspect" ] || [ -z "$page" ]; then
  echo "yolov5dpu-inspect or its manual page are not installed"
  exit 1
fi

# what people run and read comes along
for name in yolov5dpu-detect models/street-640x384_int.xmodel \
  models/street-640x384_int.modelinfo models/everyday-640x640_int.xmodel \
  models/everyday-640x640_int.modelinfo models/everyday-640x384_int.xmodel \
  yolov5dpu/models/everyday.md yolov5dpu/models/street.md labels/coco.txt yolov5dpu/kv260.md \
  yolov5dpu/elements/yolov5dpu.md; do
  [ -n "$(find "$stage" -path "*/$name")" ] || {
    echo "$name is not installed"
    exit 1
  }
done
[ "$(grep -c . "$(find "$stage" -name coco.txt)")" -eq 80 ] || {
  echo "coco.txt has not COCO's 80 names"
  exit 1
}

GST_PLUGIN_PATH_1_0=$(dirname "$plugin")
GST_REGISTRY=$stage/registry.bin
export GST_PLUGIN_PATH_1_0 GST_REGISTRY

run ()
{
  gst-launch-1.0 -q videotestsrc num-buffers=1 ! \
    yolov5dpu model="$model" device=cpu ! fakesink 2>&1
}

# a build without the software DPU works, and says what it lacks
if [ "$built_with" = no-software-dpu ]; then
  gst-inspect-1.0 yolov5dpu >/dev/null
  case $(run || true) in
    *"built without it"*oneDNN*) exit 0 ;;
  esac
  echo "nothing says that there is no software DPU: $(run || true)"
  exit 1
fi

# the staged runner is found through the environment
YOLOV5DPU_RUNNER=$runner run
YOLOV5DPU_RUNNER=$runner "$inspect" "$model" >/dev/null

# the linker's path finds it, too
(
  unset YOLOV5DPU_RUNNER
  LD_LIBRARY_PATH=$(dirname "$runner")
  export LD_LIBRARY_PATH
  run
)

# a wrong path is an error that names the variable, not a crash
if output=$(YOLOV5DPU_RUNNER=/nowhere/runner.so run); then
  echo "a missing runner went unnoticed"
  exit 1
fi
case $output in
  *YOLOV5DPU_RUNNER*/nowhere/runner.so*) ;;
  *)
    echo "the error does not help: $output"
    exit 1
    ;;
esac
