"""Holds one of everything that CRIU can dump, and prints a line once it does."""
import fcntl
import os
import select
import signal
import socket
import sys
import threading
import time

kept = []


def keep(thing):
    kept.append(thing)
    return thing


def tcp(family, host):
    server = keep(socket.socket(family))
    server.bind((host, 0))
    server.listen(5)
    client = keep(socket.create_connection(server.getsockname()[:2]))
    accepted, _ = server.accept()
    keep(accepted)
    client.sendall(b"not read yet " * 100)


def sockets():
    tcp(socket.AF_INET, "127.0.0.1")
    tcp(socket.AF_INET6, "::1")
    keep(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)).bind(("127.0.0.1", 5353))
    listening = keep(socket.socket(socket.AF_UNIX))
    listening.bind("/run/listening.socket")
    listening.listen(1)
    keep(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)).bind(b"\0abstract\0name")
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        one, other = socket.socketpair(socket.AF_UNIX, kind)
        one.send(b"in a queue")
        keep((one, other))
    keep(socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)).bind((0, 0))


def files():
    kept.append(open("/work/plain", "w+b", buffering=0))
    kept[-1].write(b"x" * 100_000)
    fcntl.flock(kept[-1], fcntl.LOCK_EX)
    deleted = keep(open("/work/deleted", "w+b", buffering=0))
    deleted.write(os.urandom(5000))
    os.unlink("/work/deleted")
    kept.append(open(b"/work/not \xff utf-8", "wb"))
    reading, writing = os.pipe()
    os.write(writing, b"in a pipe")
    os.mkfifo("/work/fifo")
    fifo = os.open("/work/fifo", os.O_RDWR)
    os.write(fifo, b"in a FIFO")
    os.openpty()
    memory = os.memfd_create("of the test")
    os.write(memory, b"y" * 10_000)
    tmpfs = open("/tmp/of-a-tmpfs", "w")
    tmpfs.write("z" * 1000)
    tmpfs.flush()
    keep(tmpfs)


def events():
    counter = os.eventfd(3)
    epoll = keep(select.epoll())
    epoll.register(counter, select.EPOLLIN)
    os.timerfd_create(time.CLOCK_MONOTONIC)
    signal.setitimer(signal.ITIMER_REAL, 100_000)
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
    os.kill(os.getpid(), signal.SIGUSR1)


def memory():
    """What Python in its smallest form cannot do, Perl can."""
    reading, writing = os.pipe()
    os.posix_spawn("/usr/bin/perl", ["perl", "/menagerie.pl"], dict(os.environ), file_actions=[(os.POSIX_SPAWN_DUP2, writing, 1)])
    os.read(reading, 1)


def processes():
    for role in ("child", "zombie"):
        if os.fork() == 0:
            if role == "zombie":
                os._exit(3)
            os.setsid()
            while True:
                time.sleep(1)
    for _ in range(2):
        threading.Thread(target=time.sleep, args=(100_000,), daemon=True).start()


for part in sys.argv[1].split(","):
    globals()[part]()
print("ready", flush=True)
with open("/work/ready", "w"):
    pass
while True:
    time.sleep(0.05)
    # somewhere else each time, so that not all pages are in the parent of the next dump
    kept.append(os.urandom(100))
    del kept[-100:-50]
