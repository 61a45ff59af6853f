#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""http_server.py [CERTIFICATE KEY]: an HTTP/1.1 server on a free port of 127.0.0.1, which it prints.

The path says how it behaves:
  /echo            the request's body comes back; X-Method, X-Got-… tell the method and some headers
  /bytes/N         N bytes, each its own offset modulo 251; /chunked/N the same without a length
  /status/N        an answer with that status and the body "status N"
  /stall           no answer at all; /stall-body: half of the body, then nothing
  /reset           the connection is reset before the request's body is read
  /cut             half of the body, then the connection is reset
  /close           a good answer, then the connection is closed without notice; /closed: how many of these are closed by now
  /lost            the request's body is read, then the connection is reset without an answer; /lost-count: how often
  /connections     how many connections were accepted so far
"""
import http.server
import socket
import ssl
import struct
import sys
import threading

accepted = 0
lost = 0
closing = set()
closed = 0


def pattern(size):
    block = bytes(range(251))
    return (block * (size // 251 + 1))[:size]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def answer(self, body, status=200, headers=()):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def handle_any(self):
        global lost
        parts = self.path.split("?")[0].strip("/").split("/")
        if parts[0] == "stall":
            threading.Event().wait(60)
        if parts[0] == "reset":
            return self.reset()
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if parts[0] == "echo":
            got = [("X-Got-" + name, value) for name, value in self.headers.items()]
            self.answer(body, headers=[("X-Method", self.command), ("X-Path", self.path), *got])
        elif parts[0] == "bytes":
            self.answer(pattern(int(parts[1])))
        elif parts[0] == "chunked":
            self.chunked(pattern(int(parts[1])))
        elif parts[0] == "status":
            self.answer(b"" if parts[1] == "204" else b"status " + parts[1].encode(), int(parts[1]))
        elif parts[0] == "lost":
            lost += 1
            self.reset()
        elif parts[0] == "lost-count":
            self.answer(str(lost).encode())
        elif parts[0] == "connections":
            self.answer(str(accepted).encode())
        elif parts[0] == "close":
            self.answer(b"good")
            self.wfile.flush()
            closing.add(self.connection)
            self.close_connection = True
        elif parts[0] == "closed":
            self.answer(str(closed).encode())
        elif parts[0] in ("cut", "stall-body"):
            self.send_response(200)
            self.send_header("Content-Length", "100000")
            self.end_headers()
            self.wfile.write(pattern(50000))
            self.wfile.flush()
            if parts[0] == "stall-body":
                threading.Event().wait(60)
            self.reset()
        else:
            self.answer(b"no such behaviour", 404)

    def reset(self):
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True

    def chunked(self, body):
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for at in range(0, len(body), 10000):
            piece = body[at:at + 10000]
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        self.wfile.write(b"0\r\n\r\n")

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = handle_any


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def get_request(self):
        global accepted
        accepted += 1
        return super().get_request()

    def shutdown_request(self, request):
        global closed
        super().shutdown_request(request)
        closed += request in closing
        closing.discard(request)

    def handle_error(self, *_):
        pass


server = Server(("127.0.0.1", 0), Handler)
if len(sys.argv) > 2:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[1], sys.argv[2])
    server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_address[1], flush=True)
server.serve_forever()
