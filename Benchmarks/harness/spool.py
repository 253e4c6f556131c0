"""Measures only the spool: commits and seals, compared with the disk's own rate; and the opening of a large spool."""
import os
import shutil
import subprocess

PAGES = ((1000, 200), (10, 2000))
"""Pairs of (records in a commit, number of commits): full pages of a backlog, and the few new events of a poll."""


def run(programs, *arguments):
    output = subprocess.run([programs + "/spool-benchmark", *map(str, arguments)], check=True, capture_output=True)
    return [line.split("\t") for line in output.stdout.decode().splitlines()]


def fresh(path):
    shutil.rmtree(path, ignore_errors=True)
    os.makedirs(path)
    return path


def throughput(programs, work, records):
    print("\nspool: from records in memory to sealed segments, wall clock. For the floor, one file on the same disk gets as many appends\n"
          "of the same mean size, each followed by fdatasync")
    layout = "%12s %16s %10s %14s %12s %12s %12s %14s"
    print(layout % ("integrations", "records/commit", "commits/s", "floor, syncs/s", "of the floor", "MB/s lines",
                    "MB/s sealed", "amplification"))
    for size, commits in PAGES:
        for integrations in (1, 10, 100):
            directory = fresh(work + "/spool")
            row = run(programs, "throughput", directory, records, integrations, size, commits, os.cpu_count())[0]
            count, seconds, journal, lines, sealed, written, floor = map(float, row)
            print(layout % (integrations, size, "%.0f" % (count / seconds), "%.0f" % (count / floor),
                            "%.0f %%" % (100 * floor / seconds), "%.1f" % (lines / seconds / 1e6),
                            "%.1f" % (sealed / seconds / 1e6), "%.2f" % (written / sealed)), flush=True)
            shutil.rmtree(directory)
    print("amplification: bytes that the process sent to the disk (write_bytes of proc(5): whole pages, without the file system's own\n"
          "journal) for each byte of sealed segments")


def identities(programs, work):
    print("\nidentities: nanoseconds to look up a known identity, to look up an unknown identity, and to store an identity durably")
    for count in (8192, 262144):
        directory = fresh(work + "/spool")
        print("%8d in the window: %s" % (count, ", ".join(run(programs, "identities", directory, count)[0])), flush=True)
        shutil.rmtree(directory)


def recovery(programs, work, segments=10_000, size=10 << 30):
    """Measures how a spool with many segments is opened. The segment files are sparse. This does not change the result, because
    opening the spool reads none of them, as the counted file operations show."""
    directory = fresh(work + "/spool")
    run(programs, "make", directory, segments, size)
    print("\nrecovery: a start on %d segments of %.0f GiB together (sparse: none is read), 10 integrations with 1,000 unsealed\n"
          "records of 3 kB each; the files that the start reads are in the page cache" % (segments, size / 2**30))
    total = 0
    for name, seconds, read, written, operations in run(programs, "open", directory):
        total += float(seconds)
        print("%-42s %6.3f s, %9.3f MB read: %s" % (name, float(seconds), int(read) / 1e6, operations))
    print("%-42s %6.3f s" % ("together", total))
    shutil.rmtree(directory)
