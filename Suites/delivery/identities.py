"""The sources of access keys. Each is tested with a simulated service or with moto. The service is down or hangs, and keys expire in the middle of a
backlog. The store checks each signature with botocore, and checks that the key is valid at that moment."""
import hashlib
import json
import logging
import random
import sys
import threading
import time
import urllib.parse
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import botocore.auth
import botocore.awsrequest
import botocore.credentials
from moto.server import ThreadedMotoServer
from moto.sts.models import sts_backends

import spool
from harness import IS_LONG, SEED, Deliverer, check, wait_for

# How long a key of a simulated service is valid, in seconds. Keys of AWS are valid for at least 15 minutes.
LIFE = 4.0
# How long the store waits before it answers a request, in seconds.
PAUSE = 0.12
ROLE = "arn:aws:iam::111122223333:role/lake"


class Keys:
    """Issues keys that expire, and tells whether a key is valid."""

    def __init__(self):
        self.known = {}
        self.lock = threading.Lock()
        self.chosen = random.Random(SEED)

    def issue(self, life=LIFE):
        with self.lock:
            key = {"AccessKeyId": f"ASIA{self.chosen.getrandbits(64):016X}", "SecretAccessKey": f"{self.chosen.getrandbits(160):040x}",
                   "Token": f"{self.chosen.getrandbits(256):064x}", "ends": time.time() + life}
            self.known[key["AccessKeyId"]] = key
            return key


def stamp(seconds):
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


