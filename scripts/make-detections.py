#!/usr/bin/env python3
"""Writes the files that are generated from the detections: detections/view.sql and docs/detections.md.

    scripts/make-detections.py            writes both
    scripts/make-detections.py --check    exits with 1 if one of them is out of date

A detection consists of two files: detections/rules/NAME.sql, a query with a header, and detections/events/NAME.json, with events that the query must
find and events that it must not find. The columns of the view are those of libexec/parquet-columns.tsv, without `unmapped` and `raw_data`.
"""
import json
import re
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
DETECTIONS = PROJECT / "detections"
TYPES = {"string": "VARCHAR", "int32": "INTEGER", "int64": "BIGINT", "double": "DOUBLE", "boolean": "BOOLEAN", "json": "JSON"}
NOT_FOR_DETECTIONS = {"unmapped", "raw_data", "raw_data_size", "raw_data_hash"}


def columns():
    """Each attribute's DuckDB type. A path has the same type in all classes."""
    tree = {}
    for line in (PROJECT / "libexec/parquet-columns.tsv").read_text().splitlines():
        if line.startswith("#"):
            continue
        _, path, kind = line.split("\t")
        if path.split(".")[0].removesuffix("[]") in NOT_FOR_DETECTIONS:
            continue
        *parents, leaf = path.split(".")
        node = tree
        for parent in parents:
            node = node.setdefault(parent, {})
        # The attribute `data` of an entity is a string that contains JSON. In an enrichment, `data` is an object of any form.
        node[leaf] = "VARCHAR" if path.endswith(("entity.data", "entity_result.data")) else TYPES[kind]
    return tree


def duckdb_type(name, node):
    inner = node
    if isinstance(node, dict):
        inner = "STRUCT(%s)" % ", ".join('"%s" %s' % (key.removesuffix("[]"), duckdb_type(key, node[key])) for key in sorted(node))
    return inner + "[]" if name.endswith("[]") else inner


def view():
    lines = ["        \"%s\": '%s'" % (name.removesuffix("[]"), duckdb_type(name, node)) for name, node in sorted(columns().items())]
    return """\
-- The records of a spool by their OCSF attributes, for DuckDB: the view "okta", which the queries in rules/ read. `happened` is `time` as
-- a timestamp, in UTC; `integration`, `class` and `date` come from the path of the file. The view has no `unmapped`: no detection needs it.
-- Made by scripts/make-detections.py; don't edit.
--
-- To change a default, set its variable before you run this file:
--   SET VARIABLE spool = '/srv/spool';                  -- default /var/lib/tributary/spool
--   SET VARIABLE since = now() - INTERVAL 1 DAY;        -- default: everything
SET TimeZone = 'UTC';
CREATE OR REPLACE VIEW okta AS
SELECT *, make_timestamp(time * 1000) AS happened
FROM read_json(coalesce(getvariable('spool'), '/var/lib/tributary/spool') || '/*/class=*/*/*.ndjson*',
    format = 'newline_delimited', maximum_object_size = 67108864, hive_partitioning = true,
    hive_types = {integration: VARCHAR, class: VARCHAR, date: DATE},
    columns = {
%s
    })
WHERE date >= coalesce(getvariable('since')::TIMESTAMPTZ::DATE, DATE '1970-01-01')
  AND time >= coalesce(epoch_ms(getvariable('since')::TIMESTAMPTZ), 0);
""" % ",\n".join(lines)


class Detection:
    """A detection, as a file in detections/rules describes it: the values in its header, and the query."""

    def __init__(self, path):
        self.name = path.stem
        text = path.read_text()
        header, self.query = [], text
        while self.query.startswith("--"):
            line, _, self.query = self.query.partition("\n")
            header.append(line.removeprefix("--").strip())
        self.title = header[0]
        self.finds = " ".join(line for line in header[1:] if line and not re.match(r"(Follows|ATT&CK|OCSF): ", line))
        self.follows = [re.fullmatch(r"Follows: (.*): (https://\S+)", line).groups() for line in header if line.startswith("Follows: ")]
        self.attack = next(line.removeprefix("ATT&CK: ") for line in header if line.startswith("ATT&CK: "))
        self.versions = next(line.removeprefix("OCSF: ") for line in header if line.startswith("OCSF: ")).split(", ")
        events = json.loads((DETECTIONS / "events" / (self.name + ".json")).read_text())
        self.found, self.not_found = events["found"], events["not_found"]


def detections():
    return [Detection(path) for path in sorted((DETECTIONS / "rules").glob("*.sql"))]


def section(detection):
    def lines(case):
        return "\n".join(json.dumps(event, ensure_ascii=False) for event in case["events"])

    followed = "; ".join("[%s](%s)" % pair for pair in detection.follows)
    positive, negative = detection.found[0], detection.not_found[0]
    return """\
## %s

`%s`. %s

Follows: %s. ATT&CK: %s. OCSF: %s.

```sql
%s
```

<details><summary>Events</summary>

Found (%s):

```json
%s
```

Not found (%s):

```json
%s
```

</details>
""" % (detection.title, detection.name, detection.finds, followed, detection.attack, ", ".join(detection.versions),
       detection.query.strip(), positive["case"], lines(positive), negative["case"], lines(negative))


def page():
    known = detections()
    introduction = (DETECTIONS / "introduction.md").read_text()
    table = "\n".join("| [%s](#%s) | %s |" % (
        one.title, re.sub(r"[^a-z0-9 -]", "", one.title.lower()).replace(" ", "-"), ", ".join(one.versions)) for one in known)
    return introduction.replace("{count}", str(len(known))).replace("{table}", table) + "\n" + "\n".join(map(section, known))


def main():
    stale = False
    for path, text in ((DETECTIONS / "view.sql", view()), (PROJECT / "docs/detections.md", page())):
        if "--check" not in sys.argv:
            path.write_text(text)
        elif not path.exists() or path.read_text() != text:
            print(f"{path.relative_to(PROJECT)} is out of date: run make docs", file=sys.stderr)
            stale = True
    sys.exit(1 if stale else 0)


if __name__ == "__main__":
    main()
