"""Makes four events of each type in the catalogue. They contain everything that a mapping could read, and differ in their targets: six targets, none,
one of an unknown type, or a user and a group.

    events.py event-catalogue.tsv > events.ndjson
"""
import json
import random
import sys

chance = random.Random(7)
KINDS = ["User", "AppUser", "AppInstance", "PolicyEntity", "PolicyRule", "access_token", "AuthenticatorEnrollment", "ROLE", "Brand",
         "UDDevice", "NetworkZone"]


def identity(kind, number):
    return {"id": "%s%017d" % (kind[:3].lower(), number), "type": kind, "alternateId": "p%d@example.com" % number,
            "displayName": "%s é %d" % (kind, number),
            "detailEntry": {"methodTypeUsed": "Get a push notification", "policyType": "X"} if number % 2 else None}


def event(kind, number):
    targets = [identity(name, number * 10 + place)
               for place, name in enumerate(chance.sample(KINDS, 4) + ["User", "UserGroup"])]
    # In Okta's events, `from` in `changeDetails` may have any of these forms.
    state = [{"a": 1, "n": None, "e": {}}, {"a": "1"}, "text", 7, [True]][number % 5]
    targets[0]["changeDetails"] = {"from": state, "to": {"a": [1, 2, {"b": None}]}}
    return {
        "uuid": "%08x-0000-11ee-8000-000000000000" % number, "eventType": kind, "version": "0",
        "published": "2026-03-0%dT01:02:03.%03dZ" % (number % 9 + 1, number % 1000),
        "severity": chance.choice(["DEBUG", "INFO", "WARN", "ERROR", "ODD"]), "legacyEventType": "x.y",
        "displayMessage": "a \"message\" é",
        "actor": identity(chance.choice(["User", "SystemPrincipal", "PublicClientApp", "Alien"]), number),
        "client": {
            "userAgent": {"rawUserAgent": "Mozilla/5.0", "browser": "CHROME",
                          "os": chance.choice(["Mac OS X", "Windows 10", "Chrome OS", "iPhone", "Unknown"])},
            "zone": chance.choice(["null", "BlockedIpZone"]), "device": chance.choice(["Computer", "Mobile", "Unknown", "Fridge"]),
            "id": chance.choice([None, "0oa123"]),
            "ipAddress": chance.choice(["203.0.113.9", "2001:db8::1", "10.1.2.3", "nowhere"]),
            "geographicalContext": {"city": "Zürich", "state": "ZH", "postalCode": "8000",
                                    "country": chance.choice(["Switzerland", "United States", "Atlantis"]),
                                    "geolocation": {"lat": 47.3, "lon": 8.5}}},
        "device": chance.choice([None, {"id": "guo1", "name": "mac", "os_platform": "MACOS", "os_version": "14.1",
                                        "managed": True, "registered": False}]),
        "authenticationContext": {
            "authenticationStep": 0, "externalSessionId": "idx1", "rootSessionId": "idx0",
            "issuer": {"id": "iss1", "type": "t"}, "authenticationProvider": "OKTA_AUTHENTICATION_PROVIDER"},
        "outcome": {"reason": "because",
                    "result": chance.choice(["SUCCESS", "FAILURE", "ALLOW", "DENY", "CHALLENGE", "SKIPPED", "UNKNOWN", "Deferred",
                                             "RATE_LIMIT"])},
        "securityContext": {"asNumber": chance.choice([64500, 4294967295]), "asOrg": "example", "isp": "example",
                            "domain": chance.choice([".", "example.net"]), "isProxy": False,
                            "risk": {"level": "HIGH", "reasons": ["x"]}},
        "debugContext": {"debugData": {
            "requestId": "req1", "requestUri": "/a/b", "url": "/a/b?x=1", "threatSuspected": chance.choice(["true", "false"]),
            "risk": "{reasons=a, level=MEDIUM}", "behaviors": "{New Device=POSITIVE}", "origin": "https://acme.okta.com",
            "factor": chance.choice(["OKTA_VERIFY_PUSH", "SIGNED_NONCE", "SMS"]),
            "signOnMode": chance.choice(["SAML 2.0", "OpenID Connect", "Secure Web Authentication"]), "dtHash": "abc",
            "privilegeGranted": "Group admin (a, b), Read-only", "grantedScopes": "openid, profile",
            "tunnels": "[{\"anonymous\":true,\"type\":\"VPN\"}]"}},
        "transaction": {"type": "WEB", "id": "tx1", "detail": {}},
        "request": {"ipChain": [{"ip": "203.0.113.9", "version": "V4", "source": None}, {"ip": "198.51.100.7"}]},
        "target": targets, "newTopLevel": [{"x": [None, {"y": None}]}, 1.5, True, "text"][number % 4]}


def variants(kind, number):
    """Yields four events of a type, each with its own uuid and targets."""
    whole = event(kind, number)
    user, group = identity("User", number), identity("UserGroup", number)
    for place, targets in enumerate([whole["target"], [], [identity("Alien", number)], [user, group]]):
        yield {**whole, "uuid": "%08x-%04x-11ee-8000-000000000000" % (number, place), "target": targets}


with open(sys.argv[1], encoding="utf-8") as rows:
    types = [row.split("\t")[0] for row in rows if row.strip() and not row.startswith("#")]
for number, kind in enumerate(types):
    for one in variants(kind, number):
        print(json.dumps(one, ensure_ascii=bool(number % 2)))
