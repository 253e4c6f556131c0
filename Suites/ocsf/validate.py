"""Validates OCSF records with two packages from PyPI, which are independent of this project. ocsf-json-schema makes a JSON Schema for each class and
set of profiles, and jsonschema validates the records with it.

    validate.py VERSION FILE.ndjson ...       exits with 1 if a record is not valid OCSF of that version
"""
import collections
import json
import sys

import jsonschema
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema

VERSION = sys.argv[1]
schema = OcsfJsonSchemaEmbedded(get_ocsf_schema(version=VERSION))
validators = {}


def validator(class_uid, profiles):
    key = class_uid, profiles
    if key not in validators:
        name = schema.lookup_class_name_from_uid(class_uid=class_uid)
        validators[key] = jsonschema.Draft202012Validator(
            schema.get_class_schema(class_name=name, profiles=list(profiles)))
    return validators[key]


records, failed, said = collections.Counter(), 0, 0
for name in sys.argv[2:]:
    with open(name, encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            record = json.loads(line)
            if record["metadata"]["version"] != VERSION:
                sys.exit("%s:%d: version %s" % (name, number, record["metadata"]["version"]))
            records[record["class_uid"]] += 1
            profiles = tuple(sorted(record["metadata"].get("profiles", [])))
            errors = list(validator(record["class_uid"], profiles).iter_errors(record))
            failed += bool(errors)
            for error in errors:
                said += 1
                if said <= 20:
                    print("%s:%d: class %d %s: %s" % (
                        name, number, record["class_uid"], error.json_path, error.message[:200]))
print("%d records, %d not valid; by class: %s" % (
    sum(records.values()), failed, ", ".join("%d: %d" % pair for pair in sorted(records.items()))))
print("%d passed, %d failed" % (sum(records.values()) - failed, failed))
sys.exit(1 if failed or not records else 0)
