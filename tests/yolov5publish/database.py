"""Ten cameras, one broker, one database: docs/fleet.md, small.

usage: database.py DETECTIONS-TO-SQLITE"""

import importlib.util
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile

N_CAMERAS = 10
N_LINES = 50
program = sys.argv[1]
broker_path = shutil.which("mosquitto", path=os.environ["PATH"] + ":/usr/sbin")
if broker_path is None or importlib.util.find_spec("paho") is None:
    print("skipped: there is no mosquitto, or no python3-paho-mqtt: install them")
    sys.exit(77)


def start(arguments, until):
    """Starts a program and reads what it says until it works."""
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True)
    for line in process.stdout:
        if until in line:
            return process
    sys.exit(f"{arguments[0]} ended")


def start_consumer(port, database):
    return start([sys.executable, program, "--port", str(port), "--database",
                  database], " into ")


def publish(port, number):
    lines = "".join(
        '{"pts":%d,"frame":%d,"detections":[{"label":"person","confidence":0.5,'
        '"x":1,"y":2,"width":3,"height":4,"id":%d},7],"events":[{"type":"enter"}]}\n'
        % (i, i, i) for i in range(N_LINES)) + "no JSON\n"
    process = subprocess.Popen(
        ["gst-launch-1.0", "-q", "fdsrc", "!", "yolov5publish",
         f"url=mqtt://127.0.0.1:{port}/cameras/{{camera}}",
         f"camera=camera{number}"], stdin=subprocess.PIPE, text=True)
    process.communicate(lines, timeout=100)
    assert process.returncode == 0


def count(database, what):
    with sqlite3.connect(database) as connection:
        return connection.execute(f"SELECT count(*) FROM {what}").fetchone()[0]


with tempfile.TemporaryDirectory() as folder:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
    configuration = os.path.join(folder, "mosquitto.conf")
    with open(configuration, "w") as file:
        file.write(f"listener {port} 127.0.0.1\nallow_anonymous true\n"
                   "max_queued_messages 100000\nlog_dest stderr\n")
    broker = start([broker_path, "-c", configuration], " running")
    database = os.path.join(folder, "detections.db")
    consumer = start_consumer(port, database)
    try:
        # half of them while the consumer is there, half while it is not
        for number in range(N_CAMERAS // 2):
            publish(port, number)
        consumer.kill()
        consumer.wait()
        for number in range(N_CAMERAS // 2, N_CAMERAS):
            publish(port, number)
        consumer = start_consumer(port, database)
        # it has all that came before this
        publish(port, N_CAMERAS)
        for _ in range(1000):
            if count(database, f"lines WHERE topic = 'cameras/camera{N_CAMERAS}'"
                     ) == N_LINES:
                break
            subprocess.run(["sleep", "0.1"], check=True)
        # a line that comes twice is kept once
        publish(port, 0)
        consumer.send_signal(signal.SIGTERM)
        consumer.communicate(timeout=100)
        assert consumer.returncode == 0
        n = (N_CAMERAS + 1) * N_LINES
        for table in "lines", "detections", "events":
            assert count(database, table) == n, (table, count(database, table), n)
        assert count(database, "detections WHERE label = 'person' AND width = 3") == n
    finally:
        for process in consumer, broker:
            if process.poll() is None:
                process.kill()
                process.wait()
