#!/bin/sh
# Compiles the quantizer's NAME_int.xmodel for a DPU with vai_c_xir. Runs in the
# docker of Vitis AI 2.5.
#
# usage: compile.sh [OPTION...] NAME_int.xmodel
#
#   --arch ARCH      KV260 (the default), B512, B800, B1024, B1152, B1600, B2304,
#                    B3136, B4096, or a DPU's arch.json
#   --name NAME      of the compiled model (default: NAME of the quantized one)
#   --output FOLDER  where to write it (default: beside the quantized one)

set -eu

here=$(cd "$(dirname "$0")" && pwd)

fail ()
{
  echo "compile.sh: $*" >&2
  exit 1
}

# the arch.json that a preset's name stands for
find_arch ()
{
  case $1 in
    KV260) echo "$here/arch/B4096.json" ;;
    B*[0-9]) echo "$here/arch/$1.json" ;;
    *) echo "$1" ;;
  esac
}

arch=KV260
name=
output=
while [ $# -gt 0 ]; do
  case $1 in
    --arch | --name | --output)
      [ $# -ge 2 ] || fail "$1 needs a value; see compile.sh --help"
      case $1 in
        --arch) arch=$2 ;;
        --name) name=$2 ;;
        --output) output=$2 ;;
      esac
      shift 2
      ;;
    -h | --help)
      sed -n '2,/^$/s/^# \{0,1\}//p' "$0"
      exit 0
      ;;
    -*) fail "there is no option $1; see compile.sh --help" ;;
    *) break ;;
  esac
done
[ $# -eq 1 ] || fail "give one quantized model; see compile.sh --help"

model=$1
[ -f "$model" ] || fail "there is no model $model; quantize.py --mode test writes it"
case $model in
  *_int.xmodel) ;;
  *) fail "$model is not a quantizer's *_int.xmodel, and nothing else can be compiled" ;;
esac

arch_file=$(find_arch "$arch")
[ -f "$arch_file" ] || fail "there is no DPU $arch: give KV260, one of" \
  "$(cd "$here/arch" && echo *.json | sed 's/\.json//g'), or the path of an" \
  "arch.json, as the docker has them in /opt/vitis_ai/compiler/arch"
grep -Eq '"(fingerprint|target)"' "$arch_file" \
  || fail "$arch_file is not an arch.json: it has neither \"fingerprint\" nor \"target\""
command -v vai_c_xir >/dev/null || fail "there is no vai_c_xir here: start the" \
  "docker of Vitis AI 2.5 and run \"conda activate vitis-ai-pytorch\""

[ -n "$name" ] || name=$(basename "$model" _int.xmodel)
[ -n "$output" ] || output=$(dirname "$model")
mkdir -p "$output"
log=$output/$name.compile.log
compiled=$output/$name.xmodel

echo "Compiling $model for $(tr -d '\n' <"$arch_file")"
rm -f "$compiled"
vai_c_xir -x "$model" -a "$arch_file" -o "$output" -n "$name" >"$log" 2>&1 || {
  tail -n 20 "$log" >&2
  fail "vai_c_xir failed; all it said is in $log"
}
[ -s "$compiled" ] || fail "vai_c_xir wrote no $compiled; what it said is in $log"

subgraphs=$(sed -n 's/.*DPU subgraph number \([0-9][0-9]*\).*/\1/p' "$log" | tail -n 1)
case $subgraphs in
  1) ;;
  '') echo "Warning: $log does not say how many DPU subgraphs there are; they must be one" ;;
  *) fail "the model was cut into $subgraphs DPU subgraphs, and yolov5dpu runs" \
    "models with one: some operators are none of the DPU's. yolov5dpu-inspect" \
    "names them, and $log may say why" ;;
esac

# labels and anchors go with the model
info=${model%.xmodel}.modelinfo
if [ -f "$info" ] && [ "$info" != "$output/$name.modelinfo" ]; then
  cp "$info" "$output/$name.modelinfo"
fi
echo "Wrote $compiled"
