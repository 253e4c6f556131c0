"""Serves System Log pages from files with nginx. An answer costs as little work as possible, so that mostly the client is measured.
Each answer has the two Link headers that a poller gets from Okta. The requests and their tokens are not checked."""
import gzip
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time

PAGE = 1000

CONFIGURATION = """pid %(home)s/pid; error_log %(home)s/error.log; daemon off; master_process off; worker_processes 1;
events { worker_connections 64; }
http {
    access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000; map_hash_max_size 65536; map_hash_bucket_size 128;
    client_body_temp_path %(home)s/t1; proxy_temp_path %(home)s/t2; fastcgi_temp_path %(home)s/t3; uwsgi_temp_path %(home)s/t4;
    scgi_temp_path %(home)s/t5;
    map $arg_since $first { default empty; ~^%(begin)s 0; }
    map $arg_since $second { default %(end)d; ~^%(begin)s 1; }
    map $arg_after $page { default empty; "" $first; %(files)s }
    map $arg_after $following { default %(end)d; "" $second; %(next)s }
    server {
        listen 127.0.0.1:%(port)d;
        default_type application/json;
        location = /api/v1/logs {
            root %(home)s/pages;
            %(encoding)s
            add_header link '<%(url)s/api/v1/logs?limit=%(limit)d>; rel="self"';
            add_header link '<%(url)s/api/v1/logs?limit=%(limit)d&after=$following>; rel="next"';
            try_files /$page =404;
        }
    }
}
"""


def program():
    """Returns nginx's path, or None. /usr/sbin is searched too, because it is not in every PATH."""
    return shutil.which("nginx") or (shutil.which("nginx", path="/usr/sbin"))


class Pages:
    """Serves the corpus as pages on loopback. The last page is not full, so the client knows that it has caught up. A query whose
    `since` is yesterday gets the pages. A query whose `since` is the current time, as the tail sends it, gets no events."""

    def __init__(self, corpus, work, compressed):
        self.home = tempfile.mkdtemp(prefix="nginx-", dir=work)
        os.mkdir(self.home + "/pages")
        # nginx may run its workers as another user, who must be able to read this directory.
        os.chmod(self.home, 0o755)
        self.count = self.render(corpus, compressed) + 1
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        self.url = "http://127.0.0.1:%d" % port
        with open(self.home + "/nginx.conf", "w") as file:
            file.write(CONFIGURATION % {
                "home": self.home, "port": port, "url": self.url, "limit": PAGE,
                "begin": time.strftime("%Y-%m-%d", time.gmtime(time.time() - 86_400)), "end": self.count,
                "encoding": "add_header content-encoding gzip;" if compressed else "",
                # The last page is followed by an empty page, whose next link leads to itself.
                "files": " ".join("%d %d;" % (number, number) for number in range(self.count)) + " %d empty;" % self.count,
                "next": " ".join("%d %d;" % (number, min(number + 1, self.count)) for number in range(self.count + 1))})

    def render(self, corpus, compressed):
        def write(name, body):
            with open("%s/pages/%s" % (self.home, name), "wb") as file:
                file.write(gzip.compress(body, 6) if compressed else body)
        rows, number = [], 0
        with open(corpus, "rb") as lines:
            for line in lines:
                rows.append(line.rstrip(b"\n"))
                if len(rows) == PAGE:
                    write(number, b"[" + b",".join(rows) + b"]")
                    rows, number = [], number + 1
        write(number, b"[" + b",".join(rows) + b"]")
        write("empty", b"[]")
        return number

    def __enter__(self):
        self.process = subprocess.Popen([program(), "-p", self.home, "-e", self.home + "/error.log", "-c",
                                         self.home + "/nginx.conf"])
        deadline = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", int(self.url.rpartition(":")[2])), 1).close()
                return self
            except OSError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    sys.exit("nginx does not serve:\n" + open(self.home + "/error.log").read())
                time.sleep(0.01)

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.home)
