#!/usr/bin/env python3
"""proxy.py - an HTTP/1.1 proxy in front of one server that holds each answer back for a while, and counts

proxy.py TARGET_PORT MILLISECONDS: prints its port; at the end of standard input prints {"requests": {path: n}, "peak": n}
as JSON and ends. Many connections, each kept alive; an answer needs a Content-Length.
"""
import asyncio
import json
import re
import sys


class Proxy:
    def __init__(self, port, seconds):
        self.port = port
        self.seconds = seconds
        self.requests = {}
        self.busy = self.peak = 0

    async def relay(self, reader, head, upstream_reader, upstream_writer):
        """One request; the whole answer."""
        upstream_writer.write(head)
        answer = await upstream_reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"(?im)^content-length: *(\d+)", answer)
        if length is None or head.startswith(b"HEAD") or answer[9:12] in (b"204", b"304"):
            return answer
        return answer + await upstream_reader.readexactly(int(length[1]))

    async def serve(self, reader, writer):
        upstream_reader, upstream_writer = await asyncio.open_connection("127.0.0.1", self.port, limit=1 << 20)
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                path = head.split(b" ", 2)[1].decode()
                self.requests[path] = self.requests.get(path, 0) + 1
                self.busy += 1
                self.peak = max(self.peak, self.busy)
                answer, _ = await asyncio.gather(self.relay(reader, head, upstream_reader, upstream_writer),
                                                 asyncio.sleep(self.seconds))
                self.busy -= 1
                writer.write(answer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()
            upstream_writer.close()


async def main():
    proxy = Proxy(int(sys.argv[1]), float(sys.argv[2]) / 1000)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    print(json.dumps({"requests": proxy.requests, "peak": proxy.peak}), flush=True)
    server.close()


if __name__ == "__main__":
    asyncio.run(main())
