# SPDX-License-Identifier: Apache-2.0
"""The data that bench/compare works on: real files of /usr, incompressible files, many small ones."""
import os
import pathlib
import random
import shutil
import subprocess
import zlib

INCOMPRESSIBLE_SHARE = 0.10
SMALL_SHARE = 0.02
SMALL_FILES_IN_FOLDER = 200
KIB = 1024
MIB = 1024 * KIB


def _real_files(root, budget):
    """Whole folders beneath `root` in an order without pattern, until they fill the budget: (paths, bytes)."""
    folders = []
    for folder, _, names in os.walk(root):
        relative = os.path.relpath(folder, root)
        folders.append((zlib.crc32(relative.encode("utf-8", "surrogateescape")), relative, names))
    chosen, filled = [], 0
    for _, relative, names in sorted(folders):
        for name in sorted(names):
            path = os.path.join(relative, name)
            whole = os.path.join(root, path)
            is_link = os.path.islink(whole)
            if not is_link and not (os.path.isfile(whole) and os.access(whole, os.R_OK)):
                continue
            size = 0 if is_link else os.path.getsize(whole)
            if filled + size > budget:
                continue
            chosen.append(path)
            filled += size
        if filled > budget * 0.995:
            break
    return chosen, filled


def _copy(root, paths, target):
    """As `cp -a` does it: times, modes, links."""
    target.mkdir(parents=True)
    subprocess.run(["xargs", "-0", "cp", "-a", "--reflink=auto", "--parents", "-t", str(target)],
                   cwd=root, check=True, input=b"\0".join(os.fsencode(p) for p in paths) + b"\0")


def _write_incompressible(target, size, source):
    target.mkdir()
    left, number = size, 0
    while left > 0:
        length = min(left, source.choice((3, 20, 64)) * MIB)
        (target / f"video-{number:03}.bin").write_bytes(source.randbytes(length))
        left -= length
        number += 1


def _write_small(target, size, source):
    words = [source.randbytes(6).hex() for _ in range(500)]
    left, number = size, 0
    while left > 0:
        folder = target / f"{number // SMALL_FILES_IN_FOLDER:04}"
        if number % SMALL_FILES_IN_FOLDER == 0:
            folder.mkdir(parents=True)
        length = source.randrange(50, 4 * KIB)
        body = " ".join(source.choices(words, k=length // 13 + 1))[:length]
        (folder / f"message-{number:06}.txt").write_text(f"{number} {body}\n", encoding="ascii")
        left -= length
        number += 1


def build(target, size, root="/usr"):
    """Makes the data set of about `size` bytes; a third of it is missing in `without_a_third(target)`."""
    source = random.Random(20260401)  # the same bytes each time
    paths, _ = _real_files(root, int(size * (1 - INCOMPRESSIBLE_SHARE - SMALL_SHARE)))
    _copy(root, paths, target / "usr")
    _write_incompressible(target / "media", int(size * INCOMPRESSIBLE_SHARE), source)
    _write_small(target / "mail", int(size * SMALL_SHARE), source)


def build_small(target, number):
    """`number` files of about 200 bytes that have nothing in common, a thousand in a folder."""
    source = random.Random(20260401)
    noise = source.randbytes(MIB)
    for first in range(0, number, 1000):
        folder = target / f"{first // 1000:04}"
        folder.mkdir(parents=True)
        for file in range(first, min(first + 1000, number)):
            begin = source.randrange(MIB - 400)
            length = source.randrange(20, 380)
            (folder / f"file-{file:07}").write_bytes(b"%d " % file + noise[begin:begin + length])


def files_of(folder):
    """{relative path: size} of the regular files."""
    found = {}
    for parent, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(parent, name)
            if not os.path.islink(path) and os.path.isfile(path):
                found[os.path.relpath(path, folder)] = os.path.getsize(path)
    return found


def copy_without_a_third(data, target):
    subprocess.run(["cp", "-a", "--reflink=auto", str(data), str(target)], check=True)
    for path in sorted(files_of(target)):
        if zlib.crc32(path.encode("utf-8", "surrogateescape")) % 3 == 0:
            os.unlink(target / path)


def facts(folder):
    sizes = files_of(folder)
    folders = sum(len(names) for _, names, _ in os.walk(folder))
    return {"files": len(sizes), "folders": folders, "bytes": sum(sizes.values())}


def size_of(folder):
    return sum(files_of(folder).values())


def read_all(folder):
    """Brings the files into the page cache."""
    for path in files_of(folder):
        with open(pathlib.Path(folder) / path, "rb") as file:
            while file.read(4 * MIB):
                pass


def empty(folder):
    """Gives the space back but keeps the files: ext4 passes over inodes that were freed in the last minutes, one by one,
    so that whoever creates files after a large deletion would pay for it."""
    for path in files_of(folder):
        whole = pathlib.Path(folder) / path
        if not os.access(whole, os.W_OK):
            whole.chmod(0o600)
        os.truncate(whole, 0)


def remove(folder):
    """Also what is not writable."""
    def allow(function, path, _):
        os.chmod(os.path.dirname(path), 0o700)
        os.chmod(path, 0o700, follow_symlinks=False) if not os.path.islink(path) else None
        function(path)
    if os.path.lexists(folder):
        shutil.rmtree(folder, onerror=allow)
