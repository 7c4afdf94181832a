"""The demo's service: what a client must find unharmed after each migration.

One thread, one TCP port, lines of text:

    H         -> H <incarnation> <memory digest at start> <memory bytes>
    M <n>     -> A <n> <messages received since start>
    V <id>    -> V <id> <memory digest now> <blocks found damaged since start>
    F <id>    -> F <id> <lines> <bytes> <digest of the journal> <messages received since start>

It holds memory that cannot be compressed, checks it block by block all the time, and writes a line to its journal at
every 20th message. It asks no clock, since a migrated process may find another one.

Usage: service.py <port> <memory bytes> <journal file>
"""

import hashlib
import os
import selectors
import socket
import sys

BLOCK_BYTES = 256 * 1024
BLOCKS_PER_TURN = 2
MESSAGES_PER_LINE = 20
LONGEST_LINE_BYTES = 4096
LARGEST_BACKLOG_BYTES = 16 * 1024 * 1024


def digest(data):
    return hashlib.sha256(data).digest()


class Memory:
    """Random blocks and what they hashed to when they were made."""

    def __init__(self, size):
        sizes = [min(BLOCK_BYTES, size - start) for start in range(0, size, BLOCK_BYTES)]
        self.size = size
        self.blocks = [bytearray(os.urandom(length)) for length in sizes]
        self.digests = [digest(block) for block in self.blocks]
        self.at_start = digest(b"".join(self.digests)).hex()
        self.damaged = set()

    def check(self, index):
        found = digest(self.blocks[index])
        if found != self.digests[index] and index not in self.damaged:
            self.damaged.add(index)
            print("block", index, "is damaged", flush=True)
        return found


class Verification:
    """A pass over the whole memory, a few blocks at a turn, so that messages are answered meanwhile."""

    def __init__(self, memory, name, client):
        self.memory, self.name, self.client = memory, name, client
        self.found = []

    def step(self):
        for _ in range(BLOCKS_PER_TURN):
            if len(self.found) < len(self.memory.blocks):
                self.found.append(self.memory.check(len(self.found)))
        if len(self.found) < len(self.memory.blocks):
            return False
        whole = digest(b"".join(self.found)).hex()
        self.client.send(f"V {self.name} {whole} {len(self.memory.damaged)}")
        return True


class Journal:
    def __init__(self, path):
        self.path = path
        self.file = open(path, "ab", buffering=0)
        self.lines = 0

    def note(self, received):
        self.lines += 1
        self.file.write(b"%d %d\n" % (self.lines, received))

    def report(self):
        # by its name and not by the open file: both must have come along
        with open(self.path, "rb") as again:
            content = again.read()
        return f"{content.count(10)} {len(content)} {digest(content).hex()}"


class Client:
    def __init__(self, service, connection):
        self.service, self.connection = service, connection
        self.incoming, self.outgoing = b"", b""
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, line):
        self.outgoing += line.encode() + b"\n"

    def read(self):
        """Takes what has come; False when the connection is over."""
        try:
            data = self.connection.recv(65536)
        except (BlockingIOError, InterruptedError):
            return True
        except OSError:
            return False
        if not data:
            return False
        *lines, self.incoming = (self.incoming + data).split(b"\n")
        for line in lines:
            self.service.answer(self, line)
        return len(self.incoming) <= LONGEST_LINE_BYTES

    def write(self):
        try:
            sent = self.connection.send(self.outgoing) if self.outgoing else 0
        except (BlockingIOError, InterruptedError):
            sent = 0
        except OSError:
            return False
        self.outgoing = self.outgoing[sent:]
        return len(self.outgoing) <= LARGEST_BACKLOG_BYTES


class Service:
    def __init__(self, port, memory_bytes, journal_path):
        self.incarnation = os.urandom(8).hex()
        self.memory = Memory(memory_bytes)
        self.journal = Journal(journal_path)
        self.received = 0
        self.next_block = 0
        self.verifications = []
        self.selector = selectors.DefaultSelector()
        self.listener = socket.create_server(("0.0.0.0", port), backlog=16)
        self.listener.setblocking(False)
        self.selector.register(self.listener, selectors.EVENT_READ, None)

    def answer(self, client, line):
        words = line.decode("ascii", "replace").split()
        if words == ["H"]:
            client.send(f"H {self.incarnation} {self.memory.at_start} {self.memory.size}")
        elif len(words) != 2 or len(words[1]) > 64:
            client.send("E not a line of the protocol")
        elif words[0] == "M" and words[1].isdecimal():
            self.received += 1
            if self.received % MESSAGES_PER_LINE == 0:
                self.journal.note(self.received)
            client.send(f"A {words[1]} {self.received}")
        elif words[0] == "V":
            self.verifications.append(Verification(self.memory, words[1], client))
        elif words[0] == "F":
            client.send(f"F {words[1]} {self.journal.report()} {self.received}")
        else:
            client.send("E not a line of the protocol")

    def accept(self):
        try:
            connection, _ = self.listener.accept()
        except OSError:
            return
        self.selector.register(connection, selectors.EVENT_READ, Client(self, connection))

    def drop(self, client):
        self.verifications = [one for one in self.verifications if one.client is not client]
        self.selector.unregister(client.connection)
        client.connection.close()

    def turn(self):
        busy = len(self.verifications) > 0
        for key, events in self.selector.select(0 if busy else 0.02):
            if key.data is None:
                self.accept()
            elif events & selectors.EVENT_READ and not key.data.read():
                self.drop(key.data)
        self.write()  # who waits for an answer does not wait for the checks of memory as well
        if busy:
            self.verifications = [one for one in self.verifications if not one.step()]
        elif self.memory.blocks:
            self.memory.check(self.next_block)
            self.next_block = (self.next_block + 1) % len(self.memory.blocks)

    def write(self):
        for key in list(self.selector.get_map().values()):
            client = key.data
            if client is None:
                continue
            if not client.write():
                self.drop(client)
                continue
            wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if client.outgoing else 0)
            if wanted != key.events:
                self.selector.modify(client.connection, wanted, client)

    def serve(self):
        port = self.listener.getsockname()[1]
        print("serving on port", port, "with", self.memory.size, "bytes of memory", flush=True)
        while True:
            self.turn()


if __name__ == "__main__":
    Service(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]).serve()
