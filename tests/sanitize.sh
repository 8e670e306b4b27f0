#!/bin/sh
# Runs tests under a tool that sees what tests do not.

set -eu

top=$(cd "$(dirname "$0")/.." && pwd)
cd "$top"
sanitizers=$top/tests/sanitizers

usage ()
{
  cat <<END
usage: tests/sanitize.sh address|thread|valgrind [TEST...]

address   builds with AddressSanitizer (and its search for leaks) and
          UndefinedBehaviorSanitizer into build-address, runs the whole suite
thread    builds with ThreadSanitizer into build-thread, runs the tests of the
          elements on a double of the DPU: VART, oneDNN and OpenMP are not
          compiled with it, and their threads would be reported without end
valgrind  builds into build, runs memcheck on a short pipeline with the software
          DPU; nothing may be lost for good

With TESTs, only these of address or thread are run. What is in other libraries
is suppressed, and explained, in tests/sanitizers.
END
}

thread_tests='metadata-detections metadata-inference outbox-queue
  outbox-sending yolov5dpu-buffers yolov5dpu-flow yolov5dpu-frames
  yolov5dpu-live yolov5dpu-results yolov5dpu-start yolov5dpu-stopping
  yolov5dpu-streams yolov5dpu-stress yolov5dpu-timing yolov5dpu-tuning
  yolov5json-detectors yolov5json-flow yolov5json-lines yolov5overlay-boxes
  yolov5overlay-expiry yolov5overlay-labels yolov5overlay-running
  yolov5overlay-stopping yolov5track-ids yolov5track-streams
  yolov5zones-configs yolov5zones-events yolov5zones-streams view-pictures
  view-threads'

# $1 build directory, $2 sanitizers
build ()
{
  [ -f "$1/build.ninja" ] || meson setup "$1" -Dtests=enabled \
    -Dbench=disabled -Db_sanitize="$2" -Db_lundef=false >/dev/null
  meson compile -C "$1" >"$1/ninja.log" 2>&1 || {
    cat "$1/ninja.log"
    exit 1
  }
}

# GStreamer's programs are not built with a sanitizer and cannot load what is,
# its scanner of plug-ins neither: plug-ins are listed by whoever loads them
# first, and programs find the sanitizer loaded already, and C++ with it, as it
# looks for that only once. Leaks are searched for in tests only: listing all
# plug-ins leaks what their libraries never free.
# $1 build directory, $2 the sanitizer's library
wrap_programs ()
{
  mkdir -p "$1/programs"
  for name in gst-inspect-1.0 gst-launch-1.0; do
    cat >"$1/programs/$name" <<END
#!/bin/sh
LD_PRELOAD="$(gcc -print-file-name="$2") $(gcc -print-file-name=libstdc++.so.6)" ASAN_OPTIONS=detect_leaks=0 exec $(command -v "$name") "\$@"
END
    chmod +x "$1/programs/$name"
  done
  GST_REGISTRY_FORK=no
  PATH=$1/programs:$PATH
  export GST_REGISTRY_FORK PATH
  # in the tests themselves, those that link an element would get its type twice
  GST_REGISTRY=$1/tests/registry.bin GST_PLUGIN_PATH_1_0=$1/gst \
    gst-inspect-1.0 yolov5dpu >/dev/null
}

# The elements that tests use, and no others: some plug-ins come with libraries
# that start threads and lock mutexes they have not initialized.
use_few_plugins ()
{
  folder=$(pkg-config --variable=pluginsdir gstreamer-1.0)
  mkdir -p "$1/plugins"
  for name in coreelements app jpeg videotestsrc videoconvertscale; do
    ln -sf "$folder/libgst$name.so" "$1/plugins/"
  done
  GST_PLUGIN_SYSTEM_PATH_1_0=$1/plugins
  export GST_PLUGIN_SYSTEM_PATH_1_0
}

run_tests ()
{
  folder=$1
  shift
  # the allocator of GLib 2.74 hides who frees what; everything takes longer
  G_SLICE=always-malloc
  CK_TIMEOUT_MULTIPLIER=10
  export G_SLICE CK_TIMEOUT_MULTIPLIER
  meson test -C "$folder" --no-rebuild --print-errorlogs --num-processes 2 \
    --timeout-multiplier 5 "$@"
}

