#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""receiver.py FOLDER CERTIFICATE KEY: takes webhooks and pings over HTTPS on a free port of 127.0.0.1, which it prints.

Each request becomes FOLDER/N.json: method, path, headers (names in lower case) and body. The answer is 200 "ok", or
what FOLDER/answer says: a status, a blank, and a body; FOLDER/retry-after adds that header.
"""
import http.server
import json
import os
import ssl
import sys
import threading

FOLDER, CERTIFICATE, KEY = sys.argv[1:4]
os.makedirs(FOLDER, exist_ok=True)
count = 0
lock = threading.Lock()


def said(name):
    try:
        with open(os.path.join(FOLDER, name), encoding="utf-8") as file:
            return file.read().strip()
    except FileNotFoundError:
        return ""


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_POST(self):
        global count
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode("utf-8")
        headers = {name.lower(): value for name, value in self.headers.items()}
        with lock:
            count += 1
            path = os.path.join(FOLDER, f"{count}.json")
            with open(path + ".part", "w", encoding="utf-8") as file:
                json.dump({"method": self.command, "path": self.path, "headers": headers, "body": body}, file)
            os.rename(path + ".part", path)
        status, _, answer = (said("answer") or "200 ok").partition(" ")
        self.send_response(int(status))
        if said("retry-after"):
            self.send_header("Retry-After", said("retry-after"))
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer.encode())

    do_GET = do_HEAD = do_POST


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(CERTIFICATE, KEY)
server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_address[1], flush=True)
server.serve_forever()
