#!/usr/bin/env python3
"""Writes a short form of Okta's published event-type catalogue (event-types.json) to Sources/COktaCatalog/catalog.tsv.

    make-catalog.py EVENT_TYPES_JSON > Sources/COktaCatalog/catalog.tsv

The file contains only facts: names of types and fields, their kinds, and short enumeration values. Its rows are separated by tabs:
    S  schema name  key:kind[:value|value...] ...     the fields of one schema, with the names in events
    E  event type   debug schema or -   wire type[=schema],...   change schema or -   category
"""
import json, re, sys

doc = json.load(open(sys.argv[1]))
version = doc["versions"][0]
schemas, types = version["schemas"], version["eventTypes"]

def wire(name):
    if name != name.lower():
        return name  # names with capitals stay unchanged: AppName, RECOVERY_TOKEN
    head, *rest = name.split("_")
    return head + "".join(part[:1].upper() + part[1:] for part in rest)

def kind(p):
    t, f = p.get("type"), p.get("format") or ""
    if t == "Boolean" or f == "boolean": return "bool"
    if t in ("Integer", "Long") or f in ("integer", "epochMillis", "percentage"): return "int"
    if t == "Double" or f == "float": return "float"
    if t == "Resource": return "principal"
    if t in ("List", "Set"): return "list"
    if f == "json" or t in ("Map", "ObjectNode", "RiskChangeSecurityData", "LogOnlySecurityData"): return "json"
    if f == "enum" or t == "Enum": return "enum"
    if f == "id" or f.startswith("okta:"): return "id"
    if f in ("uri", "url"): return f
    if f == "iso8601" or t == "Date": return "time"
    if f in ("username", "email"): return "email"
    if f == "ip": return "ip"
    return "text"

def fields(name):
    out = []
    for key, p in schemas.get(name, {}).get("properties", {}).items():
        item = wire(key) + ":" + kind(p)
        if kind(p) == "enum":
            values = [e for e in p.get("examples", []) if re.fullmatch(r"[A-Za-z0-9_ .-]{1,28}", str(e))][:4]
            if values: item += ":" + "|".join(values)
        out.append(item)
    return out

# The types of the targets in events, by the prefix of the event type. If several prefixes match, the longest is used. The types come from
# Okta's examples.
TARGETS = [
    ("user.session", "AppInstance"), ("user.authentication.sso", "AppInstance,AppUser"), ("user.authentication", "AuthenticatorEnrollment,AppInstance"),
    ("user.mfa", "User,AuthenticatorEnrollment"), ("user.", "User"), ("group.user_membership", "User,UserGroup"), ("group.", "UserGroup"),
    ("application.user_membership", "AppUser,AppInstance,User"), ("application.", "AppInstance"), ("app.oauth2.token", "PublicClientApp,access_token"),
    ("app.oauth2", "PublicClientApp"), ("app.", "AppInstance"), ("policy.rule", "PolicyEntity,PolicyRule"), ("policy.evaluate", "PolicyEntity,PolicyRule"),
    ("policy.", "PolicyEntity"), ("device.user", "UDDevice,User"), ("device.", "UDDevice"), ("system.email", "User,email"),
    ("system.org.rate_limit", "URL Pattern"), ("system.operation.rate_limit", "Factor Type,URL Pattern"), ("system.api_token", "Token"),
    ("zone.", "NetworkZone"), ("system.", "Org"), ("pam.", "PamResource"), ("workflows.", "Flow"), ("security.", "User"), ("", "Resource"),
]

def wire_type(schema):
    name = re.sub(r"(Resource)?(Details|DetailsEx)$", "", schema) or schema
    return {"UserAuthentication": "User", "OrgGroup": "UserGroup", "Policy": "PolicyEntity", "Rule": "PolicyRule", "DeviceIdentity": "UDDevice",
            "OAuth2": "access_token", "OAuth2Platform": "PublicClientApp", "ApiToken": "Token", "UserAccess": "User", "UserSso": "AppInstance"}.get(name, name)

used = set()
rows = []
for e in types:
    s = e["schema"]
    debug = s["debugData"] if s["debugData"] in schemas else None
    change = next((c for c in s["changeDetails"] or [] if c in schemas and schemas[c].get("properties")), None)
    by_prefix = max((t for t in TARGETS if e["id"].startswith(t[0])), key=lambda t: len(t[0]))[1].split(",")
    targets = []
    for name in s["targets"] or []:
        if name not in schemas or not schemas[name].get("properties"):
            targets += [t for t in by_prefix if t not in targets]
        else:
            targets.append(wire_type(name) + "=" + name)
            used.add(name)
    if not targets: targets = by_prefix
    for name in (debug, change):
        if name: used.add(name)
    rows.append("\t".join(["E", e["id"], debug or "-", ",".join(targets[:6]), change or "-", e["category"]]))
for name in sorted(used):
    print("\t".join(["S", name] + fields(name)))
print("\n".join(rows))