run_address ()
{
  build build-address address,undefined
  # Whole stacks tell whose a leak is. LeakSanitizer's search in the memory of
  # threads fails where VART is loaded. A program and the runner that VART loads
  # for it both have the libraries of src in them, the same ones.
  ASAN_OPTIONS=fast_unwind_on_malloc=0:detect_odr_violation=1
  LSAN_OPTIONS=use_tls=0:suppressions=$sanitizers/leak.supp:print_suppressions=0
  UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
  export ASAN_OPTIONS LSAN_OPTIONS UBSAN_OPTIONS
  wrap_programs "$top/build-address" libasan.so
  # What GLib keeps for threads that live as long as the program counts as lost
  # where the memory of threads is not searched. Some measure a program's memory,
  # so that what it frees is not kept for long. Stacks need not be whole then, and
  # TLS allocates so often that it would time out.
  without_leaks='clashing-host
closed-window
detect
detections-c
embed
inspect-actions
pictures
rtsp
record-clips
silent-sources
view-browser
view-hostile
view-serving
view-threads
yolov5publish-kafka
yolov5publish-losses
yolov5publish-mqtt
yolov5publish-security'
  # Python is not built with it, and the last one's program loads a fake DPU
  # before anything else.
  without='detections-python
from-pynq-python
notebook
prepare-evaluation
inspect-board'
  # shellcheck disable=SC2046
  [ $# -gt 0 ] \
    || set -- $(meson test -C build-address --no-rebuild --list 2>/dev/null \
      | sed 's|.* / ||' | grep -vx "$without")
  programs=$(printf '%s\n' "$@" | grep -x "$without_leaks") || true
  others=$(printf '%s\n' "$@" | grep -vx "$without_leaks") || true
  status=0
  # shellcheck disable=SC2086
  [ -z "$programs" ] \
    || ASAN_OPTIONS=detect_leaks=0:quarantine_size_mb=1:detect_odr_violation=1 \
      run_tests build-address $programs || status=$?
  # shellcheck disable=SC2086
  [ -z "$others" ] || run_tests build-address $others || status=$?
  return $status
}

run_thread ()
{
  build build-thread thread
  use_few_plugins "$top/build-thread"
  wrap_programs "$top/build-thread" libtsan.so
  TSAN_OPTIONS=suppressions=$sanitizers/thread.supp
  export TSAN_OPTIONS
  # shellcheck disable=SC2086
  [ $# -gt 0 ] || set -- $thread_tests
  run_tests build-thread "$@"
}

# the model's kernels are made for the processor that Valgrind knows
run_valgrind ()
{
  command -v valgrind >/dev/null || {
    echo "valgrind is not installed: apt-get install valgrind" >&2
    exit 1
  }
  [ -f build/build.ninja ] || meson setup build -Dtests=enabled >/dev/null
  meson compile -C build >build/ninja.log 2>&1 || {
    cat build/ninja.log
    exit 1
  }
  # what gst-launch-1.0 itself lists is not what is looked at
  GST_PLUGIN_PATH_1_0=$top/build/gst
  GST_REGISTRY=$top/build/tests/registry.bin
  YOLOV5DPU_RUNNER=$top/build/src/swdpu/libvart-swdpu-runner.so.0
  ONEDNN_MAX_CPU_ISA=SSE41
  G_SLICE=always-malloc
  export GST_PLUGIN_PATH_1_0 GST_REGISTRY YOLOV5DPU_RUNNER ONEDNN_MAX_CPU_ISA \
    G_SLICE
  gst-inspect-1.0 yolov5dpu >/dev/null
  valgrind --error-exitcode=1 --leak-check=full --show-leak-kinds=definite \
    --errors-for-leak-kinds=definite --num-callers=30 \
    --suppressions="$sanitizers/valgrind.supp" \
    gst-launch-1.0 -q videotestsrc num-buffers=20 ! \
    video/x-raw,width=320,height=240 ! yolov5dpu device=cpu \
    model="$top/models/street/street-640x384_int.xmodel" ! yolov5overlay ! \
    fakesink
}

case ${1-} in
  -h | --help)
    usage
    ;;
  address | thread | valgrind)
    tool=$1
    shift
    "run_$tool" "$@"
    ;;
  *)
    usage >&2
    exit 2
    ;;
esac
