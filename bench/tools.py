# SPDX-License-Identifier: Apache-2.0
"""hikae, restic and borg with settings that make them comparable: encrypted, authenticated, zstd
at each one's default level."""
import os
import pathlib
import subprocess

PASSWORD = "bench-only-password"

POLICY = """\
version: 1
name: bench
language: en
timezone: UTC
sources:
  data:
    files: ["{data}"]
destinations:
{destinations}
encryption:
  password: {{file: "{password}"}}
retention: {{last: 3}}
"""


def _first_line(*command):
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return output.splitlines()[0]


class Tool:
    """Commands as lists of words. `home` holds what the tool keeps outside its repositories."""

    def __init__(self, home, data):
        self.home = pathlib.Path(home)
        self.data = str(data)
        self.home.mkdir(parents=True)
        self.environment = {k: v for k, v in os.environ.items()
                            if not k.startswith(("RESTIC_", "BORG_", "HIKAE_"))}
        self.environment.update(LC_ALL="C.UTF-8", HOME=str(self.home), **self.settings())

    def settings(self):
        return {}

    def prepare(self, repositories):
        """What stands before the first backup to these destinations and is not measured."""
        return [command for repository in repositories for command in self.init(repository)]

    def backup_to(self, repositories):
        """The first backup to each of the destinations: one after the other."""
        return [command for repository in repositories for command in self.backup(repository)]


class Hikae(Tool):
    name = "hikae"
    about = "repository format of restic 2, zstd level 2"

    def __init__(self, home, data, program):
        self.program = str(program)
        super().__init__(home, data)
        (self.home / "password").write_text(PASSWORD + "\n", encoding="ascii")
        (self.home / "password").chmod(0o600)

    def settings(self):
        return {"HIKAE_STATE_DIR": str(self.home / "state"), "HIKAE_CACHE_DIR": str(self.home / "cache")}

    def version(self):
        return _first_line(self.program, "--version")

    def _at(self, repository, *words):
        return [self.program, *words, "-r", str(repository), "--password-file", str(self.home / "password")]

    def init(self, repository):
        return [self._at(repository, "init")]

    def backup(self, repository):
        return [self._at(repository, "backup", self.data)]

    def backup_reading_all(self, repository):
        return [self._at(repository, "backup", "--force", self.data)]

    def restore(self, repository, target):
        return [self._at(repository, "restore", "latest", "--target", str(target))]

    def check(self, repository):
        return [self._at(repository, "check", "--read-data")]

    def forget(self, repository):
        return [self._at(repository, "forget", "--keep-last", "1", "--prune")]

    def _policy(self, repositories):
        places = "\n".join(f'  d{i}:\n    url: "{place}"' for i, place in enumerate(repositories, 1))
        path = self.home / "policy.yaml"
        path.write_text(POLICY.format(data=self.data, destinations=places, password=self.home / "password"),
                        encoding="utf-8")
        return str(path)

    def prepare(self, repositories):
        return [[self.program, "--policy", self._policy(repositories), "init"]]

    def backup_to(self, repositories):
        return [[self.program, "--policy", self._policy(repositories), "run"]]


class Restic(Tool):
    name = "restic"
    about = "repository version 2, compression auto (zstd level 3), with its cache"

    def settings(self):
        return {"RESTIC_PASSWORD": PASSWORD, "RESTIC_CACHE_DIR": str(self.home / "cache")}

    def version(self):
        return _first_line("restic", "version")

    def _at(self, repository, *words):
        return ["restic", "-q", "-r", str(repository), *words]

    def init(self, repository):
        return [self._at(repository, "init", "--repository-version", "2")]

    def backup(self, repository):
        return [self._at(repository, "backup", self.data)]

    def backup_reading_all(self, repository):
        return [self._at(repository, "backup", "--force", self.data)]

    def restore(self, repository, target):
        return [self._at(repository, "restore", "latest", "--target", str(target))]

    def check(self, repository):
        return [self._at(repository, "check", "--read-data")]

    def forget(self, repository):
        return [self._at(repository, "forget", "--keep-last", "1", "--prune")]


class Borg(Tool):
    name = "borg"
    about = "repokey-blake2, compression zstd,3, with its cache"
    serial = 0

    def settings(self):
        return {"BORG_PASSPHRASE": PASSWORD, "BORG_BASE_DIR": str(self.home)}

    def version(self):
        return _first_line("borg", "--version")

    def init(self, repository):
        return [["borg", "init", "--encryption", "repokey-blake2", str(repository)]]

    def _create(self, repository, *words):
        Borg.serial += 1
        return [["borg", "create", "--compression", "zstd,3", *words, f"{repository}::a{Borg.serial}", self.data]]

    def backup(self, repository):
        return self._create(repository)

    def backup_reading_all(self, repository):
        return self._create(repository, "--files-cache", "disabled")

    def restore(self, repository, target):
        return [["env", "-C", str(target), "borg", "extract", f"{repository}::a{self._last(repository)}"]]

    def _last(self, repository):
        listed = subprocess.run(["borg", "list", "--short", "--last", "1", str(repository)], check=True, text=True,
                                capture_output=True, env=self.environment).stdout
        return listed.strip().removeprefix("a")

    def check(self, repository):
        return [["borg", "check", "--verify-data", str(repository)]]

    def forget(self, repository):
        return [["borg", "prune", "--keep-last", "1", str(repository)], ["borg", "compact", str(repository)]]
