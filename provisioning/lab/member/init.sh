# The first process of a lab member: makes its root and then only reaps. Runs inside the member's new namespaces.
# In: LAB_MEMBER, LAB_LOWER (root file system), LAB_DIRECTORY (of the member, on a real file system), LAB_PROJECT,
# LAB_CGROUP (v1 or v2), LAB_CGROUP_MOUNTS (controllers:name …), LAB_SHARED (a directory to show at /run/tagalong-lab)
set -eu
root=$LAB_DIRECTORY/root
mount -t overlay overlay -o "lowerdir=$LAB_LOWER,upperdir=$LAB_DIRECTORY/upper,workdir=$LAB_DIRECTORY/work" "$root"
mount -t proc proc "$root/proc"
mount -t sysfs sysfs "$root/sys"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"

# no overlay on an overlay: images and container file systems lie on a real one
mkdir -p "$root/var/lib/tagalong" "$root/opt/tagalong" "$root/run/lock" "$root/run/tagalong-lab"
mount --bind "$LAB_DIRECTORY/data" "$root/var/lib/tagalong"
mount --bind "$LAB_PROJECT" "$root/opt/tagalong"
mount -o remount,bind,ro "$root/opt/tagalong"
[ -z "$LAB_SHARED" ] || mount --bind "$LAB_SHARED" "$root/run/tagalong-lab"

mount -t tmpfs -o mode=755 tmpfs "$root/dev"
mkdir "$root/dev/pts" "$root/dev/shm" "$root/dev/net"
mount -t devpts -o newinstance,ptmxmode=666,mode=620 devpts "$root/dev/pts"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
while read -r name major minor; do
  mknod -m 666 "$root/dev/$name" c "$major" "$minor"
done <<DEVICES
null 1 3
zero 1 5
full 1 7
random 1 8
urandom 1 9
tty 5 0
net/tun 10 200
DEVICES
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
ln -s /proc/self/fd/0 "$root/dev/stdin"
ln -s /proc/self/fd/1 "$root/dev/stdout"
ln -s /proc/self/fd/2 "$root/dev/stderr"

cgroups=$root/sys/fs/cgroup
if [ "$LAB_CGROUP" = v1 ]; then
  mount -t tmpfs -o mode=755 tmpfs "$cgroups"
  for entry in $LAB_CGROUP_MOUNTS; do
    name=${entry##*:}
    mkdir "$cgroups/$name"
    mount -t cgroup -o "${entry%:*}" cgroup "$cgroups/$name"
    case $name in *,*) for one in $(echo "$name" | tr , ' '); do ln -s "$name" "$cgroups/$one"; done ;; esac
  done
else
  mount -t cgroup2 cgroup2 "$cgroups"
  mkdir -p "$cgroups/init"
  echo 0 >"$cgroups/init/cgroup.procs"
  # who started us leaves the inner group in a moment; before that it cannot pass controllers on
  for controller in $(cat "$cgroups/cgroup.controllers"); do
    tries=100
    until echo "+$controller" 2>/dev/null >"$cgroups/cgroup.subtree_control"; do
      tries=$((tries - 1))
      [ "$tries" -gt 0 ] || break
      sleep 0.01
    done
  done
fi

hostname "$LAB_MEMBER"
ip link set lo up
cd "$root"
mkdir -p .old
pivot_root . .old
umount -l /.old
rmdir /.old
echo ready
# bash reaps whatever is handed to it; the name shows in `ps`
exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin /bin/bash -c \
  'exec -a lab-init /bin/bash -c "trap : TERM INT HUP; while :; do sleep infinity & wait; done"' </dev/null >/dev/null 2>&1