class Server:
    """An HTTP server on its own port. A subclass returns the answer (status, headers, body), or None to send no answer."""

    def __init__(self):
        outer = self
        self.is_down = self.is_hanging = False
        self.asked = 0
        self.over = threading.Event()

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def any(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                outer.asked += 1
                if outer.is_hanging:
                    outer.over.wait()
                    self.close_connection = True
                    return
                status, headers, answer = (503, {}, b"") if outer.is_down else outer.answer(self.command, self.path, self.headers, body)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                if self.command != "HEAD":
                    self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(answer)

            do_GET = do_PUT = do_POST = do_HEAD = any

        class Quiet(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass

        self.server = Quiet(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.over.set()
        self.server.shutdown()


class Store(Server):
    """A store that accepts an object once, if the key is valid and the signature is correct."""

    def __init__(self, keys, pause):
        super().__init__()
        self.keys, self.pause = keys, pause
        self.objects, self.stored, self.answers, self.used = {}, Counter(), Counter(), Counter()
        self.lock = threading.Lock()

    def answer(self, method, path, headers, body):
        time.sleep(self.pause)
        status, more, answer = self.decide(method, path, headers, body)
        code = answer.split(b"<Code>")[1].split(b"<")[0].decode() if answer else ""
        with self.lock:
            self.answers[f"{status} {code}".strip()] += 1
        return status, more, answer

    def decide(self, method, path, headers, body):
        def refuse(code, status=403):
            return status, {}, f"<Error><Code>{code}</Code><Message>as told</Message></Error>".encode()

        authorization = headers.get("Authorization", "")
        key_id = authorization.partition("Credential=")[2].partition("/")[0]
        key = self.keys.known.get(key_id)
        if not key:
            return refuse("InvalidAccessKeyId")
        if headers.get("x-amz-security-token") != key["Token"]:
            return refuse("InvalidToken", 400)
        if self.signature(method, path, headers, key) != authorization.partition("Signature=")[2]:
            return refuse("SignatureDoesNotMatch")
        if time.time() > key["ends"]:
            return refuse("ExpiredToken", 400)
        name = urllib.parse.unquote(path)
        with self.lock:
            self.used[key_id] += 1
            if method == "HEAD":
                found = self.objects.get(name)
                return (200, {"ETag": '"e"', "x-amz-meta-sha256": found[0], "Content-Length": str(found[1])}, b"") if found else (404, {}, b"")
            if name in self.objects:
                return refuse("PreconditionFailed", 412)
            self.objects[name] = (hashlib.sha256(body).hexdigest(), len(body))
            self.stored[name] += 1
        return 200, {"ETag": '"e"'}, b""

    @staticmethod
    def signature(method, path, headers, key):
        """The signature that botocore computes for this request."""
        signed = headers["Authorization"].partition("SignedHeaders=")[2].partition(",")[0].split(";")
        request = botocore.awsrequest.AWSRequest(method, f"http://{headers['Host']}{path}",
                                                 headers={name: headers[name] for name in signed})
        request.context["timestamp"] = headers["x-amz-date"]
        auth = botocore.auth.S3SigV4Auth(botocore.credentials.Credentials(key["AccessKeyId"], key["SecretAccessKey"]), "s3", "us-east-1")
        canonical = "\n".join([method, path, "", *(f"{name}:{' '.join(headers[name].split())}" for name in signed), "", ";".join(signed),
                               headers["x-amz-content-sha256"]])
        return auth.signature(auth.string_to_sign(request, canonical), request)


class Container(Server):
    """The credentials endpoint of ECS and of EKS Pod Identity."""

    def __init__(self, keys):
        super().__init__()
        self.keys = keys

    def answer(self, method, path, headers, body):
        if headers.get("Authorization") != "pod-token":
            return 403, {}, b""
        key = self.keys.issue()
        return 200, {}, json.dumps({**{name: key[name] for name in ("AccessKeyId", "SecretAccessKey", "Token")},
                                    "Expiration": stamp(key["ends"])}).encode()


class Instance(Server):
    """The metadata service of EC2, version 2."""

    def __init__(self, keys):
        super().__init__()
        self.keys = keys

    def answer(self, method, path, headers, body):
        if method == "PUT" and path == "/latest/api/token":
            return 200, {}, b"session"
        if headers.get("X-aws-ec2-metadata-token") != "session":
            return 401, {}, b""
        if path == "/latest/meta-data/iam/security-credentials/":
            return 200, {}, b"lake-role"
        key = self.keys.issue()
        return 200, {}, json.dumps({**{name: key[name] for name in ("AccessKeyId", "SecretAccessKey", "Token")}, "Code": "Success",
                                    "Expiration": stamp(key["ends"])}).encode()


class TokenService(Server):
    """AWS STS with the action AssumeRoleWithWebIdentity."""

    def __init__(self, keys):
        super().__init__()
        self.keys = keys

    def answer(self, method, path, headers, body):
        asked = dict(urllib.parse.parse_qsl(body.decode() or path.partition("?")[2]))
        if asked.get("Action") != "AssumeRoleWithWebIdentity" or asked.get("WebIdentityToken") != "web-token":
            return 400, {}, b"<ErrorResponse><Error><Code>InvalidIdentityToken</Code></Error></ErrorResponse>"
        key = self.keys.issue()
        return 200, {}, (f"<R><A><Credentials><AccessKeyId>{key['AccessKeyId']}</AccessKeyId><SecretAccessKey>{key['SecretAccessKey']}"
                         f"</SecretAccessKey><SessionToken>{key['Token']}</SessionToken><Expiration>{stamp(key['ends'])}</Expiration>"
                         "</Credentials></A></R>").encode()


def run_one(programs, home, name, source, environment, keys, more="", service=None):
    """Delivers a backlog that takes several times as long as a key is valid. The service is down at first."""
    count = 2000 if IS_LONG else 240
    expected = spool.make(home / "spool", count, SEED + 10)
    store = Store(keys, pause=PAUSE)
    (home / "tributary.yaml").write_text(f"""
delivery_directory: {home}/deliver
spool: {{directory: {home}/spool}}
destinations:
  - name: lake
    type: s3
    bucket: lake
    endpoint: {store.url}
    credentials: {source}
{more}
""")
    deliverer = Deliverer(programs, home, "lake", environment)
    started = time.monotonic()
    try:
        if service:
            service.is_down = True
        deliverer.start()
        if service:
            wait_for(f"{name}: the trouble", lambda: deliverer.problem, 60)
            check(f"{name}: a service that is down is reported, and the deliverer sends nothing", ("access key" in deliverer.problem, store.asked), (True, 0))
            check(f"{name}: no part of a secret is reported", "hunter2" not in deliverer.problem)
            service.is_down = False
        wait_for(f"{name}: the end of the spool", lambda: deliverer.acknowledged == count)
        took = time.monotonic() - started
        check(f"{name}: the deliverer stops with 0", deliverer.stop(), 0)
        check(f"{name}: each of {count} segments is stored, byte for byte",
              {path: found[0] for path, found in store.objects.items()} == {f"/lake/{path}": digest for path, digest in expected.items()})
        check(f"{name}: each segment had one successful PUT", set(store.stored.values()), {1})
        log = (home / "lake.log").read_text()
        check(f"{name}: no secret and no token is in the log or the report", [
            word for key in keys.known.values() for word in (key["SecretAccessKey"], key["Token"]) if word in log + json.dumps(deliverer.report)], [])
        return store, count, took
    finally:
        if deliverer.process.poll() is None:
            deliverer.kill()
        store.stop()


def with_fake(programs, scratch, name):
    """Tests each source with keys that are valid for a few seconds."""
    home = scratch / f"identity-{name}"
    home.mkdir()
    keys = Keys()
    token = home / "token"
    more = ""
    environment = {}
    if name == "process":
        # A command that gets the key from a vault, as an operator might write it.
        service = Container(keys)
        script = home / "give-key"
        script.write_text(f"""#!{sys.executable}
import sys, urllib.request
try:
    print(urllib.request.urlopen(urllib.request.Request({service.url!r}, headers={{"Authorization": "pod-token"}})).read().decode())
except OSError:
    sys.exit("the vault is sealed: hunter2")
""")
        script.chmod(0o755)
        more = f"    credential_process: [{script}]"
    elif name == "container":
        service = Container(keys)
        token.write_text("pod-token\n")
        environment = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": service.url, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(token)}
    elif name == "imds":
        service = Instance(keys)
        environment = {"AWS_EC2_METADATA_SERVICE_ENDPOINT": service.url}
    else:
        service = TokenService(keys)
        token.write_text("web-token\n")
        environment = {"AWS_ENDPOINT_URL_STS": service.url, "AWS_ROLE_ARN": ROLE, "AWS_WEB_IDENTITY_TOKEN_FILE": str(token)}
    try:
        store, count, took = run_one(programs, home, name, name, environment, keys, more, service)
        used = len(store.used)
        check(f"{name}: keys expired during the backlog, and the deliverer used new keys", used > 1)
        # A key may expire up to a second early, because its time is in whole seconds. The metadata service needs three requests for a key. A few more
        # requests are sent while the service is down.
        most = (3 if name == "imds" else 1) * (took / (LIFE - 1) + 2) + 8
        check(f"{name}: the service gets one request for each key, and not one for each segment", service.asked <= most)
        print(f"    {name}: {count} segments in {took:.1f} s with {used} keys of {LIFE:.0f} s, {service.asked} requests to the service; "
              f"the store's answers {dict(store.answers)}", flush=True)
    finally:
        service.stop()


def hanging(programs, scratch):
    """Lets the service hang when the next key is due. The first key is still valid for minutes, so no segment may wait."""
    home = scratch / "identity-hanging"
    home.mkdir()
    keys = Keys()
    (home / "token").write_text("pod-token\n")
    service = Container(keys)
    issue = keys.issue

    def issue_once():
        service.is_hanging = True
        # The key expires in less than five minutes, so the deliverer requests the next key immediately.
        return issue(295)

    keys.issue = issue_once
    try:
        store, count, took = run_one(programs, home, "hanging service", "container", {
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": service.url, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(home / "token")}, keys)
        # A hanging request times out after 20 s. Four segments are sent at a time. If the segments waited for such a request, the backlog would take
        # 1200 s.
        check("hanging service: no segment waits for the service", took < count / 4 * 20 / 3)
        check("hanging service: the deliverer sends one request at a time", service.asked <= took / 10 + 2)
        print(f"    hanging service: {count} segments in {took:.1f} s with {len(store.used)} key, {service.asked} requests to the service; "
              f"the store's answers {dict(store.answers)}", flush=True)
    finally:
        service.stop()


def with_moto(programs, scratch, name):
    """Tests the metadata service and STS of moto. Their keys are valid for hours, so the store refuses each key after 60 requests."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    home = scratch / f"moto-{name}"
    home.mkdir()
    (home / "token").write_text("header.payload.signature\n")
    keys = MotoKeys(good_for=60 if name == "web_identity" else None)
    environment = {"AWS_EC2_METADATA_SERVICE_ENDPOINT": f"http://{host}:{port}"} if name == "imds" else {
        "AWS_ENDPOINT_URL_STS": f"http://{host}:{port}", "AWS_ROLE_ARN": ROLE, "AWS_WEB_IDENTITY_TOKEN_FILE": str(home / "token")}
    try:
        store, count, _ = run_one(programs, home, f"{name} of moto", name, environment, keys)
        if name == "web_identity":
            check("web_identity of moto: keys expired during the backlog, and the deliverer used new keys",
                  (len(store.used) > 2, store.answers["400 ExpiredToken"] > 0), (True, True))
        print(f"    {name} of moto: {count} segments with {len(store.used)} keys; the store's answers {dict(store.answers)}", flush=True)
    finally:
        server.stop()


class MotoKeys(Keys):
    """The keys that moto has issued. A key is refused after `good_for` requests."""

    def __init__(self, good_for):
        super().__init__()
        used = Counter()

        class Known(dict):
            def get(self, key_id):
                for key in self.values():
                    if key["AccessKeyId"] == key_id:
                        used[key_id] += 1
                        return {**key, "ends": 0 if good_for and used[key_id] > good_for else 1e12}
                return None

            def values(self):
                # The key that moto's metadata service returns to every client.
                yield {"AccessKeyId": "test-key", "SecretAccessKey": "test-secret-key", "Token": "test-session-token"}
                for accounts in list(sts_backends.values()):
                    for backend in list(accounts.values()):
                        for role in list(backend.assumed_roles):
                            yield {"AccessKeyId": role.access_key_id, "SecretAccessKey": role.secret_access_key, "Token": role.session_token}

        self.known = Known()


def identities(programs, scratch):
    """Tests all sources at the same time, because each test mostly waits."""
    with ThreadPoolExecutor() as pool:
        runs = [pool.submit(with_fake, programs, scratch, name) for name in ("process", "container", "imds", "web_identity")]
        runs += [pool.submit(hanging, programs, scratch)]
        runs += [pool.submit(with_moto, programs, scratch, name) for name in ("imds", "web_identity")]
        for run in runs:
            run.result()
