"""Another user's application: victim.py short SERVER COUNT | victim.py long SERVER BYTES SECONDS. Prints what came of it."""
import hashlib
import json
import socket
import sys
import time

kind, server, size = sys.argv[1], sys.argv[2], int(sys.argv[3])


def short():
    """Prints one line for each flow: its source, how long the first answer took in milliseconds, and what went wrong."""
    for _ in range(size):
        began = time.monotonic()
        problem = ""
        connection = socket.socket()
        connection.settimeout(30)
        try:
            connection.connect((server, 80))
            connection.sendall(b"ping")
            answer = b""
            while len(answer) < 4:
                part = connection.recv(4)
                if not part:
                    raise OSError("ended after %d bytes" % len(answer))
                answer += part
            problem = "" if answer == b"ping" else repr(answer)
        except OSError as e:
            problem = str(e) or repr(e)
        took = (time.monotonic() - began) * 1000
        source = "%s:%d" % connection.getsockname()
        connection.close()
        print(json.dumps({"source": source, "milliseconds": took, "problem": problem}), flush=True)
        time.sleep(0.03)


def long():
    """Uploads at a steady pace, then downloads, and compares what the server hashed and sent."""
    seconds = int(sys.argv[4])
    connection = socket.create_connection((server, 8002), 60)
    began = time.monotonic()
    block = bytes(range(256)) * 64
    upload = hashlib.sha256()
    connection.sendall(size.to_bytes(4, "big"))
    sent = 0
    while sent < size:
        part = block[: size - sent]
        connection.sendall(part)
        upload.update(part)
        sent += len(part)
        time.sleep(max(0, began + seconds * sent / size - time.monotonic()))
    answer = bytearray()
    while len(answer) < size + 64:
        part = connection.recv(1 << 16)
        if not part:
            break
        answer += part
    whole = len(answer) == size + 64
    same = answer[:32] == upload.digest() and hashlib.sha256(answer[32:-32]).digest() == answer[-32:]
    source = "%s:%d" % connection.getsockname()
    print(json.dumps({"source": source, "problem": "" if whole and same else "%d of %d bytes, hashes %s" % (len(answer), size + 64, same)}))


short() if kind == "short" else long()
