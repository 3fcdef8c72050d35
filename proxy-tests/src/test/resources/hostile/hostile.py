"""Hostile programs for a scene: hostile.py KIND SERVER SIZE FOLDER. Each runs until its standard input ends."""
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

kind, server, size, folder = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
ECHO, PLAIN, CHAIN, METRICS = (server, 80), ("127.0.0.1", 15020), ("127.0.0.1", 15010), ("127.0.0.1", 15090)


def opened(to=ECHO, source=None):
    connection = socket.socket()
    connection.settimeout(5)
    if source:
        connection.bind((source, 0))
    connection.connect(to)
    return connection


def hold(count):
    """Keeps connections open and moves a byte on each now and then."""
    held = []
    while True:
        try:
            for _ in range(min(20, count - len(held))):
                held.append(opened())
                held[-1].setblocking(False)
        except OSError:
            time.sleep(0.01)
        if len(held) >= count or not held:
            time.sleep(0.2)
        still = []
        for connection in held:
            try:
                connection.send(b"x")
                if not connection.recv(64):
                    raise OSError
                still.append(connection)
            except BlockingIOError:
                still.append(connection)
            except OSError:
                connection.close()
        held = still


def fork():
    """The same by many processes."""
    for _ in range(size):
        if os.fork() == 0:
            hold(10)
    hold(10)


def copies():
    """The same by many copies of a program."""
    for i in range(size):
        copy = os.path.join(folder, f"copy-{i}")
        shutil.copy("/bin/bash", copy)
        subprocess.Popen(
            [copy, "-c", f"for i in 1 2 3 4 5 6 7 8; do exec {{fd}}<>/dev/tcp/{server}/80; done; while echo x >&$fd; do read -t 1 <&$fd; done; sleep 60"],
            stderr=subprocess.DEVNULL)
    signal.pause()


def flood(reset):
    """Connects, sends and closes, as fast as it can."""
    def one():
        while True:
            try:
                connection = opened()
                connection.send(b"x")
                if reset:
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                connection.close()
            except OSError:
                time.sleep(0.001)

    for _ in range(size):
        threading.Thread(target=one, daemon=True).start()
    signal.pause()


def stall():
    """Sends as much as it can and reads nothing."""
    held = []
    while True:
        if len(held) < size:
            try:
                held.append(opened())
                held[-1].setblocking(False)
            except OSError:
                time.sleep(0.01)
        _, writable, _ = select.select([], held, [], 0.1)
        for connection in writable:
            try:
                connection.send(b"y" * 65536)
            except BlockingIOError:
                pass
            except OSError:
                held.remove(connection)


def addresses():
    """Each connection from another address of this host, closed before anybody can ask who made it."""
    number = 0
    while True:
        number = (number + 1) % 60000
        try:
            connection = opened(PLAIN, f"127.1.{number // 250}.{number % 250 + 1}")
            connection.send(b"x")
            connection.close()
        except OSError:
            time.sleep(0.001)


def programs():
    """New large programs, each of which connects."""
    for i in range(size):
        program = os.path.join(folder, f"large-{i}")
        shutil.copy("/bin/bash", program)
        os.truncate(program, 1 << 30)
        subprocess.Popen(
            [program, "-c", f"while sleep 0.2; do exec 3<>/dev/tcp/{server}/80; done"], stderr=subprocess.DEVNULL)
    signal.pause()


def headers():
    """Headers that are wrong, or never end."""
    held = []
    while True:
        try:
            connection = opened(CHAIN)
            if len(held) < size:
                connection.send(b"\r\n\r\n\0\r\nQUIT\n")
                held.append(connection)
            else:
                connection.send(b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c" + bytes(12))
                connection.close()
                time.sleep(0.002)
        except OSError:
            time.sleep(0.002)


def requests():
    """Requests to the metrics address that never end."""
    held = []
    while True:
        try:
            connection = opened(METRICS)
            connection.send(b"GET /metrics HTTP/1.1\r\n")
            held.append(connection)
            del held[:-size]
        except OSError:
            time.sleep(0.01)


def descriptors():
    """A process with so many open files that it takes long to look through them."""
    null = os.open("/dev/null", os.O_RDONLY)
    while True:
        try:
            os.dup(null)
        except OSError:
            break
    for i in range(20):
        os.close(null + 1 + i)
    while True:
        try:
            opened().close()
        except OSError:
            pass
        time.sleep(0.01)


KINDS = {
    "hold": lambda: hold(size), "fork": fork, "copies": copies, "fin": lambda: flood(False), "reset": lambda: flood(True),
    "stall": stall, "addresses": addresses, "programs": programs, "headers": headers, "requests": requests,
    "descriptors": descriptors,
}


def end():
    sys.stdin.read()
    os.killpg(0, signal.SIGKILL)


os.setsid()
threading.Thread(target=end, daemon=True).start()
KINDS[kind]()
