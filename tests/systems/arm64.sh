#!/bin/sh
# Builds for arm64 with a cross compiler and warnings as errors, and runs the
# tests that qemu is fast enough for. The last line counts them. Part of
# tests/run.sh --arm64, which makes the folder that this runs in.
#
# usage: tests/systems/arm64.sh [MESON-TEST-ARGUMENT...]

set -eu

# Each runs networks of a picture's size many times, at seconds a frame, encodes
# a long clip, or is about live streams.
too_slow='closed-window
ctrl-c
detect
golden-shared
golden-shared-neon
multi-camera
pipelines-hostile-models
pipelines-media
record-clips
rtsp
soak
view-serving
yolov5dpu-pipeline
yolov5publish-losses'
# checks of dpu-board that are too slow for the same reason
too_slow_checks=test_models_of_demo,test_model_of_amd
# the same on the fake DPU, but for models of a few layers
is_too_slow ()
{
  case $1 in
    golden-dpu-[1-3]) false ;;
    *-dpu-[1-3]) true ;;
    *) echo "$too_slow" | grep -qx "$1" ;;
  esac
}
# the processor of the boards
QEMU_CPU=cortex-a53
CK_TIMEOUT_MULTIPLIER=10
export QEMU_CPU CK_TIMEOUT_MULTIPLIER

tests/systems/build-dependencies.sh arm64
if [ ! -f build/build.ninja ]; then
  meson env2mfile --cross --debarch arm64 -o build/arm64.ini >/dev/null 2>&1
  # qemu is called by the kernel
  printf '[properties]\nneeds_exe_wrapper = false\n' >build/emulated.ini
  meson setup build --cross-file build/arm64.ini \
    --cross-file build/emulated.ini -Dwerror=true -Dtests=enabled >/dev/null
fi
ninja -C build >build/ninja.log 2>&1 || {
  cat build/ninja.log
  echo "0 passed, 1 failed, 0 skipped"
  exit 1
}

TESTS_LEFT_OUT=0
if [ $# -eq 0 ]; then
  for name in $(meson test -C build --no-rebuild --list 2>/dev/null); do
    if is_too_slow "$name"; then
      echo "skipped: $name is too slow for an emulated processor"
      TESTS_LEFT_OUT=$((TESTS_LEFT_OUT + 1))
    else
      set -- "$@" "$name"
    fi
  done
  echo "left out of dpu-board for the same reason: $too_slow_checks"
  GST_CHECKS_IGNORE=$too_slow_checks
  export GST_CHECKS_IGNORE
fi
export TESTS_LEFT_OUT
exec tests/count.sh build --timeout-multiplier 10 "$@"
