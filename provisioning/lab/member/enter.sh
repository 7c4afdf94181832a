# Runs a command inside a member: enter.sh PID CGROUP-DIRECTORY… -- COMMAND…
# CRIU cannot restore for a process that entered the control group namespace but not the groups themselves.
pid=$1
shift
while [ "$1" != -- ]; do
  echo $$ >"$1/cgroup.procs" || exit 125
  shift
done
shift
exec nsenter --target "$pid" --all -- "$@"
