#!/bin/sh
# A tree of processes that hand numbers on: through pipes, through a FIFO, in the background; and a file that was deleted
# and is still open. SIGUSR1 writes to all kinds of files. Everything is numbered, so that a gap or a double shows.
mkdir -p /work
cd /work || exit 1

count() {
  number=0
  while :; do
    number=$((number + 1))
    echo "$number"
    sleep 0.005
  done
}

# three processes and two pipes
count | while read -r number; do echo "$number"; done | while read -r number; do echo "$number"; done >piped &

# two processes and a FIFO
mkfifo fifo
count >fifo &
while read -r number; do echo "$number"; done <fifo >through-fifo &

# a file without a name, written at one place and read at another
exec 4>nameless 5<nameless
rm nameless

# memory of the shell: how many signals there were
signals=0
trap 'signals=$((signals + 1))' USR1

ticks=0
written=0
while :; do
  ticks=$((ticks + 1))
  echo "tick $ticks"
  while [ "$written" -lt "$signals" ]; do
    written=$((written + 1))
    echo "$written" >>signals
    echo "$written" >&4
    # not this shell's own read, which comes to no end after a signal
    head -n 1 <&5 >>from-nameless
  done
  sleep 0.02 &
  wait $!
done
