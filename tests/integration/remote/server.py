#!/usr/bin/env python3
"""server.py - a range server that misbehaves on request: /<how>/<file> serves <file> of a folder in that way

server.py FOLDER: prints its port, serves 127.0.0.1 (and 127.0.0.2) until it is killed or standard input ends.

    good      as it should be                     stall     falls silent in the middle of a body that is no head
    wrong     206 with another range              mute      never answers at all
    change    another ETag after the first range  close     ends the connection in the middle, each time
    busy      503 twice for each range, then good always503 nothing else
    limit     429 with Retry-After: 1, then good  whole     200 and the whole file: knows no ranges
    missing   404                                 denied    403
    gzip      Content-Encoding: gzip              shrink    another size after the first range
    hop       redirects to good                   loop      redirects to itself
    inside    redirects to 127.0.0.2              file      redirects to file:///
    gone      404 for all but the first range     user      redirects to an address with a password
"""
import os
import re
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    seen = {}  # (path, range) -> how often
    lock = threading.Lock()

    def log_message(self, *words):
        pass

    def answer(self, status, fields=(), body=b""):
        self.send_response(status)
        for name, value in fields:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def count(self, key):
        with self.lock:
            self.seen[key] = self.seen.get(key, 0) + 1
            return self.seen[key]

    def redirect(self, to):
        self.answer(302, [("Location", to)])

    def do_GET(self):
        _, how, name = self.path.split("/", 2)
        asked = self.headers.get("Range", "")
        times = self.count((self.path, asked))
        port = self.server.server_address[1]
        if how == "hop":
            return self.redirect("/good/" + name)
        if how == "loop":
            return self.redirect(self.path)
        if how == "inside":
            return self.redirect("http://127.0.0.2:%d/good/%s" % (port, name))
        if how == "file":
            return self.redirect("file:///etc/hostname")
        if how == "user":
            return self.redirect("http://me:secret@127.0.0.1:%d/good/%s" % (port, name))
        if how == "missing" or (how == "gone" and not asked.startswith("bytes=0-")):
            return self.answer(404, body=b"not here")
        if how == "denied":
            return self.answer(403)
        if how == "always503" or (how == "busy" and times <= 2):
            return self.answer(503)
        if how == "limit" and times == 1:
            return self.answer(429, [("Retry-After", "1")])
        if how == "mute":
            threading.Event().wait(60)
            return None
        return self.serve(how, os.path.join(self.server.folder, os.path.basename(name)), asked)

    def serve(self, how, path, asked):
        with open(path, "rb") as file:
            data = file.read()
        match = re.fullmatch(r"bytes=(\d+)-(\d+)", asked)
        if match is None or how == "whole":
            return self.answer(200, body=data)
        first, last = int(match[1]), min(int(match[2]), len(data) - 1)
        if first >= len(data):
            return self.answer(416, [("Content-Range", "bytes */%d" % len(data))])
        body, size, is_head = data[first:last + 1], len(data), first == 0
        if how == "wrong" and not is_head:
            first += 1
            last += 1
        if how == "shrink" and not is_head:
            size -= 1
        etag = '"two"' if how == "change" and not is_head else '"one"'
        fields = [("Content-Range", "bytes %d-%d/%d" % (first, last, size)), ("ETag", etag)]
        if how == "gzip":
            fields.append(("Content-Encoding", "gzip"))
        if how in ("stall", "close") and not is_head:
            return self.send_half(how, fields, body)
        return self.answer(206, fields, body)

    def send_half(self, how, fields, body):
        self.send_response(206)
        for name, value in fields:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:len(body) // 2])
        self.wfile.flush()
        if how == "stall":
            threading.Event().wait(60)
        self.close_connection = True


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, *_):
        """Clients that hang up are what these tests are about."""


def main():
    server = Server(("0.0.0.0", 0), Handler)
    server.folder = sys.argv[1]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
