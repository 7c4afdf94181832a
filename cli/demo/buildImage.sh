#!/bin/sh
# Makes a small root file system with Python and the demo's service, out of the system it runs on (Debian with python3).
# Usage: buildImage.sh <directory of this script> <new directory>
set -eu
here=$1
image=$2
rm -rf "$image.new"
mkdir -p "$image.new"
cd "$image.new"
mkdir -p proc sys dev tmp etc opt usr/bin var/lib/service
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

# the interpreter, its libraries, and exactly those modules that the service imports
python=$(readlink -f /usr/bin/python3)
take "$python"
ln -s "$(basename "$python")" usr/bin/python3
ldd "$python" | grep -o '/[^ ]*' | while read -r library; do take "$library"; done
"$python" -I -B -c '
import sys
import encodings.ascii, hashlib, os, selectors, socket
for module in list(sys.modules.values()):
    file = getattr(module, "__file__", None)
    if file and file.endswith(".py"):
        print(file)
' | sort -u | while read -r module; do take "$module"; done

# without this directory Python complains, and with its content it would want libraries of OpenSSL
mkdir -p ".$("$python" -I -c 'import sysconfig; print(sysconfig.get_path("platstdlib"))')/lib-dynload"
cp "$here/service.py" opt/service.py
printf 'root:x:0:0:root:/:/bin/sh\n' > etc/passwd
rm -rf "$image"
mv "$image.new" "$image"
