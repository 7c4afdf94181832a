#!/bin/sh
# Makes a small root file system with a few programs and their libraries, out of the system it runs on (Debian).
# Busybox is always in it, as the shell.
# Usage: buildImage.sh <new directory> <program by its absolute path>…
set -eu
image=$1
shift
rm -rf "$image"
mkdir -p "$image"
cd "$image"
mkdir -p proc sys dev tmp run etc var/log var/lib work usr
chmod 1777 tmp
for name in bin lib lib64 sbin; do
  # as Debian has them: links into /usr
  mkdir -p "usr/$name"
  ln -s "usr/$name" "$name"
done

take() { # the file itself, at the place where its name says
  mkdir -p ".$(dirname "$1")"
  cp -L "$1" ".$1"
}

for program in /usr/bin/busybox "$@"; do
  take "$program"
  # a static one has none
  ldd "$program" 2>/dev/null | grep -o '/[^ ]*' | while read -r library; do take "$library"; done
done
for applet in sh cat sleep rm mkfifo mkdir head nc; do ln -sf busybox "usr/bin/$applet"; done
printf 'root:x:0:0:root:/:/bin/sh\n' >etc/passwd
printf 'root:x:0:\n' >etc/group
