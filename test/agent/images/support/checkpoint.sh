#!/bin/sh
# Runs the menagerie in a container of a lab node, by runC alone, and dumps it.
# Usage: checkpoint.sh <directory of this script> <new directory> <parts, with commas>
# What comes out: <directory>/first, a pre-dump if the kernel can, and <directory>/images, the dump, with `parent` to it.
set -eu
here=$1
directory=$2
parts=$3
name=$(basename "$directory")
rm -rf "$directory"
mkdir -p "$directory/bundle/rootfs"
sh "$here/../../migration/workloads/support/buildImage.sh" "$directory/bundle/rootfs" /usr/bin/python3 /usr/bin/perl
cd "$directory/bundle"
library=$(python3 -I -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')
mkdir -p "rootfs$library"
for file in "$library"/*.py "$library"/encodings "$library"/collections "$library"/re; do
  cp -r "$file" "rootfs$library"
done
mkdir -p rootfs/usr/lib/perl5
cp -r /usr/lib/*/perl-base/. rootfs/usr/lib/perl5
cp "$here"/menagerie.p? rootfs
runc spec
jq --arg parts "$parts" '.process.terminal = false | .root.readonly = false | .hostname = "menagerie"
  | .process.env += ["PERL5LIB=/usr/lib/perl5"] | .process.args = ["/bin/sh", "-c", "exec python3 -I -S -B /menagerie.py \($parts) >/work/output 2>&1"]
  | .mounts += [{destination: "/tmp", type: "tmpfs", source: "tmpfs", options: ["mode=1777"]}]
  | .mounts |= map(select(.type != "cgroup"))' config.json >new.json
mv new.json config.json
runc run -d "$name" </dev/null >/dev/null 2>&1
tries=0
until [ -e rootfs/work/ready ]; do
  tries=$((tries + 1))
  if [ "$tries" -gt 600 ]; then cat rootfs/work/output >&2; exit 1; fi
  sleep 0.05
done
dump() {
  timeout 30 runc checkpoint --tcp-established --file-locks --work-path "$directory/work" "$@" "$name" ||
    { grep Error "$directory/work/dump.log" >&2; exit 1; }
}
dump --leave-running --image-path "$directory/images"
runc delete -f "$name"
