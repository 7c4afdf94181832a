"""A Python server that grows, with threads: one that receives, one that works, one that answers, one that ticks, one that
checks memory block by block all the time. It imports only what a small Python has.

    M <n> -> A <n>
    S     -> S <state as JSON>

Usage: growingServer.py <port> <block bytes> <first blocks> <messages per block>
"""

import hashlib
import os
import socket
import sys
import threading

PORT, BLOCK_BYTES, FIRST_BLOCKS, MESSAGES_PER_BLOCK = map(int, sys.argv[1:5])
incarnation = os.urandom(8).hex()
blocks = []
digests = []
rounds = {"ticks": 0, "checks": 0, "main": 0}
received = 0
damaged = 0
lock = threading.Lock()


class Queue:
    def __init__(self):
        self.items = []
        self.filled = threading.Condition()

    def put(self, item):
        with self.filled:
            self.items.append(item)
            self.filled.notify()

    def get(self):
        with self.filled:
            self.filled.wait_for(lambda: self.items)
            return self.items.pop(0)


requests = Queue()
answers = Queue()


def grow():
    number = len(blocks)
    pieces = range(BLOCK_BYTES // 32)
    block = b"".join(hashlib.sha256(b"%d/%d" % (number, piece)).digest() for piece in pieces)
    with lock:
        digests.append(hashlib.sha256(block).digest())
        blocks.append(block)


def state():
    whole = hashlib.sha256()
    with lock:
        for block in blocks:
            whole.update(block)
        counts = ", ".join('"%s": %d' % (name, rounds[name]) for name in rounds)
        return '{"incarnation": "%s", "received": %d, "digest": "%s", "memoryBytes": %d, "damaged": %d, "rounds": {%s}}' % (
            incarnation,
            received,
            whole.hexdigest(),
            len(blocks) * BLOCK_BYTES,
            damaged,
            counts,
        )


def work():
    global received
    while True:
        connection, line = requests.get()
        if line == b"S":
            answers.put((connection, b"S %s\n" % state().encode()))
            continue
        received += 1
        if received % MESSAGES_PER_BLOCK == 0:
            grow()
        answers.put((connection, b"A %s\n" % line[2:]))


def answer():
    while True:
        connection, text = answers.get()
        connection.sendall(text)


def tick():
    never = threading.Event()
    while True:
        never.wait(0.005)
        rounds["ticks"] += 1


def check():
    global damaged
    pause = threading.Event()
    while True:
        number = rounds["checks"] % len(blocks)
        with lock:
            found, wanted = hashlib.sha256(blocks[number]).digest(), digests[number]
        if found != wanted:
            damaged += 1
        rounds["checks"] += 1
        pause.wait(0.003)


def receive(connection):
    with connection, connection.makefile("rb") as lines:
        for line in lines:
            requests.put((connection, line.rstrip()))


for _ in range(FIRST_BLOCKS):
    grow()
for thread in (work, answer, tick, check):
    threading.Thread(target=thread, daemon=True).start()
listener = socket.create_server(("0.0.0.0", PORT))
print("serving", flush=True)
while True:
    connection, _ = listener.accept()
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    rounds["main"] += 1
    threading.Thread(target=receive, args=(connection,), daemon=True).start()
