# Starts a member: joins its control groups (the arguments), makes its namespaces, prints the pid of its first process.
set -eu
for directory in "$@"; do echo $$ >"$directory/cgroup.procs"; done
exec unshare --mount --propagation private --net --uts --ipc --pid --cgroup \
  sh -c 'setsid sh "$1" & echo $!' sh "$LAB_INIT"
