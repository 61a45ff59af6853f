#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""aws_metadata.py: a stand-in for services that exist on Amazon's machines only, on a free port that it prints.

It speaks the protocol of the instance metadata service, version 2 (a token by PUT, refused without it), of the
container's credential endpoint (/container, with the Authorization "container-token"), and of STS
AssumeRoleWithWebIdentity (POST /, token "web-token"). Each answer has another key id, and keys that expire in the year
that GET /expire/YEAR set last.
"""
import http.server
import urllib.parse

state = {"year": 2099, "given": 0}


def keys():
    state["given"] += 1
    return f"ASIA{state['given']:04}", f"{state['year']}-01-01T00:00:00Z"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, text, status=200):
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def json_keys(self):
        key, expires = keys()
        self.answer(f'{{"Code": "Success", "AccessKeyId": "{key}", "SecretAccessKey": "s", "Token": "t", '
                    f'"Expiration": "{expires}"}}')

    def do_PUT(self):
        good = self.path == "/latest/api/token" and self.headers.get("X-aws-ec2-metadata-token-ttl-seconds")
        self.answer("instance-token" if good else "", 200 if good else 400)

    def do_GET(self):
        if self.path.startswith("/expire/"):
            state["year"] = int(self.path.split("/")[2])
            return self.answer("")
        if self.path == "/container":
            good = self.headers.get("Authorization") == "container-token"
            return self.json_keys() if good else self.answer("", 401)
        if self.headers.get("X-aws-ec2-metadata-token") != "instance-token":
            return self.answer("", 401)
        base = "/latest/meta-data/iam/security-credentials/"
        if self.path == base:
            return self.answer("backup-role\n")
        return self.json_keys() if self.path == base + "backup-role" else self.answer("", 404)

    def do_POST(self):
        form = urllib.parse.parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        good = (form["Action"] == ["AssumeRoleWithWebIdentity"] and form["WebIdentityToken"] == ["web-token"]
                and form["RoleArn"] == ["arn:aws:iam::1:role/backup"] and form["Version"] == ["2011-06-15"])
        if not good:
            return self.answer("<ErrorResponse><Error><Code>InvalidIdentityToken</Code><Message>no</Message></Error>"
                               "</ErrorResponse>", 400)
        key, expires = keys()
        self.answer('<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">'
                    "<AssumeRoleWithWebIdentityResult><Credentials>"
                    f"<AccessKeyId>{key}</AccessKeyId><SecretAccessKey>s</SecretAccessKey>"
                    f"<SessionToken>t</SessionToken><Expiration>{expires}</Expiration></Credentials>"
                    "</AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>")


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
