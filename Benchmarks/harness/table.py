"""Prints a table with a row for each measurement, and its ratio to the row with which it is compared."""


class Table:
    layout = "%-52s %10s %8s %9s %8s %9s  %s"

    def __init__(self, events, size):
        self.events, self.size = events, size

    def heading(self, text, ratio):
        print("\n" + text)
        print(self.layout % ("", "events/s", "MB/s", "CPU s", "x " + ratio, "peak MiB", ""))

    def row(self, name, seconds, base=None, peak=None, note=""):
        """Prints a row. `events/s` and `MB/s` are the events and the MB of input per CPU second."""
        print(self.layout % (
            name, "%.0f" % (self.events / seconds), "%.0f" % (self.size / seconds / 1e6), "%.2f" % seconds,
            "%.1f" % (seconds / base) if base else "", "%.1f" % peak if peak else "", note), flush=True)
