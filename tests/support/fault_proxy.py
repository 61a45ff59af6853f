#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""fault_proxy.py CERTIFICATE KEY TARGET_PORT: https on a free port, which it prints, before http of 127.0.0.1.

"PUT /__faults" with lines "EFFECT COUNT" says what happens to the next requests, one line after another:
  503, 500, 501    answered so by the proxy (with S3's XML), without asking the store
  later            503 with Retry-After: 1
  expired          answered 400 ExpiredToken
  region           answered 400 AuthorizationHeaderMalformed, which names the region "elsewhere-1"
  reset            the connection is reset before the request's body is read
  lost             the store carries the request out, then the connection is reset without an answer
  cut              half of the answer's body, then a reset
  flip             one bit of the answer's body is wrong
  spoil            one bit of the request's body is wrong when the store gets it
  stall            no answer at all, for a minute
  etag             the answer's ETag is that of something else
  size             the answer to HEAD tells one byte too many
"PUT /__late" with "SECONDS WORD": an object whose key the expression WORD finds ("snapshots/|index/"; "/": every one) is listed only
so long after it was stored, if that was since the first of these; 0: at once. It can be read and asked for by its name at once.
"PUT /__sizes" with "WORD": listings tell one byte too many of objects whose key the expression WORD finds; "-": of none.
"GET /__peak" tells the most bytes of bodies that came within one second since it was asked last.
"GET /__faults" tells how many requests are still to be spoilt, how many came in all, and the scope that the last one
was signed for.
"""
import collections
import http.client
import http.server
import re
import socket
import ssl
import struct
import sys
import threading
import time
import urllib.parse

lock = threading.Lock()
faults = []
seen = 0
scope = "-"
late_seconds, late_word = 0.0, "/"
stored = {}  # when, by path
wrong_sizes = "-"
arrived = collections.deque()  # (when, bytes) of the last second
peak = 0


def note_arrival(size):
    global peak
    now = time.monotonic()
    with lock:
        arrived.append((now, size))
        while arrived[0][0] < now - 1:
            arrived.popleft()
        peak = max(peak, sum(part for _, part in arrived))


def without_late(bucket, listing):
    def is_late(block):
        key = urllib.parse.unquote_plus(re.search(rb"<Key>(.*?)</Key>", block).group(1).decode())
        since = stored.get(f"{bucket}/{key}")
        return since is not None and re.search(late_word, key) and time.monotonic() < since + late_seconds
    return re.sub(rb"<Contents>.*?</Contents>", lambda found: b"" if is_late(found.group()) else found.group(), listing,
                  flags=re.DOTALL)


def with_wrong_sizes(listing):
    def changed(block):
        text = block.group()
        key = urllib.parse.unquote_plus(re.search(rb"<Key>(.*?)</Key>", text).group(1).decode())
        if not re.search(wrong_sizes, key):
            return text
        return re.sub(rb"<Size>(\d+)</Size>", lambda size: b"<Size>%d</Size>" % (int(size.group(1)) + 1), text)
    return re.sub(rb"<Contents>.*?</Contents>", changed, listing, flags=re.DOTALL)


def next_fault():
    global seen
    with lock:
        seen += 1
        return faults.pop(0) if faults else None


def xml_error(code):
    more = "<Region>elsewhere-1</Region>" if code == "AuthorizationHeaderMalformed" else ""
    return f'<?xml version="1.0"?><Error><Code>{code}</Code><Message>by the proxy</Message>{more}</Error>'.encode()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def answer(self, status, headers, body):
        self.send_response_only(status)
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def reset(self):
        self.wfile.flush()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True

    def control(self, body):
        if self.command == "PUT":
            planned = [effect for effect, count in (line.split() for line in body.decode().splitlines())
                       for _ in range(int(count))]
            with lock:
                faults[:] = planned
        text = f"{len(faults)} {seen} {scope}".encode()
        self.answer(200, [("Content-Length", str(len(text)))], text)

    def control_late(self, body):
        global late_seconds, late_word
        seconds, late_word = body.decode().split()
        if late_seconds == 0:
            stored.clear()
        late_seconds = float(seconds)
        self.answer(200, [("Content-Length", "0")], b"")

    def control_sizes(self, body):
        global wrong_sizes
        wrong_sizes = body.decode().strip()
        self.answer(200, [("Content-Length", "0")], b"")

    def tell_peak(self):
        global peak
        with lock:
            text, peak = str(peak).encode(), 0
            arrived.clear()
        self.answer(200, [("Content-Length", str(len(text)))], text)

    def read_body(self, length):
        parts = []
        while length > 0:
            part = self.rfile.read1(min(length, 65536))
            if not part:
                break
            note_arrival(len(part))
            length -= len(part)
            parts.append(part)
        return b"".join(parts)

    def forward(self, body):
        store = http.client.HTTPConnection("127.0.0.1", int(sys.argv[3]), timeout=60)
        store.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            store.putheader(name, value)
        store.endheaders(body)
        response = store.getresponse()
        headers = [(name, value) for name, value in response.getheaders() if name.lower() not in
                   ("transfer-encoding", "content-length", "connection")]
        content = response.read()
        length = response.getheader("Content-Length") if self.command == "HEAD" else str(len(content))
        if length is not None and response.status != 204:
            headers.append(("Content-Length", length))
        store.close()
        return response.status, headers, content

    def handle_any(self):
        global scope
        length = int(self.headers.get("Content-Length") or 0)
        if self.path == "/__faults":
            return self.control(self.rfile.read(length))
        if self.path == "/__late":
            return self.control_late(self.rfile.read(length))
        if self.path == "/__sizes":
            return self.control_sizes(self.rfile.read(length))
        if self.path == "/__peak":
            return self.tell_peak()
        fault = next_fault()
        scope = self.headers.get("Authorization", "-").split("Credential=")[-1].split(",")[0]
        if fault == "reset":
            return self.reset()
        body = self.read_body(length)
        if fault == "stall":
            threading.Event().wait(60)
            return self.reset()
        if fault in ("503", "later", "500", "501", "expired", "region"):
            status, code = {"503": (503, "SlowDown"), "later": (503, "SlowDown"), "500": (500, "InternalError"),
                            "501": (501, "NotImplemented"),
                            "expired": (400, "ExpiredToken"),
                            "region": (400, "AuthorizationHeaderMalformed")}[fault]
            content = b"" if self.command == "HEAD" else xml_error(code)
            told = [("Retry-After", "1")] if fault == "later" else []
            return self.answer(status, [*told, ("Content-Length", str(len(content)))], content)
        if self.command == "PUT":
            stored[urllib.parse.unquote(self.path.split("?")[0])] = time.monotonic()
        if fault == "spoil" and body:
            body = body[:-1] + bytes([body[-1] ^ 1])
        status, headers, content = self.forward(body)
        if "list-type=" in self.path and (late_seconds or wrong_sizes != "-"):
            if late_seconds:
                content = without_late(self.path.split("?")[0].rstrip("/"), content)
            if wrong_sizes != "-":
                content = with_wrong_sizes(content)
            headers = [(name, value) for name, value in headers if name != "Content-Length"]
            headers.append(("Content-Length", str(len(content))))
        if fault == "lost":
            return self.reset()
        if fault == "etag":
            headers = [(name, '"00000000000000000000000000000000"' if name.lower() == "etag" else value)
                       for name, value in headers]
        if fault == "size":
            headers = [(name, str(int(value) + 1) if name.lower() == "content-length" else value)
                       for name, value in headers]
        if fault == "flip" and content:
            content = content[:-1] + bytes([content[-1] ^ 1])
        if fault == "cut":
            self.answer(status, headers, content[:len(content) // 2])
            return self.reset()
        self.answer(status, headers, content)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = handle_any


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        pass


server = Server(("127.0.0.1", 0), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1], sys.argv[2])
server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_address[1], flush=True)
server.serve_forever()
