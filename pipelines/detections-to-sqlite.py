#!/usr/bin/python3
"""Writes what yolov5publish sends to an MQTT broker into an SQLite database.

An example to start from: one consumer for any number of cameras. A line is
acknowledged once it is in the database, so none is lost when this program, the
broker or the network goes away; one that comes twice is kept once.
"""

import argparse
import getpass
import hashlib
import json
import os
import signal
import sqlite3
import sys

import paho.mqtt.client as mqtt

SCHEMA = """
PRAGMA journal_mode = WAL;
CREATE TABLE IF NOT EXISTS lines (
    id INTEGER PRIMARY KEY,
    received TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    topic TEXT NOT NULL,
    pts INTEGER,
    frame INTEGER,
    digest BLOB NOT NULL,
    UNIQUE (topic, digest));
CREATE TABLE IF NOT EXISTS detections (
    line INTEGER NOT NULL REFERENCES lines,
    label TEXT, confidence REAL, object INTEGER,
    x INTEGER, y INTEGER, width INTEGER, height INTEGER);
CREATE TABLE IF NOT EXISTS events (
    line INTEGER NOT NULL REFERENCES lines,
    event TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS detections_by_label ON detections (label);
"""


def dicts(line, field):
    """The objects of a list in a line, which came from the network."""
    values = line.get(field)
    return [v for v in values if isinstance(v, dict)] if isinstance(values, list) else []


def scalar(value):
    """What SQLite takes of a value in a line."""
    if isinstance(value, int) and abs(value) >= 2 ** 63:
        return None
    return value if isinstance(value, (int, float, str)) else None


def store(database, topic, payload):
    """Returns whether the line was new."""
    digest = hashlib.blake2b(payload, digest_size=16).digest()
    try:
        line = json.loads(payload)
    except (ValueError, RecursionError):
        line = None
    if not isinstance(line, dict):
        print(f"{topic}: not a line of yolov5json, left out", file=sys.stderr)
        return False

    with database:
        cursor = database.execute(
            "INSERT OR IGNORE INTO lines (topic, pts, frame, digest)"
            " VALUES (?, ?, ?, ?)",
            (topic, scalar(line.get("pts")), scalar(line.get("frame")), digest))
        if cursor.rowcount == 0:
            return False
        number = cursor.lastrowid
        database.executemany(
            "INSERT INTO detections VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [(number, *(scalar(d.get(name)) for name in (
                "label", "confidence", "id", "x", "y", "width", "height")))
             for d in dicts(line, "detections")])
        database.executemany(
            "INSERT INTO events VALUES (?, ?)",
            [(number, json.dumps(e)) for e in dicts(line, "events")])
    return True


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--host", default="localhost")
    parser.add_argument("--port", type=int, default=1883)
    parser.add_argument("--topic", default="cameras/#", help="(%(default)s)")
    parser.add_argument("--database", default="detections.db", help="(%(default)s)")
    parser.add_argument("--name", default="detections-to-sqlite",
                        help="under which the broker keeps lines while this "
                             "program is away (%(default)s)")
    parser.add_argument("--username",
                        help="the password is asked for, or in the environment "
                             "variable MQTT_PASSWORD")
    parser.add_argument("--ca-file", help="with TLS, who may sign the broker")
    options = parser.parse_args()

    database = sqlite3.connect(options.database)
    database.executescript(SCHEMA)

    arguments = {"client_id": options.name, "clean_session": False}
    if hasattr(mqtt, "CallbackAPIVersion"):  # paho-mqtt 2
        arguments["callback_api_version"] = mqtt.CallbackAPIVersion.VERSION1
    client = mqtt.Client(**arguments)
    if options.username:
        client.username_pw_set(options.username, os.environ.get(
            "MQTT_PASSWORD") or getpass.getpass())
    if options.ca_file:
        client.tls_set(options.ca_file)

    def on_connect(client, user_data, flags, code):
        if code != 0:
            sys.exit(f"{options.host} refuses: {mqtt.connack_string(code)}")
        client.subscribe(options.topic, qos=1)

    def on_message(client, user_data, message):
        # the acknowledgement goes out after this
        store(database, message.topic, message.payload)

    client.on_connect = on_connect
    client.on_subscribe = lambda *_: print(
        f"{options.topic} into {options.database}", flush=True)
    client.on_message = on_message
    signal.signal(signal.SIGTERM, lambda *_: client.disconnect())
    try:
        client.connect(options.host, options.port)
        client.loop_forever()
    except OSError as error:
        sys.exit(f"Cannot reach {options.host}:{options.port}: {error}")
    except KeyboardInterrupt:
        client.disconnect()
    database.close()


if __name__ == "__main__":
    main()
