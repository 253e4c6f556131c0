#!/usr/bin/env python3
"""Writes libexec/parquet-columns.tsv: the columns of the Parquet export, for each OCSF class.

    scripts/make-parquet-columns.py OCSF_SCHEMA_JSON > libexec/parquet-columns.tsv

A column is a field that docs/record-schema.md lists (tests compare that page with the code) and that the class has in the OCSF
schema. The column has the schema's type. OCSF_SCHEMA_JSON contains `types`, `classes` and `objects` with their attributes.
"""
import json
import re
import sys
from pathlib import Path

PAGE = Path(__file__).resolve().parents[1] / "docs/record-schema.md"
BASE = {"string_t": "string", "integer_t": "int32", "long_t": "int64", "float_t": "double", "boolean_t": "boolean", "json_t": "json"}
CLASSES = ["base_event", "detection_finding", "account_change", "authentication", "entity_management", "user_access",
           "group_management", "email_activity", "web_resources_activity", "api_activity", "application_error"]


def documented_paths():
    """The paths that the page's field tables list, found in the same way as in RecordSchemaTests."""
    places, paths, inside = {}, set(), False
    for line in PAGE.read_text().splitlines():
        if line.startswith("#"):
            inside = line.endswith("From LogEvent to record") or (inside and line.startswith("###"))
        if not inside or not line.startswith("|"):
            continue
        cells = line.split("|")
        tokens = cells[2].split("`")[1::2]
        first = re.sub("[` ]", "", cells[1])
        if first.startswith("‹"):
            places[first] = tokens
            continue
        parent = ""
        for token in tokens:
            whole = parent + token if token.startswith(".") else token
            parent = whole.rpartition(".")[0]
            name = next((name for name in places if whole.startswith(name)), None)
            paths.update([whole] if name is None else [stands + whole[len(name):] for stands in places[name]])
    return paths


def documented_paths_of_actions():
    """The attributes of a response action's record: the first cells of the table in the page's section about such records."""
    section = PAGE.read_text().partition("## From response action to record\n")[2].partition("\n## ")[0]
    paths = set()
    for line in section.splitlines():
        parent = ""
        for token in line.split("|")[1].split("`")[1::2] if line.startswith("| `") else []:
            whole = parent + token if token.startswith(".") else token
            parent = whole.rpartition(".")[0]
            paths.add(whole)
    return paths


def type_of(schema, attributes, path):
    """The Parquet type of the value at a path, or None if the schema has no such path below these attributes."""
    parts = path.split(".")
    for number, part in enumerate(parts):
        attribute = attributes.get(part.removesuffix("[]"))
        if attribute is None or part.endswith("[]") != bool(attribute.get("array")):
            return None
        if number == len(parts) - 1:
            if attribute["type"] == "object_t":
                return "map" if path == "unmapped" else None
            return BASE[schema["types"][attribute["type"]]["base"]]
        if attribute["type"] != "object_t":
            return None
        attributes = schema["objects"][attribute["object"]]["attributes"]


schema = json.load(open(sys.argv[1]))
print(f"# Columns of `tributary spool export --parquet`, OCSF {schema['version']}. Made by scripts/make-parquet-columns.py; don't edit.")
print("# class\tpath\ttype")
for name in [*CLASSES, "remediation_activity"]:
    for path in sorted(documented_paths_of_actions() if name == "remediation_activity" else documented_paths()):
        kind = type_of(schema, schema["classes"][name]["attributes"], path)
        if kind:
            print(f"{name}\t{path}\t{kind}")
