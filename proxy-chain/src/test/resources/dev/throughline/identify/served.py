"""Serves a file system with one program in it (fuse(4)), and runs a command while it is mounted.

served.py DEVICE MOUNT NAME BYTES LIKE [hang] -- COMMAND...

NAME has the bytes of the file BYTES, but inode and change time of the file LIKE. With "hang", a process that looks up a file
gets no answer as soon as the file MOUNT.hang exists.
"""
import ctypes
import os
import struct
import sys
import threading

ROOT, PROGRAM = 1, 2
LOOKUP, FORGET, GETATTR, OPEN, READ, STATFS, RELEASE, FLUSH, INIT, OPENDIR, INTERRUPT, BATCH_FORGET = (
    1, 2, 3, 14, 15, 17, 18, 25, 26, 27, 36, 42)
ENOENT, ENOSYS = 2, 38

split = sys.argv.index("--")
fuse, mount, name, source, like = sys.argv[1:6]
hangs = "hang" in sys.argv[6:split]
command = sys.argv[split + 1:]
content = open(source, "rb").read()
status = os.stat(like)
seconds = 0 if hangs else 3600

device = os.open(fuse, os.O_RDWR)
options = "fd=%d,rootmode=40000,user_id=%d,group_id=%d" % (device, os.getuid(), os.getgid())
if hangs:
    options += ",allow_other"
libc = ctypes.CDLL(None, use_errno=True)
if libc.mount(b"served", mount.encode(), b"fuse", 0, options.encode()) != 0:
    sys.exit("mount: " + os.strerror(ctypes.get_errno()))


def attributes(node):
    if node == ROOT:
        inode, size, changed, mode = ROOT, 0, 0, 0o040755
    else:
        inode, size, changed, mode = status.st_ino, len(content), status.st_ctime_ns, 0o100755
    return struct.pack("<6Q10I", inode, size, size // 512, 0, 0, changed // 10**9, 0, 0, changed % 10**9, mode, 1,
                       os.getuid(), os.getgid(), 0, 4096, 0)


def answer(operation, node, body):
    """The bytes of an answer, an error's number, or None for no answer at all."""
    if operation == INIT:
        return struct.pack("<IIIIHHIIHHI", 7, 31, 131072, 0, 12, 9, 131072, 1, 32, 0, 0) + bytes(28)
    if hangs and operation in (LOOKUP, GETATTR) and os.path.exists(mount + ".hang"):
        return None
    if operation == LOOKUP:
        if body.rstrip(b"\0") != name.encode():
            return ENOENT
        return struct.pack("<QQQQII", PROGRAM, 0, seconds, seconds, 0, 0) + attributes(PROGRAM)
    if operation == GETATTR:
        return struct.pack("<QII", seconds, 0, 0) + attributes(node)
    if operation in (OPEN, OPENDIR):
        return struct.pack("<QII", 1, 0, 0)
    if operation == READ:
        _, offset, size = struct.unpack_from("<QQI", body)
        return content[offset:offset + size]
    if operation == STATFS:
        return struct.pack("<5Q10I", 1, 1, 1, 1, 1, 4096, 255, 4096, 0, 0, 0, 0, 0, 0, 0)
    if operation in (RELEASE, FLUSH):
        return b""
    if operation in (FORGET, BATCH_FORGET, INTERRUPT):
        return None
    return ENOSYS


def serve():
    while True:
        try:
            request = os.read(device, 1 << 18)
        except OSError:
            return
        _, operation, unique, node = struct.unpack_from("<IIQQ", request)
        result = answer(operation, node, request[40:])
        if isinstance(result, int):
            os.write(device, struct.pack("<IiQ", 16, -result, unique))
        elif result is not None:
            os.write(device, struct.pack("<IiQ", 16 + len(result), 0, unique) + result)


threading.Thread(target=serve, daemon=True).start()
os._exit(os.spawnv(os.P_WAIT, command[0], command) & 0x7F)
