# shellcheck shell=sh
# What this machine has, for the scripts beside this file: they set $top, the
# project's folder, and source it.
# shellcheck disable=SC2034,SC2154 # variables of the other file

# Whether the word $1 is among the words $2.
is_one_of ()
{
  case " $2 " in
    *" $1 "*) return 0 ;;
  esac
  return 1
}

# Reads options until the first argument that is none, and sets a variable for
# each: take_options "FLAG..." "NAME-WITH-VALUE..." ARGUMENT...
# Values stand behind their names, or behind a "=".
# $taken counts the arguments that were options. The script has a usage ().
take_options ()
{
  flags=$1
  names=$2
  shift 2
  taken=0
  while [ $# -gt 0 ]; do
    case $1 in
      -h | --help)
        usage
        exit 0
        ;;
      --*=*)
        option=${1%%=*}
        case $option in
          --*[!a-z]*) option=- ;;
        esac
        option=${option#--}
        if ! is_one_of "$option" "$names"; then
          usage >&2
          exit 2
        fi
        eval "$option=\${1#*=}"
        taken=$((taken + 1))
        shift
        continue
        ;;
      --*[!a-z]*) option=- ;;
      --*) option=${1#--} ;;
      -*) option=- ;;
      *) break ;;
    esac
    if is_one_of "$option" "$flags"; then
      eval "$option=yes"
    elif is_one_of "$option" "$names" && [ $# -ge 2 ]; then
      eval "$option=\$2"
      taken=$((taken + 1))
      shift
    else
      usage >&2
      exit 2
    fi
    taken=$((taken + 1))
    shift
  done
}

complain ()
{
  echo "$*" >&2
  exit 1
}

has_element ()
{
  gst-inspect-1.0 --exists --atleast-version=0.0 "$1"
}

# of the element $1 or of its pads
has_property ()
{
  gst-inspect-1.0 "$1" | grep -q "^ *$2 *:"
}

find_tools ()
{
  command -v gst-launch-1.0 >/dev/null || complain "There is no" \
    "gst-launch-1.0 here: install gstreamer1.0-tools, or run pipelines/setup.sh"
}

# Takes the plug-in of the build tree where GStreamer finds none.
find_plugin ()
{
  find_tools
  if ! has_element yolov5dpu && [ -f "$top/build/gst/libgstyolov5dpu.so" ]; then
    GST_PLUGIN_PATH_1_0=$top/build/gst${GST_PLUGIN_PATH_1_0:+:$GST_PLUGIN_PATH_1_0}
    YOLOV5DPU_RUNNER=${YOLOV5DPU_RUNNER:-$top/build/src/swdpu/libvart-swdpu-runner.so.0}
    export GST_PLUGIN_PATH_1_0 YOLOV5DPU_RUNNER
  fi
  has_element yolov5dpu || complain "GStreamer does not find yolov5dpu here:" \
    "run pipelines/setup.sh, or install the plug-in with" \
    "\"meson install -C build\""
}

# $1 as a word of the shell, with backslashes as gst-launch-1.0 wants them
quote ()
{
  printf "'%s'" "$(printf '%s' "$1" | sed -e 's/\\/\\\\/g' -e "s/'/'\\\\''/g")"
}

# Sets $encoder, for frames in NV12 or I420.
pick_encoder ()
{
  if has_element omxh264enc; then
    # the VCU; detections make it spend its bits on what was found
    encoder="omxh264enc qp-mode=roi target-bitrate=4000 ! h264parse"
  elif has_element v4l2h264enc; then
    encoder="v4l2h264enc ! h264parse"
  elif has_element x264enc; then
    encoder="x264enc tune=zerolatency speed-preset=veryfast bitrate=4000"
  else
    complain "There is no H.264 encoder here (omxh264enc, v4l2h264enc or" \
      "x264enc): install gstreamer1.0-plugins-ugly for x264enc"
  fi
  echo "Encoder: ${encoder%% *}" >&2
}

