"""A real S3 server (SeaweedFS, from PyPI), and a proxy in front of it that counts requests and drops answers."""
import http.client
import json
import os
import random
import signal
import socket
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

KEY, SECRET = "AKIATRIBUTARYTEST000", "a-secret-of-the-test-suite-0123456789ab"


def free_ports(count):
    """Free ports of 127.0.0.1. The server also uses the port 10,000 above each for gRPC, so that port is free, too."""
    found = []
    while len(found) < count:
        port = random.randint(12_000, 50_000)
        try:
            for number in (port, port + 10_000):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", number))
        except OSError:
            continue
        if port not in found:
            found.append(port)
    return found


class Store:
    """A server with one access key. Its data still exists after `kill`."""

    def __init__(self, weed, home, volume_megabytes=64):
        self.weed, self.home, self.volume_megabytes = weed, home, volume_megabytes
        home.mkdir(parents=True, exist_ok=True)
        (home / "data").mkdir(exist_ok=True)
        (home / "s3.json").write_text(json.dumps({"identities": [
            {"name": "test", "credentials": [{"accessKey": KEY, "secretKey": SECRET}], "actions": ["Admin", "Read", "Write", "List"]}]}))
        self.ports = free_ports(6)
        self.port = self.ports[3]
        self.process = None

    def start(self):
        master, volume, filer, s3, iceberg, lance = self.ports
        with open(self.home / "log", "ab") as log:
            self.process = subprocess.Popen(
                [self.weed, "server", f"-dir={self.home}/data", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-master.port={master}",
                 f"-volume.port={volume}", "-filer", f"-filer.port={filer}", "-s3", f"-s3.port={s3}", f"-s3.port.iceberg={iceberg}",
                 f"-s3.port.lance={lance}", f"-s3.config={self.home}/s3.json", "-volume.max=300", f"-master.volumeSizeLimitMB={self.volume_megabytes}",
                 "-s3.iam=false", "-master.telemetry=false"],
                stdout=log, stderr=log, cwd=self.home)
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise SystemExit(f"SeaweedFS ended: {(self.home / 'log').read_text()[-2000:]}")
            try:
                self.client().list_buckets()
                return
            except Exception:
                time.sleep(0.3)
        raise SystemExit("SeaweedFS did not start in time")

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.kill()

    def client(self):
        """A client of the store that does not use Tributary's code."""
        import boto3
        from botocore.config import Config
        return boto3.client("s3", endpoint_url=f"http://127.0.0.1:{self.port}", aws_access_key_id=KEY, aws_secret_access_key=SECRET,
                            region_name="us-east-1", config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 5},
                                                                   read_timeout=20))


class Proxy:
    """Passes requests on unchanged. `lose` is the share of the answers to PUT that the proxy drops, from 0 to 1."""

    def __init__(self, store, seed, lose=0.0, port=0):
        self.store, self.lose = store, lose
        self.chosen = random.Random(seed)
        self.lock = threading.Lock()
        self.stored = {}
        self.requests = {}
        self.lost = 0
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def pass_on(self):
                proxy.pass_on(self)

            do_GET = do_PUT = do_HEAD = do_DELETE = pass_on

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 64

            def handle_error(self, *_):
                pass  # a client that was killed

        self.server = Server(("127.0.0.1", port), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def answers(self):
        return {name: times for name, times in sorted(self.requests.items()) if " " in name}

    def pass_on(self, request):
        body = request.rfile.read(int(request.headers.get("Content-Length") or 0))
        if len(body) < int(request.headers.get("Content-Length") or 0):
            request.close_connection = True
            return
        with self.lock:
            count = f"{request.command}"
            self.requests[count] = self.requests.get(count, 0) + 1
        try:
            server = http.client.HTTPConnection("127.0.0.1", self.store.port, timeout=60)
            server.putrequest(request.command, request.path, skip_host=True, skip_accept_encoding=True)
            for name, value in request.headers.items():
                if name.lower() not in ("expect", "connection"):
                    server.putheader(name, value)
            server.endheaders(body)
            answer = server.getresponse()
            content = answer.read()
            server.close()
        except (OSError, http.client.HTTPException):
            # If the server is down, the proxy closes the connection, too.
            request.close_connection = True
            request.connection.shutdown(socket.SHUT_RDWR)
            return
        with self.lock:
            key = f"{request.command} {answer.status}"
            self.requests[key] = self.requests.get(key, 0) + 1
            if request.command == "PUT" and answer.status == 200:
                self.stored[request.path] = self.stored.get(request.path, 0) + 1
            is_lost = request.command == "PUT" and self.chosen.random() < self.lose
            self.lost += is_lost
        if is_lost:
            request.close_connection = True
            request.connection.shutdown(socket.SHUT_RDWR)
            return
        request.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("transfer-encoding", "connection", "content-length"):
                request.send_header(name, value)
        length = answer.getheader("Content-Length") if request.command == "HEAD" else len(content)
        request.send_header("Content-Length", str(length or 0))
        request.end_headers()
        if request.command != "HEAD":
            request.wfile.write(content)

    def stop(self):
        self.server.shutdown()
