"""A network namespace for each host, and relays, which are a host's only connection to the outside.

A host has only its own loopback interface, where it reaches sockets of this process. This process passes the bytes on to the real servers (etcd, the
bucket and the orgs), which have the same port numbers, and causes the network faults. A cut holds bytes back in one or both directions, like a
network partition, and delivers them late or never. For a PUT that decides a seal, the request can be late, and the answer can be late or lost.
"""
import asyncio
import collections
import ctypes
import os
import re
import socket
import subprocess
import threading
import time

CLONE_NEWNET = 0x40000000
DECISION = re.compile(rb"PUT /[^ ?]*/_tributary/seals/")
# How to recognize the request of each step of a seal.
STEPS = {
    "stage": re.compile(rb"PUT /[^ ?]*/_tributary/(?:windows|bundles)/"), "decide": DECISION,
    "publish": re.compile(rb"PUT /[^ ?]*/integration(?:=|%3[Dd])"), "forget": re.compile(rb"DELETE /[^ ?]*/_tributary/"),
}
# To remove the fence, If-None-Match is removed. The signature would then be wrong, so Authorization is removed, too.
CONDITION = re.compile(rb"\r\n(?:if-none-match|authorization):[^\r]*", re.IGNORECASE)
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


class Namespace:
    """A network namespace with only a loopback interface. It disappears when this process ends."""

    def __init__(self):
        # `cat` keeps the namespace in existence, and ends when its pipe is closed.
        self.holder = subprocess.Popen(["unshare", "--net", "sh", "-c", "ip link set lo up && echo up && exec cat"],
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self.holder.stdout.readline() == b"up\n", "no network namespace"
        self.path = f"/proc/{self.holder.pid}/ns/net"
        self.enter = ["nsenter", f"--net={self.path}"]

    def listen(self, port):
        """A socket of this process that listens inside the namespace."""
        found = []

        def inside():
            # setns(2) changes the namespace of the current thread only.
            with open(self.path) as file:
                if ctypes.CDLL(None, use_errno=True).setns(file.fileno(), CLONE_NEWNET):
                    raise OSError(ctypes.get_errno(), "setns")
            server = socket.socket()
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            server.bind(("127.0.0.1", port))
            server.listen(128)
            server.setblocking(False)
            found.append(server)

        thread = threading.Thread(target=inside)
        thread.start()
        thread.join()
        return found[0]

    def close(self):
        self.holder.stdin.close()
        self.holder.wait()


Request = collections.namedtuple("Request", "at host port method target")


class Exchange:
    """The state of one connection."""

    def __init__(self):
        self.request = None          # the last request whose head was passed on
        self.answered = 0            # bytes of its answer so far
        self.status = None
        self.answer_fate = None      # "lost", "reset", or seconds
        self.trap = None             # a function that is called before the answer is delivered
        self.is_client_there = True


class Link:
    """The connection of one host to one service. `record(request, status, bytes)` is called when the relay considers an answer complete."""

    def __init__(self, host, service, record):
        self.host, self.service, self.record = host, service, record
        self.cut = None              # None, "requests", "answers" or "both"
        self.is_late = True          # whether a cut's bytes are delivered when the cut ends; otherwise their connections are closed
        self.open = asyncio.Event()
        self.open.set()
        self.fates = collections.deque()   # the faults for the next deciding PUTs: ("answer lost"|"answer reset"|"answer late"|"request late", seconds)
        self.struck = collections.Counter()
        self.drops_condition = False
        self.trap = None             # (a step, whether after its request, a function to call at the next request of the step)

    async def pass_gate(self, direction):
        """Waits while this direction is cut. Returns whether the bytes may be delivered."""
        if self.cut in (direction, "both"):
            await self.open.wait()
            return self.is_late
        return True

    async def serve(self, client, client_writer, port):
        exchange = Exchange()
        if not await self.pass_gate("requests"):
            return client_writer.close()
        try:
            server, server_writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            return client_writer.transport.abort()
        try:
            await asyncio.gather(self._requests(exchange, client, server_writer, port), self._answers(exchange, server, client_writer))
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, asyncio.CancelledError):
            pass
        finally:
            self._note(exchange)
            server_writer.transport.abort()
            client_writer.transport.abort()

    async def _requests(self, exchange, client, server, port):
        """Passes requests on: each head when it is complete, and bodies as they arrive."""
        while True:
            try:
                head = await client.readuntil(b"\r\n\r\n")
            except asyncio.IncompleteReadError:
                break
            self._note(exchange)
            exchange.answered, exchange.status, exchange.answer_fate = 0, None, None
            method, target = head.split(b" ", 2)[:2]
            exchange.request = Request(time.monotonic(), self.host, port, method.decode(), target.decode())
            if self.trap and STEPS[self.trap[0]].match(head):
                (_, is_after, strike), self.trap = self.trap, None
                if not is_after:
                    strike()
                    return self._end(exchange, server)
                exchange.trap = strike
            is_decision = self.service == "s3" and DECISION.match(head)
            if is_decision and self.drops_condition:
                head = CONDITION.sub(b"", head)
            delay = 0
            if is_decision and self.fates:
                what, seconds = self.fates.popleft()
                self.struck[what] += 1
                if what == "request late":
                    delay = seconds
                else:
                    exchange.answer_fate = {"answer lost": "lost", "answer reset": "reset", "answer late": seconds}[what]
            found = LENGTH.search(head)
            left = int(found[1]) if found else 0
            held = [head]
            if delay:
                # Here the body is read completely, so that the server gets the whole request even if the client dies.
                held.append(await client.readexactly(left))
                left = 0
                await asyncio.sleep(delay)
            if not await self.pass_gate("requests"):
                return self._end(exchange, server)
            server.writelines(held)
            while left:
                data = await client.read(min(left, 1 << 16))
                if not data:
                    return self._end(exchange, server)
                if not await self.pass_gate("requests"):
                    return self._end(exchange, server)
                server.write(data)
                left -= len(data)
                await server.drain()
            await server.drain()
        # The client has disconnected. Its request is still carried out, as if it were already in the server's buffer.
        exchange.is_client_there = False
        for _ in range(40):
            if exchange.request is None or exchange.answered:
                break
            await asyncio.sleep(0.05)
        self._end(exchange, server)

    def _end(self, exchange, server):
        exchange.is_client_there = False
        server.close()

    async def _answers(self, exchange, server, client):
        while True:
            data = await server.read(1 << 16)
            if not data:
                if exchange.answer_fate != "lost":
                    client.close()
                return
            if not exchange.answered and data.startswith(b"HTTP/1.1 ") and not data.startswith(b"HTTP/1.1 100"):
                exchange.status = int(data[9:12])
            if exchange.status:
                exchange.answered += len(data)
                if exchange.trap:
                    exchange.trap()
                    return client.transport.abort()
            # A status line "100 Continue" is not the answer yet.
            fate = exchange.answer_fate if exchange.status else None
            if fate == "lost":
                continue
            if fate == "reset":
                client.transport.abort()
                continue
            if fate:
                exchange.answer_fate = None
                await asyncio.sleep(fate)
            if not await self.pass_gate("answers"):
                return client.transport.abort()
            if exchange.is_client_there:
                client.write(data)
                await client.drain()

    def _note(self, exchange):
        if exchange.request is not None:
            self.record(exchange.request, exchange.status, exchange.answered)
            exchange.request = None


