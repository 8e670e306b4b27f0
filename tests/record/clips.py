"""What yolov5dpu-record writes, and what it removes.

usage: clips.py YOLOV5DPU-RECORD MODEL"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import unittest

RECORD, MODEL = sys.argv[1:3]
WIDTH, HEIGHT, RATE = 640, 384, 10
# in this test picture the street model finds one
PICTURE, FOUND = "smpte", "licence plate"
# seconds of black and of the picture: it is seen at 2.0, 4.5 and 12.5
PARTS = [("black", 2), (PICTURE, 0.5), ("black", 2), (PICTURE, 0.5),
         ("black", 7.5), (PICTURE, 0.5), ("black", 3)]


def run(arguments, **options):
    return subprocess.run(arguments, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=300, **options)


# the whole picture, and a line that nobody crosses
ZONES = """
[zone everywhere]
points=0;0;1;0;1;1;0;1
anchor=center

[line edge]
points=0;0.99;1;0.99
"""


def make_film(path, parts):
    command = ["gst-launch-1.0", "-q", "concat", "name=c", "!", "jpegenc", "!",
               "matroskamux", "!", "filesink", f"location={path}"]
    for pattern, seconds in parts:
        command += ["videotestsrc", f"pattern={pattern}",
                    f"num-buffers={int(seconds * RATE)}", "!",
                    f"video/x-raw,format=I420,width={WIDTH},height={HEIGHT},"
                    f"framerate={RATE}/1", "!", "c."]
    subprocess.run(command, check=True, timeout=100)


def brightness(path):
    """Of each frame of a clip, the sum of some pixels."""
    grey = subprocess.run(
        ["gst-launch-1.0", "-q", "filesrc", f"location={path}", "!", "decodebin",
         "!", "videoconvert", "!",
         f"video/x-raw,format=GRAY8,width={WIDTH},height={HEIGHT}", "!", "fdsink"],
        stdout=subprocess.PIPE, check=True, timeout=100).stdout
    size = WIDTH * HEIGHT
    assert len(grey) % size == 0
    return [sum(grey[i:i + size:997]) for i in range(0, len(grey), size)]


class Clips(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.top = tempfile.TemporaryDirectory()
        cls.film = os.path.join(cls.top.name, "film.mkv")
        make_film(cls.film, PARTS)
        cls.zones = os.path.join(cls.top.name, "zones.ini")
        with open(cls.zones, "w", encoding="utf-8") as file:
            file.write(ZONES)

    @classmethod
    def tearDownClass(cls):
        cls.top.cleanup()

    def setUp(self):
        self.folder = tempfile.mkdtemp(dir=self.top.name)

    def record(self, *arguments, film=None):
        result = run([RECORD, "--device", "cpu", "--model", MODEL, "--folder",
                      self.folder, *arguments, film or self.film])
        self.assertEqual(result.returncode, 0, result.stdout)
        return result.stdout.decode()

    def begin_clip(self):
        """A program that is in the middle of its first clip."""
        process = subprocess.Popen(
            [RECORD, "--device", "cpu", "--model", MODEL, "--folder", self.folder,
             "--on", FOUND, "--after", "600", self.film],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        # there is one when the first is seen
        while not self.files(".part") and process.poll() is None:
            pass
        return process

    def files(self, suffix):
        return sorted(os.path.join(self.folder, name)
                      for name in os.listdir(self.folder) if name.endswith(suffix))

    def check_clip(self, path, times):
        """That it has the seconds around @times of the film, in the picture and
        in the notes."""
        with open(path[:-4] + ".json", encoding="utf-8") as file:
            notes = json.load(file)
        self.assertEqual(notes["file"], os.path.basename(path))
        seen = {event["on"] for event in notes["events"]}
        self.assertEqual(seen, {FOUND})
        first = notes["events"][0]
        # a key frame is at most a second and a frame earlier than asked for
        self.assertGreaterEqual(first["time"], 1 - 0.01)
        self.assertLessEqual(first["time"], 2.2)
        start = times[0] - first["time"]
        self.assertEqual(len(notes["events"]), len(times))
        for event, time in zip(notes["events"], times):
            self.assertAlmostEqual(event["time"] + start, time, delta=0.3)
            self.assertTrue(event["frame"]["detections"])
        # seen for half a second, and one second after that
        frames = brightness(path)
        self.assertAlmostEqual(len(frames) / RATE, notes["duration"], delta=0.11)
        self.assertAlmostEqual(start + notes["duration"], times[-1] + 1.5, delta=0.4)
        bright = [value > 10000 for value in frames]
        self.assertFalse(any(bright[:10]))
        self.assertFalse(any(bright[-9:]))
        self.assertEqual(sum(bright), 5 * len(times))

    def test_two_that_overlap_are_one(self):
        self.record("--on", FOUND, "--before", "1", "--after", "1.2")
        clips = self.files(".mp4")
        self.assertEqual(len(clips), 2)
        self.assertEqual(len(self.files("")), 4)
        # 2.4 + 1.2 is not before 4.5 - 1
        with open(clips[0][:-4] + ".json", encoding="utf-8") as file:
            self.assertEqual(len(json.load(file)["events"]), 2)

    def test_pictures_and_notes(self):
        self.record("--on", "no such class", "--on", FOUND, "--before", "1",
                    "--after", "1")
        clips = self.files(".mp4")
        self.check_clip(clips[-1], [12.5])

    def test_two_that_do_not_overlap_are_two(self):
        self.record("--on", FOUND, "--before", "0.5", "--after", "0.5")
        self.assertEqual(len(self.files(".mp4")), 3)

    def notes(self):
        found = []
        for path in self.files(".json"):
            with open(path, encoding="utf-8") as file:
                found.append(json.load(file))
        return found

    def test_events_of_zones(self):
        # by their type, and by the name of the zone; what is away for less than two
        # seconds did not leave
        for watched, types in [
                ("zone-entered", ["zone-entered", "zone-entered"]),
                ("zone-left", ["zone-left"]),
                ("everywhere", ["zone-entered", "zone-left", "zone-entered"])]:
            self.folder = tempfile.mkdtemp(dir=self.top.name)
            self.record("--on", watched, "--zones", self.zones, "--before", "0.5",
                        "--after", "0.5")
            notes = self.notes()
            self.assertEqual({event["on"] for clip in notes
                              for event in clip["events"]}, {watched})
            self.assertEqual([(event["type"], event["zone"]) for clip in notes
                              for event in clip["events"][0]["frame"]["events"]],
                             [(kind, "everywhere") for kind in types])
        self.folder = tempfile.mkdtemp(dir=self.top.name)
        self.record("--on", "line-crossed", "--on", "edge", "--zones", self.zones)
        self.assertEqual(self.files(""), [])

    def test_names_sort_by_age(self):
        # the film takes less time to read than the second clip has before its event;
        # the first is seen before there is video of it
        film = os.path.join(self.top.name, "early.mkv")
        make_film(film, [(PICTURE, 0.5), ("black", 6), (PICTURE, 0.5), ("black", 1)])
        self.record("--on", FOUND, "--before", "5", "--after", "0.2", film=film)
        times = [clip["events"][0]["time"] for clip in self.notes()]
        self.assertEqual(len(times), 2)
        self.assertAlmostEqual(times[0], 0, delta=0.01)
        self.assertLess(times[0], times[1])

    def test_what_stays_is_cut(self):
        film = os.path.join(self.top.name, "long.mkv")
        make_film(film, [("black", 1), (PICTURE, 8), ("black", 1)])
        # what comes before may be longer
        self.record("--on", FOUND, "--before", "3", "--after", "0.5",
                    "--max-length", "2", film=film)
        clips, notes = self.files(".mp4"), self.notes()
        self.assertIn(len(clips), (3, 4))
        for path, clip in zip(clips, notes):
            # a key frame is at most a second and a frame earlier
            self.assertLess(clip["duration"], 1.1 + 2 + 0.5 + 0.3)
            self.assertAlmostEqual(len(brightness(path)) / RATE, clip["duration"],
                                   delta=0.11)
        # what was seen is in one of them
        bright = sum(value > 10000 for path in clips for value in brightness(path))
        self.assertGreaterEqual(bright, 8 * RATE)

    def test_two_programs_share_a_folder(self):
        first = self.begin_clip()
        first.send_signal(signal.SIGSTOP)
        parts = self.files(".part")
        self.assertEqual(len(parts), 1)
        self.record("--on", FOUND, "--before", "1", "--after", "1")
        self.assertEqual(self.files(".part"), parts)
        first.send_signal(signal.SIGCONT)
        output = first.communicate(timeout=100)[0]
        self.assertEqual(first.returncode, 0, output)
        self.assertEqual(self.files(".part"), [])
        self.assertGreater(len(brightness(parts[0][:-len(".part")])), 100)

    def test_nothing_seen_nothing_written(self):
        self.record("--on", "no such class")
        self.assertEqual(self.files(""), [])

    def test_the_oldest_make_room(self):
        def make(name, size):
            with open(os.path.join(self.folder, name), "wb") as file:
                file.write(bytes(size))

        make("record-20010101T000000.000Z.mp4", 1000000)
        make("record-20010101T000000.000Z.json", 10)
        make("record-20020101T000000.000Z.mp4.part", 10)
        make("holiday.mp4", 9000000)
        make("record-holiday.mp4", 9000000)
        self.record("--on", FOUND, "--before", "1", "--after", "1",
                    "--max-disk", "1000")
        names = [os.path.basename(path) for path in self.files("")]
        self.assertIn("holiday.mp4", names)
        self.assertIn("record-holiday.mp4", names)
        # the newest stays, whatever it takes
        self.assertEqual(len(names), 4)
        self.assertFalse(any("record-200" in name for name in names))
        self.check_clip([p for p in self.files(".mp4") if "record-2" in p][0],
                        [12.5])

    def test_ctrl_c_finishes_the_clip(self):
        process = self.begin_clip()
        process.send_signal(signal.SIGINT)
        output = process.communicate(timeout=100)[0]
        self.assertEqual(process.returncode, 0, output)
        self.assertEqual(self.files(".part"), [])
        self.assertGreater(len(brightness(self.files(".mp4")[0])), 0)

    def test_wrong_options(self):
        model = ["--model", MODEL]
        watched = ["--on", FOUND]
        for arguments, status, says in [
                ([], 2, "One source"),
                ([self.film], 2, "--model"),
                ([*model, self.film], 2, "--on"),
                ([*model, *watched, self.film, self.film], 2, "One source"),
                ([*model, *watched, "--before", "-1", self.film], 2, "--before"),
                ([*model, *watched, "--after", "nan", self.film], 2, "--before"),
                ([*model, *watched, "--max-length", "0", self.film], 2, "--max-length"),
                ([*model, *watched, "--max-disk", "lots", self.film], 2, "--max-disk"),
                ([*model, *watched, "--max-disk", "99999999T", self.film], 2,
                 "--max-disk"),
                ([*model, *watched, "/nowhere/film.mp4"], 1, "/nowhere/film.mp4"),
                ([*model, *watched, "--folder", "/dev/null/x", self.film], 1,
                 "/dev/null/x"),
                (["--model", "/nowhere/m.xmodel", *watched, "--folder", self.folder,
                  self.film], 1, "/nowhere/m.xmodel"),
                ([*model, *watched, "--zones", "/nowhere/zones.ini", "--folder",
                  self.folder, self.film], 1, "/nowhere/zones.ini")]:
            result = run([RECORD, *arguments])
            self.assertEqual(result.returncode, status, (arguments, result.stdout))
            self.assertIn(says, result.stdout.decode())
            self.assertEqual(self.files(""), [])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
