#!/bin/sh
# From a YOLOv5 checkpoint to a DPU's model in one command: calibrates, tests,
# writes labels and anchors, compiles. Runs in the docker of Vitis AI 2.5, after
# "conda activate vitis-ai-pytorch".
#
# usage: prepare.sh --yolov5 FOLDER --weights FILE --pictures FOLDER [OPTION...]
#
#   --yolov5 FOLDER   checkout of YOLOv5, of the version that trained the model
#   --weights FILE    checkpoint, like best.pt
#   --pictures FOLDER pictures like those the camera will take
#   --size WxH        the model's input (default: 640x640)
#   --arch ARCH       the DPU, see compile.sh --help (default: KV260)
#   --name NAME       of the model (default: that of the checkpoint)
#   --labels FILE     labels, one per line, instead of the checkpoint's own
#   --limit N         use at most N pictures (default: 200)
#   --trained-with A  leaky or relu, see quantize.py --help
#   --output FOLDER   where to write (default: NAME.prepared)
#   --fast-finetune   adapt the weights: an hour for little, see README.md
#   --no-compile      stop at NAME_int.xmodel, which runs on the software DPU
#
# PYTHON names another interpreter than python3.

set -eu

here=$(cd "$(dirname "$0")" && pwd)
python=${PYTHON:-python3}

fail ()
{
  echo "prepare.sh: $*" >&2
  exit 1
}

step ()
{
  echo
  echo "== $*"
}

yolov5=
weights=
pictures=
size=640x640
arch=KV260
name=
labels=
limit=200
trained_with=
output=
fast_finetune=
compile=yes
n_steps=4
while [ $# -gt 0 ]; do
  case $1 in
    -h | --help)
      sed -n '2,/^$/s/^# \{0,1\}//p' "$0"
      exit 0
      ;;
    --fast-finetune)
      fast_finetune=$1
      shift
      continue
      ;;
    --no-compile)
      compile=
      n_steps=3
      shift
      continue
      ;;
    --yolov5 | --weights | --pictures | --size | --arch | --name | --labels | \
      --limit | --trained-with | --output)
      [ $# -ge 2 ] || fail "$1 needs a value; see prepare.sh --help"
      ;;
    *) fail "there is no option $1; see prepare.sh --help" ;;
  esac
  case $1 in
    --yolov5) yolov5=$2 ;;
    --weights) weights=$2 ;;
    --pictures) pictures=$2 ;;
    --size) size=$2 ;;
    --arch) arch=$2 ;;
    --name) name=$2 ;;
    --labels) labels=$2 ;;
    --limit) limit=$2 ;;
    --trained-with) trained_with=$2 ;;
    --output) output=$2 ;;
  esac
  shift 2
done

# everything that can be seen at once, before minutes of calibration
if [ -z "$yolov5" ] || [ -z "$weights" ] || [ -z "$pictures" ]; then
  fail "--yolov5, --weights and --pictures are needed; see prepare.sh --help"
fi
[ -f "$weights" ] || fail "there is no checkpoint $weights"
[ -d "$pictures" ] || fail "there is no folder $pictures"
[ -z "$labels" ] || [ -f "$labels" ] || fail "there is no label file $labels"
command -v "$python" >/dev/null || fail "there is no $python"
"$python" -c 'import torch, pytorch_nndct' 2>/dev/null || fail "$python cannot" \
  "import torch and pytorch_nndct: start the docker of Vitis AI 2.5 and run" \
  "\"conda activate vitis-ai-pytorch\""
[ -z "$compile" ] || command -v vai_c_xir >/dev/null || fail "there is no vai_c_xir here: start the" \
  "docker of Vitis AI 2.5 and run \"conda activate vitis-ai-pytorch\""

[ -n "$name" ] || name=$(basename "$weights" .pt)
[ -n "$output" ] || output=$name.prepared

quantize ()
{
  "$python" "$here/quantize.py" --mode "$1" --yolov5 "$yolov5" \
    --weights "$weights" --pictures "$pictures" --size "$size" \
    --limit "$limit" --name "$name" --output "$output" \
    ${trained_with:+--trained-with "$trained_with"} \
    ${fast_finetune:+"$fast_finetune"}
}

step "1 of $n_steps: labels and anchors"
mkdir -p "$output"
"$python" "$here/modelinfo.py" --yolov5 "$yolov5" --weights "$weights" \
  ${labels:+--labels "$labels"} --output "$output/${name}_int.modelinfo"
step "2 of $n_steps: calibration"
quantize calib
step "3 of $n_steps: test and export"
quantize test
if [ -z "$compile" ]; then
  step "Done"
  echo "${name}_int.xmodel in $output runs on the software DPU of any PC."
  exit 0
fi
step "4 of 4: compilation"
"$here/compile.sh" --arch "$arch" --name "$name" --output "$output" \
  "$output/${name}_int.xmodel"

step "Done"
if command -v yolov5dpu-inspect >/dev/null; then
  yolov5dpu-inspect "$output/$name.xmodel"
else
  echo "Check the model outside of the docker, where yolov5dpu is installed:"
  echo "  yolov5dpu-inspect $output/$name.xmodel"
fi
echo "Copy $name.xmodel and $name.modelinfo from $output to the board."
echo "${name}_int.xmodel runs on the software DPU of any PC."
