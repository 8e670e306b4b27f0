#!/bin/sh
# setup.sh takes the VART that is there, and mixes nothing into it. What it would
# install with is stood in for.
#
# usage: tests/pipelines/setup.sh SOURCE-DIRECTORY

set -eu

stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
mkdir -p "$stage/bin" "$stage/tree/pipelines" "$stage/tree/build"
cp "$1/pipelines/setup.sh" "$stage/tree/pipelines"

# stand_in COMMAND: notes what it is asked for, and is content
stand_in ()
{
  cat >"$stage/bin/$1" <<END
#!/bin/sh
echo "$1 \$*" >>"$stage/calls"
END
  chmod +x "$stage/bin/$1"
}

# nothing is installed by dpkg but GStreamer, in a version that is said
for command in apt-get apt-cache dpkg-query meson ninja sudo; do
  stand_in $command
done
printf '#!/bin/sh\necho 1.18.4\n' >"$stage/bin/dpkg-query"

# apt_has PACKAGE: all that may be installed; of the others apt only knows
apt_has ()
{
  stand_in apt-cache
  cat >>"$stage/bin/apt-cache" <<END
[ "\$2" = "$1" ] && version=1.0 || version="(none)"
printf "%s:\n  Installed: (none)\n  Candidate: %s\n" "\$2" "\$version"
END
}

run ()
{
  : >"$stage/calls"
  PATH=$stage/bin:$PATH "$stage/tree/pipelines/setup.sh" >"$stage/log" 2>&1
}

# has_vart_at PATH
has_vart_at ()
{
  sed -i "s,^vart_header=.*,vart_header=$1," "$stage/tree/pipelines/setup.sh"
}

has_vart_at "$stage/bin/meson"
apt_has libdnnl-dev
# a VART that no package of Debian's has brought: none of them is wanted
run || {
  cat "$stage/log"
  exit 1
}
grep -q 'Using the VART' "$stage/log"
grep -q 'apt-get install.*libdnnl-dev' "$stage/calls"
# it says what it does and how long that took; a user's build has no tests
grep -q '^Installing [0-9]* packages.* libdnnl-dev' "$stage/log"
grep -q '^Installed in [0-9]* s$' "$stage/log"
grep -q "^Building into $stage/tree/build$" "$stage/log"
grep -q '^Built in [0-9]* s$' "$stage/log"
grep -q 'meson setup build .*-Dtests=disabled' "$stage/calls"
if grep -E 'libxir|libvart|libunilog|libtarget-factory' "$stage/calls"; then
  echo "Debian's packages of VART were installed beside the one that is there"
  exit 1
fi

# no oneDNN to be had: the rest is installed, and it says what that means
apt_has nothing
run || {
  cat "$stage/log"
  exit 1
}
grep -q 'apt-get install.*libpango' "$stage/calls"
grep -q 'run on a DPU only' "$stage/log"
if grep -q 'apt-get install.*libdnnl-dev' "$stage/calls"; then
  echo "a package that is not there was to be installed"
  exit 1
fi

# no VART, and none to be had: it says so before anything is installed
has_vart_at "$stage/nowhere"
if run; then
  echo "a missing VART went unnoticed"
  exit 1
fi
grep -q "AMD's packages" "$stage/log"
if grep -q 'apt-get install' "$stage/calls"; then
  echo "packages were installed without a VART"
  exit 1
fi

# without root and sudo it says what to do, and installs nothing
has_vart_at "$stage/bin/meson"
printf '#!/bin/sh\necho 1000\n' >"$stage/bin/id"
chmod +x "$stage/bin/id"
rm "$stage/bin/sudo"
for tool in sh cat grep sed dirname date rm env echo; do
  [ -e "$stage/bin/$tool" ] || ln -s "$(command -v $tool)" "$stage/bin/$tool"
done
: >"$stage/calls"
if PATH=$stage/bin "$stage/tree/pipelines/setup.sh" >"$stage/log" 2>&1; then
  echo "nobody is root, and it went unnoticed"
  exit 1
fi
grep -q 'As root (su -), run "apt-get update' "$stage/log"
[ ! -s "$stage/calls" ] || ! grep -q 'apt-get install' "$stage/calls"