class Network:
    """All namespaces and links. A separate thread runs them."""

    def __init__(self, hosts, services):
        """`services` maps the name of each service to its ports."""
        self.requests = {name: [] for name in services}   # (Request, status or None, bytes of the answer), in the order in which they ended
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()
        self.namespaces = [Namespace() for _ in range(hosts)]
        self.links = {}
        for host, namespace in enumerate(self.namespaces):
            for service, ports in services.items():
                sockets = {port: namespace.listen(port) for port in ports}
                self._call(self._start(host, service, sockets))

    def _call(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(60)

    async def _start(self, host, service, sockets):
        noted = self.requests[service]
        link = Link(host, service, lambda *what: noted.append(what))
        self.links[host, service] = link
        for port, server in sockets.items():
            await asyncio.start_server(lambda reader, writer, port=port: link.serve(reader, writer, port), sock=server, limit=1 << 17)

    def cut(self, host, service, direction, is_late):
        async def change():
            link = self.links[host, service]
            link.cut, link.is_late = direction, is_late
            link.open.clear()
        self._call(change())

    def heal(self, host, service):
        async def change():
            link = self.links[host, service]
            link.cut = None
            link.open.set()
        self._call(change())

    def strike(self, host, what, seconds, count=1):
        """Lets a fault affect this host's next PUTs that decide seals: "answer lost", "answer reset", "answer late" or "request late"."""
        async def change():
            self.links[host, "s3"].fates.extend([(what, seconds)] * count)
        self._call(change())

    def trap(self, host, step, is_after, strike):
        """Calls `strike` once, at this host's next request of a step of a seal. If `strike` is None, removes an earlier trap.

        With `is_after`, `strike` is called when the request is answered. Otherwise it is called first, and the request is not carried out."""
        async def change():
            self.links[host, "s3"].trap = (step, is_after, strike) if strike else None
        self._call(change())

    def calm(self):
        """Removes all faults."""
        async def change():
            for link in self.links.values():
                link.fates.clear()
                link.cut = None
                link.open.set()
        self._call(change())

    def drop_condition(self):
        """Removes the fence: the PUTs of seals reach the store without If-None-Match."""
        for link in self.links.values():
            link.drops_condition = True

    def struck(self):
        return sum((link.struck for link in self.links.values()), collections.Counter())

    def close(self):
        async def end():
            others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

        self._call(end())
        self.loop.call_soon_threadsafe(self.loop.stop)
        for namespace in self.namespaces:
            namespace.close()
