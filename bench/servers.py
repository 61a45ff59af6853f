# SPDX-License-Identifier: Apache-2.0
"""Real servers on this machine for bench/upload, and a line between that is slow to answer."""
import os
import pathlib
import queue
import signal
import socket
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
KEYS = {"AWS_ACCESS_KEY_ID": "AKIDTEST0000000001", "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_SECRET_ACCESS_KEY": "secretTEST0000000000000000000000000000001", "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null"}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Sshd:
    """A private sshd, without a disk of its own to wait for; the ssh_config calls it "nas"."""

    def __init__(self, folder):
        self.folder = folder
        os.makedirs("/run/sshd", exist_ok=True)
        for key in ("host_key", "user_key"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / key], check=True)
        for _ in range(20):
            self.port = free_port()
            (folder / "sshd_config").write_text(
                f"ListenAddress 127.0.0.1:{self.port}\nHostKey {folder}/host_key\nPidFile none\nUsePAM no\n"
                f"StrictModes no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n"
                f"PermitRootLogin prohibit-password\nAuthorizedKeysFile {folder}/user_key.pub\n"
                f"Subsystem sftp internal-sftp\n")
            self.process = subprocess.Popen(["/usr/sbin/sshd", "-D", "-f", folder / "sshd_config", "-E", folder / "log"])
            if self.listens():
                break

    def listens(self):
        while self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return True
            except OSError:
                time.sleep(0.01)
        return False

    def reach_at(self, port):
        key = (self.folder / "host_key.pub").read_text().split()[:2]
        (self.folder / "known_hosts").write_text(f"[127.0.0.1]:{port} {' '.join(key)}\n")
        config = self.folder / "ssh_config"
        config.write_text(
            f"Host nas\n  HostName 127.0.0.1\n  Port {port}\n  IdentityFile {self.folder}/user_key\n"
            f"  IdentitiesOnly yes\n  UserKnownHostsFile {self.folder}/known_hosts\n"
            f"  Ciphers aes256-gcm@openssh.com\n")
        return config

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


class Store:
    """A Ceph RADOS Gateway in memory, over TLS (tests/support/rgw.py)."""

    def __init__(self, folder):
        self.certificate, key = folder / "cert.pem", folder / "key.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-days", "3", "-subj", "/CN=bench", "-addext", "subjectAltName=DNS:localhost", "-keyout", key,
                        "-out", self.certificate], check=True, capture_output=True)
        self.process = subprocess.Popen([sys.executable, ROOT / "tests/support/rgw.py", folder / "rgw",
                                         self.certificate, key, "memstore_device_bytes=12884901888",
                                         "rgw_gc_obj_min_wait=1", "rgw_gc_processor_period=1"], stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline().split()[0])

    def stop(self):
        self.process.terminate()
        self.process.wait()


class SlowLine:
    """Passes TCP connections on to a port; every byte comes out that many seconds later, each way. Where the kernel
    has no netem, this stands for a distant server."""

    def __init__(self, port, delay):
        self.target, self.delay = port, delay
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            near, _ = self.listener.accept()
            far = socket.create_connection(("127.0.0.1", self.target))
            for end in (near, far):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.carry(near, far)
            self.carry(far, near)

    def carry(self, source, target):
        under_way = queue.Queue(maxsize=4096)

        def take():
            data = b"x"
            while data:
                try:
                    data = source.recv(65536)
                except OSError:
                    data = b""
                under_way.put((time.monotonic() + self.delay, data))

        def give():
            while True:
                due, data = under_way.get()
                time.sleep(max(0.0, due - time.monotonic()))
                try:
                    if not data:
                        target.shutdown(socket.SHUT_WR)
                        return
                    target.sendall(data)
                except OSError:
                    return

        for work in (take, give):
            threading.Thread(target=work, daemon=True).start()