# Sets $display.
pick_display ()
{
  if [ -n "${print-}" ] && [ -z "${WAYLAND_DISPLAY-}${DISPLAY-}" ]; then
    # of a pipeline for another machine
    display=autovideosink
  elif [ -n "${WAYLAND_DISPLAY-}${DISPLAY-}" ] && has_element autovideosink; then
    display=autovideosink
  elif [ -n "$(find /dev/dri -name 'card*' 2>/dev/null)" ] \
    && has_element kmssink; then
    display=kmssink
  else
    complain "There is no display here: no desktop (DISPLAY and" \
      "WAYLAND_DISPLAY are empty) and no DRM device in /dev/dri for kmssink." \
      "Use --output FILE.mp4, or --output none"
  fi
  echo "Display: $display" >&2
}

# Sets $detector, what comes between raw frames and a sink, for model $1, with
# more properties $2.
pick_detector ()
{
  [ -e "$1" ] || complain "There is no model \"$1\": name an .xmodel file" \
    "with --model"
  detector="yolov5dpu model=$(quote "$1")${2:+ $2} ! yolov5overlay"
}

# Sets $sink to where annotated frames go: pick_sink window|none|FILE.mp4
pick_sink ()
{
  case $1 in
    window)
      pick_display
      sink="videoconvert ! $display sync=false"
      ;;
    none) sink="fakesink sync=false" ;;
    *.mp4)
      pick_encoder
      # what every player can show
      sink="videoconvert ! $(quote 'video/x-raw,format={I420,NV12}') !
        queue max-size-buffers=4 ! $encoder !
        mp4mux ! filesink location=$(quote "$1")"
      echo "Output: $1" >&2
      ;;
    *) complain "The output is \"window\", \"none\" or a name that ends in" \
      ".mp4, not \"$1\"" ;;
  esac
}

# An error unless $2, given with option $1, is a whole number.
check_number ()
{
  case $2 in
    "" | *[!0-9]*) complain "$1 takes a whole number, not \"$2\"" ;;
  esac
}

# Sets $width and $height from $1, WIDTHxHEIGHT.
split_size ()
{
  width=${1%%x*}
  height=${1#*x}
  case $1 in
    *x*) ;;
    *) height= ;;
  esac
  case $width:$height in
    : | :* | *: | *[!0-9:]*) complain "--size takes WIDTHxHEIGHT, for" \
      "example 1280x720, not \"$1\"" ;;
  esac
}

# An error that lists the cameras unless there is one at $1.
check_camera ()
{
  # a pipeline may be for another machine
  [ ! -c "$1" ] && [ -z "${print-}" ] || return 0

  cameras=$(find /dev -maxdepth 1 -name 'video*' 2>/dev/null | sort | tr '\n' ' ')
  complain "There is no camera at $1 (cameras here: ${cameras:-none}):" \
    "connect one, or name another device"
}

# Runs a pipeline, in the shell's words, to its end, to Ctrl-C, or for $seconds;
# files are finished in each case. With $print not empty, only shows it; with
# $quiet not empty, nothing but the pipeline writes to standard output. Does not
# return.
run_pipeline ()
{
  launch="gst-launch-1.0 -e${quiet:+ -q} $(printf '%s' "$1" | sed 's/^ *//' \
    | tr '\n' ' ')"
  if [ -n "$print" ]; then
    printf '%s\n' "$launch"
    exit
  fi
  [ -n "$seconds" ] || eval "exec $launch"

  check_number --seconds "$seconds"
  # Ctrl-C is for the pipeline; --foreground lets it through, where there is it.
  # GStreamer may wait for good where a live pipeline is to end before its first
  # frame has passed: -k ends that.
  trap : INT
  foreground=
  ! timeout --help 2>&1 | grep -q foreground || foreground=--foreground
  status=0
  eval "timeout $foreground -k 30 -s INT $seconds $launch" || status=$?
  # 124: the time is up
  [ "$status" != 124 ] || status=0
  exit "$status"
}
