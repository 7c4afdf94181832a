"""The benchmark's workload, the same for all contestants: it holds memory, rewrites pages of it, and answers.

One TCP port, lines of text:

    H           -> H <incarnation> <pages>
    M <n>       -> A <n> <messages received> <worst gap>   microseconds between two wake-ups of a timer of 1 ms, since the last A
    V <id>      -> V <id> <damaged> <lost> <changed> <rewritten> <messages received>   after a pass over all pages
    E <id>      -> E <id>          marks a moment: <changed> of later V counts the pages that were rewritten since
    C <id> <n>  -> C <id> <n>      rewrites so many different pages, chosen at random

Each page says its number, how often it was rewritten and when, and the rest of it follows from that and cannot be
compressed. <damaged> counts pages that are not what they say, <lost> the rewrites that no page tells of. A pass over the
pages stops the rewriting. While it stands still no rewriting is owed: what was missed is not made up for.

Usage: service.py <port> <memory bytes> <rewritten bytes each second>
"""

import _thread
import array
import hashlib
import os
import selectors
import socket
import sys
import time

PAGE_BYTES = 4096
HEADER_BYTES = 24
PAGES_CHECKED_A_TURN = 32
TURN_SECONDS = 0.002
LONGEST_DEBT_SECONDS = 0.02
LONGEST_LINE_BYTES = 4096
LARGEST_BACKLOG_BYTES = 16 * 1024 * 1024


class Memory:
    """Whole pages of the kernel's, so that rewriting one dirties one."""

    def __init__(self, size):
        self.pages = max(1, size // PAGE_BYTES)
        # an array, since it tells its address
        self.area = array.array("B", b"\0") * ((self.pages + 1) * PAGE_BYTES)
        start = -self.area.buffer_info()[0] % PAGE_BYTES
        self.view = memoryview(self.area)[start : start + self.pages * PAGE_BYTES]
        self.epoch = 0
        self.rewritten = 0
        for page in range(self.pages):
            self.put(page, 0)

    def put(self, page, version):
        header = b"".join(number.to_bytes(8, "little") for number in (page, version, self.epoch))
        start = page * PAGE_BYTES
        self.view[start : start + PAGE_BYTES] = header + content(header)

    def read(self, page):
        """Number, version and epoch as the page says; None where it is damaged."""
        start = page * PAGE_BYTES
        header = self.view[start : start + HEADER_BYTES]
        number, version, epoch = (int.from_bytes(header[at : at + 8], "little") for at in (0, 8, 16))
        sound = number == page and self.view[start + HEADER_BYTES : start + PAGE_BYTES] == content(header)
        return (version, epoch) if sound else None

    def rewrite(self, page):
        start = page * PAGE_BYTES
        version = int.from_bytes(self.view[start + 8 : start + 16], "little")
        self.put(page, version + 1)
        self.rewritten += 1

    def rewrite_any(self):
        self.rewrite(int.from_bytes(os.urandom(8), "little") % self.pages)

    def rewrite_different(self, count):
        """So many pages, no page twice: Floyd's choice of a sample."""
        chosen = set()
        for last in range(self.pages - count, self.pages):
            page = int.from_bytes(os.urandom(8), "little") % (last + 1)
            chosen.add(last if page in chosen else page)
        for page in chosen:
            self.rewrite(page)


def content(header):
    return hashlib.shake_128(header).digest(PAGE_BYTES - HEADER_BYTES)


class Verification:
    """A pass over the whole memory, a few pages at a turn, so that messages are answered meanwhile."""

    def __init__(self, memory, name, client, received):
        self.memory, self.name, self.client, self.received = memory, name, client, received
        self.next_page = self.damaged = self.versions = self.changed = 0

    def step(self):
        end = min(self.next_page + PAGES_CHECKED_A_TURN, self.memory.pages)
        for page in range(self.next_page, end):
            said = self.memory.read(page)
            if said is None:
                self.damaged += 1
                continue
            version, epoch = said
            self.versions += version
            self.changed += version > 0 and epoch == self.memory.epoch
        self.next_page = end
        if end < self.memory.pages:
            return False
        lost = self.memory.rewritten - self.versions
        figures = (self.damaged, lost, self.changed, self.memory.rewritten, self.received)
        self.client.send(f"V {self.name} {' '.join(map(str, figures))}")
        return True


class Timer:
    """A thread that wants to wake up each millisecond, and how long it had to wait at worst."""

    def __init__(self):
        self.worst = 0
        _thread.start_new_thread(self.run, ())

    def run(self):
        before = time.monotonic_ns()
        while True:
            time.sleep(0.001)
            now = time.monotonic_ns()
            self.worst = max(self.worst, now - before)
            before = now

    def take_us(self):
        worst, self.worst = self.worst, 0
        return worst // 1000


class Rewriting:
    """So many bytes of pages each second, evenly."""

    def __init__(self, memory, bytes_each_second):
        self.memory = memory
        self.pages_each_second = bytes_each_second / PAGE_BYTES
        self.owed = 0.0
        self.before = time.monotonic()

    def step(self):
        now = time.monotonic()
        # another node's clock may be behind
        elapsed = min(max(now - self.before, 0), LONGEST_DEBT_SECONDS)
        self.before = now
        self.owed += elapsed * self.pages_each_second
        while self.owed >= 1:
            self.owed -= 1
            self.memory.rewrite_any()


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
    def __init__(self, port, memory_bytes, rewritten_bytes_each_second):
        self.incarnation = os.urandom(8).hex()
        self.memory = Memory(memory_bytes)
        self.received = 0
        self.verifications = []
        self.selector = selectors.DefaultSelector()
        self.listener = socket.create_server(("0.0.0.0", port), backlog=16)
        self.listener.setblocking(False)
        self.selector.register(self.listener, selectors.EVENT_READ, None)
        self.rewriting = Rewriting(self.memory, rewritten_bytes_each_second)
        self.timer = Timer()

    def answer(self, client, line):
        words = line.decode("ascii", "replace").split()
        numbers = [int(word) for word in words[1:] if word.isdecimal() and len(word) <= 15]
        if words == ["H"]:
            client.send(f"H {self.incarnation} {self.memory.pages}")
        elif len(words) < 2 or len(numbers) != len(words) - 1:
            client.send("X not a line of the protocol")
        elif words[0] == "M":
            self.received += 1
            client.send(f"A {words[1]} {self.received} {self.timer.take_us()}")
        elif words[0] == "V":
            self.verifications.append(Verification(self.memory, words[1], client, self.received))
        elif words[0] == "E":
            self.memory.epoch += 1
            client.send(f"E {words[1]}")
        elif words[0] == "C" and len(numbers) == 2:
            count = min(numbers[1], self.memory.pages)
            self.memory.rewrite_different(count)
            client.send(f"C {words[1]} {count}")
        else:
            client.send("X not a line of the protocol")

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
        for key, events in self.selector.select(0 if busy else TURN_SECONDS):
            if key.data is None:
                self.accept()
            elif events & selectors.EVENT_READ and not key.data.read():
                self.drop(key.data)
        if busy:
            self.verifications = [one for one in self.verifications if not one.step()]
        else:
            self.rewriting.step()
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
        # the timer's thread shall wait for the kernel, not for the interpreter's lock
        sys.setswitchinterval(0.0005)
        port = self.listener.getsockname()[1]
        print("serving on port", port, "with", self.memory.pages, "pages", flush=True)
        while True:
            self.turn()


if __name__ == "__main__":
    Service(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])).serve()
