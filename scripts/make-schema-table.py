#!/usr/bin/env python3
"""Writes Sources/CRecordSchemas/ocsf-VERSION.tsv: the schema of one OCSF version for the classes that records use.

  scripts/make-schema-table.py COMPACT.json > Sources/CRecordSchemas/ocsf-1.5.0.tsv

COMPACT.json holds the version's schema as one object: "version", "classes" and "objects" by name, each with "attributes" and
"constraints" as in OCSF's metaschema, with extensions and profiles applied. Deprecated attributes and values are omitted, because validators
warn about them.
"""
import json
import sys

CLASSES = """base_event detection_finding account_change authentication entity_management user_access group_management
email_activity web_resources_activity api_activity application_error""".split()
# The profiles that records list. If an attribute also belongs to other profiles, the table omits those.
PROFILES = ["datetime", "host", "security_control"]
# In a record, class and activity determine the values of these attributes, so the table does not list their possible values.
FIXED = {"category_uid", "class_uid", "type_uid"}


def kind_of(facts, objects):
    """The name of the object type; * for any JSON; - for a text, a number or a boolean."""
    if facts["type"] == "json_t" or (facts.get("object") and not objects[facts["object"]]["attributes"]):
        return "*"
    return facts.get("object") or "-"


def lines(kind, name, spec, first, objects):
    yield "\t".join([kind, name] + first)
    for attribute, facts in sorted(spec["attributes"].items()):
        if facts.get("deprecated"):
            continue
        flags = ("r" if facts["requirement"] == "required" else "") + ("a" if facts.get("array") else "")
        profiles = facts.get("profiles") or []
        profiles = [p for p in PROFILES if p in profiles] or profiles
        values = []
        if facts["type"] == "integer_t" and attribute not in FIXED:
            gone = facts.get("enum_deprecated", {})
            ids = sorted((int(i) for i in facts.get("enum", {}) if i not in gone))
            values = [f"{i}={facts['enum'][str(i)]}" if attribute == "activity_id" else str(i) for i in ids]
        yield "\t".join(
            ["", attribute, kind_of(facts, objects), flags or "-", ",".join(profiles) or "-",
             facts.get("sibling") or "-", "|".join(values) or "-"])
    for rule, names in (spec.get("constraints") or {}).items():
        if rule not in ("at_least_one", "just_one"):
            sys.exit(f"{name}: SchemaTable does not support the constraint {rule}: add it there")
        yield "\t".join(["", rule, ",".join(names)])


def main():
    schema = json.load(open(sys.argv[1], encoding="utf-8"))
    objects, waiting = {}, []

    def visit(spec):
        for facts in spec["attributes"].values():
            name = facts.get("object")
            if name and name not in objects and not facts.get("deprecated"):
                objects[name] = schema["objects"][name]
                waiting.append(name)

    classes = [(n, schema["classes"][n]) for n in CLASSES if n in schema["classes"]]
    for _, spec in classes:
        visit(spec)
    while waiting:
        visit(objects[waiting.pop()])
    print(f"# OCSF {schema['version']} as far as records use it; made by scripts/make-schema-table.py.")
    print("# A class has a row: class, name, class_uid, category_uid, caption, category_name. An object has a row: object, name.")
    print("# Rows below it begin with a tab: attribute, object (* for any JSON), r required and a array, profiles,")
    print("# attribute with the value's name, values; or a constraint and its attributes.")
    for name, spec in classes:
        print("\n".join(lines("class", name, spec, [
            str(spec["uid"]), str(spec["category_uid"]), spec["caption"], spec["category_name"]], schema["objects"])))
    for name, spec in sorted(objects.items()):
        print("\n".join(lines("object", name, spec, [], schema["objects"])))


main()
