#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""rgw.py FOLDER CERTIFICATE KEY [KEY=VALUE …]: a real S3 store, Ceph's RADOS Gateway, in memory.

Starts one monitor, one object store daemon and the gateway on free ports of 127.0.0.1, makes the user of KEY_ID and
SECRET below, prints "TLS_PORT HTTP_PORT" and stays until it is killed; the daemons die with it. With address=ADDRESS the
gateway listens there for TLS. Other KEY=VALUE lines are added to its configuration. SIGUSR1 kills the gateway alone, SIGUSR2 starts it again: what it has answered for is in
the daemons behind it. If there is then a file FOLDER/0/clock, it says how wrong the gateway's clock is ("-40m"). Packages: radosgw ceph-mon ceph-osd ceph-common.
"""
import base64
import ctypes
import glob
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time
import urllib.request
import uuid

KEY_ID = "AKIDTEST0000000001"
SECRET = "secretTEST0000000000000000000000000000001"
# That user may assume the role "backup", which may do all in S3.
TRUST = ('{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["sts:AssumeRole"], '
         '"Principal": {"AWS": ["arn:aws:iam:::user/t"]}}]}')
RIGHTS = ('{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["s3:*"], '
          '"Resource": "arn:aws:s3:::*"}]}')

CONFIGURATION = """[global]
fsid = {fsid}
mon_host = [v2:127.0.0.1:{mon}]
auth_cluster_required = none
auth_service_required = none
auth_client_required = none
auth_allow_insecure_global_id_reclaim = false
run_dir = {d}/run
pid_file = {d}/run/$name.pid
admin_socket = {d}/run/$name.asok
log_file = {d}/log/$name.log
crash_dir = {d}/log
keyring = /dev/null
# Without keys there is no "secure" mode, which the gateway would else insist on.
ms_mon_client_mode = crc
# The store has one of everything, and nobody to wait for.
paxos_propose_interval = 0.02
paxos_min_wait = 0.01
ms_bind_msgr1 = false
ms_bind_ipv6 = false
public_addr = 127.0.0.1
cluster_addr = 127.0.0.1
osd_crush_chooseleaf_type = 0
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 1
osd_pool_default_pgp_num = 1
osd_pool_default_pg_autoscale_mode = off
mon_allow_pool_size_one = true
mon_max_pg_per_osd = 1000
mon_data_avail_crit = 1
mon_data_avail_warn = 1
mon_warn_on_pool_no_redundancy = false
[mon]
mon_data = {d}/mon
mon_cluster_log_file = {d}/log/cluster.log
[osd]
osd_data = {d}/osd
osd_objectstore = memstore
memstore_device_bytes = 4294967296
osd_class_load_list = *
osd_class_default_list = *
osd_check_max_object_name_len_on_startup = false
[client]
rgw_frontends = beast endpoint=127.0.0.1:{http} ssl_endpoint={address}:{tls} ssl_certificate={cert} ssl_private_key={key}
rgw_dns_name = localhost
rgw_crypt_require_ssl = false
rgw_crypt_s3_kms_backend = testing
rgw_crypt_s3_kms_encryption_keys = testkey-1={kms}
rgw_enable_usage_log = false
rgw_thread_pool_size = 32
rgw_run_sync_thread = false
{more}
"""


def die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Gateway:
    def __init__(self, folder, certificate, key, more):
        self.folder = pathlib.Path(folder)
        for name in ("mon", "osd", "run", "log"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        self.tls, self.http, self.mon = free_port(), free_port(), free_port()
        self.fsid = str(uuid.uuid4())
        self.conf = str(self.folder / "ceph.conf")
        address = next((line.split("=", 1)[1] for line in more if line.startswith("address=")), "127.0.0.1")
        more = [line for line in more if not line.startswith("address=")]
        pathlib.Path(self.conf).write_text(CONFIGURATION.format(
            d=self.folder, fsid=self.fsid, address=address, mon=self.mon, http=self.http, tls=self.tls, cert=certificate, key=key,
            kms=base64.b64encode(os.urandom(32)).decode(), more="\n".join(more)))
        self.daemons = []

    def run(self, *command):
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60,
                              preexec_fn=die_with_parent)
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(command[:3])} …: {done.stdout[-500:]}")

    def start(self, name, *command, **environment):
        log = open(self.folder / "log" / f"{name}.out", "w")
        self.daemons.append(subprocess.Popen(command, stdout=log, stderr=log, preexec_fn=die_with_parent,
                                             env={**os.environ, **environment}))

    def start_gateway(self):
        clock = self.folder / "clock"
        wrong = {}
        if clock.exists():
            wrong = {"LD_PRELOAD": glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")[0],
                     "FAKETIME": clock.read_text().strip(), "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
        self.start("rgw", "radosgw", "-c", self.conf, "-n", "client.rgw", "-f", **wrong)

    def kill_gateway(self):
        gateway = self.daemons.pop()
        gateway.kill()
        gateway.wait()
        # What faketime makes for a process, and cannot remove when that is killed.
        for left in glob.glob(f"/dev/shm/*faketime_*_{gateway.pid}"):
            os.unlink(left)

    def start_all(self):
        conf = ("-c", self.conf)
        monmap = str(self.folder / "monmap")
        self.run("monmaptool", "--create", "--fsid", self.fsid, "--addv", "a", f"[v2:127.0.0.1:{self.mon}]", monmap)
        self.run("ceph-mon", *conf, "--mkfs", "-i", "a", "--monmap", monmap)
        self.start("mon", "ceph-mon", *conf, "-i", "a", "-f")
        osd = str(uuid.uuid4())
        self.run("ceph", *conf, "osd", "new", osd)
        self.run("ceph-osd", *conf, "-i", "0", "--mkfs", "--osd-uuid", osd)
        self.start("osd", "ceph-osd", *conf, "-i", "0", "-f")
        admin = ("radosgw-admin", *conf)
        self.run(*admin, "user", "create", "--uid=t", "--display-name=t", f"--access-key={KEY_ID}", f"--secret={SECRET}")
        self.run(*admin, "role", "create", "--role-name=backup", "--path=/", f"--assume-role-policy-doc={TRUST}")
        self.run(*admin, "role-policy", "put", "--role-name=backup", "--policy-name=all", f"--policy-doc={RIGHTS}")
        # The gateway reads its zone once, at its start.
        self.run(*admin, "zonegroup", "placement", "add", "--rgw-zonegroup", "default", "--placement-id",
                 "default-placement", "--storage-class", "STANDARD_IA")
        self.run(*admin, "zone", "placement", "add", "--rgw-zone", "default", "--placement-id", "default-placement",
                 "--storage-class", "STANDARD_IA", "--data-pool", "default.rgw.ia.data")
        self.start_gateway()
        self.wait_until_it_answers()

    def wait_until_it_answers(self):
        for _ in range(600):
            if any(daemon.poll() is not None for daemon in self.daemons):
                break
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.http}/", timeout=2).close()
                return
            except OSError:
                time.sleep(0.05)
        raise RuntimeError("the gateway does not answer")

    def stop(self):
        for daemon in self.daemons:
            daemon.kill()
            daemon.wait()


def main():
    folder, certificate, key = sys.argv[1:4]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    for attempt in range(3):
        gateway = Gateway(f"{folder}/{attempt}", certificate, key, sys.argv[4:])
        try:
            gateway.start_all()
            signal.signal(signal.SIGUSR1, lambda *_: gateway.kill_gateway())
            signal.signal(signal.SIGUSR2, lambda *_: gateway.start_gateway())
            print(gateway.tls, gateway.http, gateway.conf, flush=True)
            while True:
                signal.pause()
        except (RuntimeError, subprocess.TimeoutExpired) as problem:
            # Somebody may have taken one of the ports meanwhile.
            print(f"rgw.py: attempt {attempt}: {problem}", file=sys.stderr, flush=True)
        finally:
            gateway.stop()
    sys.exit(1)


main()
