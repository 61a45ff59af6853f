#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""smtp_server.py FOLDER CERTIFICATE KEY: a real mail server on free ports of 127.0.0.1.

Prints three ports on one line: STARTTLS and AUTH demanded; TLS from the first byte and AUTH demanded; neither offered.
The login is backup / pw123 (PLAIN, LOGIN). Each mail becomes FOLDER/N.eml as it came over the line, with X-Envelope-From
and X-Envelope-To before it. A recipient's name decides its fate: reject 550, later 451; the others get theirs. A file
FOLDER/down makes every sender be refused with 451. FOLDER/seen has one line per command AUTH, EHLO and MAIL.
"""
import asyncio
import os
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

FOLDER, CERTIFICATE, KEY = sys.argv[1:4]
os.makedirs(FOLDER, exist_ok=True)
count = 0


def note(line):
    with open(os.path.join(FOLDER, "seen"), "a", encoding="utf-8") as file:
        file.write(line + "\n")


class Handler:
    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        session.host_name = hostname
        note(f"EHLO {hostname} {'tls' if session.ssl else 'clear'}")
        return responses

    async def handle_MAIL(self, server, session, envelope, address, options):
        note(f"MAIL {address}")
        if os.path.exists(os.path.join(FOLDER, "down")):
            return "451 4.3.0 out of order for now"
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        name = address.split("@")[0]
        if name == "reject":
            return "550 5.1.1 no such user here"
        if name == "later":
            return "451 4.7.1 greylisted, try later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        global count
        count += 1
        head = f"X-Envelope-From: {envelope.mail_from}\r\nX-Envelope-To: {','.join(envelope.rcpt_tos)}\r\n"
        name = os.path.join(FOLDER, f"{count}.eml")
        with open(name + ".part", "wb") as file:
            file.write(head.encode() + envelope.original_content)
        os.rename(name + ".part", name)
        return f"250 2.0.0 taken as {count}"


def login(server, session, envelope, mechanism, data):
    good = isinstance(data, LoginPassword) and data.login == b"backup" and data.password == b"pw123"
    note(f"AUTH {mechanism} {'tls' if session.ssl else 'clear'} {'good' if good else 'bad'}")
    return AuthResult(success=good, handled=good, message=None if good else "535 5.7.8 wrong name or password")


async def main():
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(CERTIFICATE, KEY)
    common = {"decode_data": False, "hostname": "mail.test", "authenticator": login}
    kinds = [
        (lambda: SMTP(Handler(), tls_context=context, require_starttls=True, auth_required=True,
                      auth_require_tls=True, **common), None),
        (lambda: SMTP(Handler(), auth_required=True, auth_require_tls=False, **common), context),
        (lambda: SMTP(Handler(), decode_data=False, hostname="mail.test"), None),
    ]
    ports = []
    for make, tls in kinds:
        server = await asyncio.get_running_loop().create_server(make, "127.0.0.1", 0, ssl=tls)
        ports.append(str(server.sockets[0].getsockname()[1]))
    print(" ".join(ports), flush=True)
    await asyncio.Event().wait()


asyncio.run(main())
