"""A loopback server of prerendered System Log pages: as little work per request as there can be, so that what is measured is
the client. It answers like Okta's log does to a poller, with two Link headers, and without any check.

    serve_pages.py CORPUS.ndjson [--page 1000] [--gzip] [--times 1]     prints {"url": …} on standard output when it listens
"""
import argparse
import gzip
import json
import socket
import sys
import threading


def render(corpus, size, compress):
    pages, rows = [], []

    def flush():
        body = b"[" + b",".join(rows) + b"]"
        pages.append(gzip.compress(body, 6) if compress else body)
        rows.clear()

    with open(corpus, "rb") as lines:
        for line in lines:
            rows.append(line.rstrip(b"\n"))
            if len(rows) == size:
                flush()
    flush()  # the last page is shorter than the limit, perhaps empty: caught up
    return pages


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus")
    parser.add_argument("--page", type=int, default=1000)
    parser.add_argument("--gzip", action="store_true")
    parser.add_argument("--times", type=int, default=1, help="how often the whole pages come round")
    arguments = parser.parse_args()

    pages = render(arguments.corpus, arguments.page, arguments.gzip)
    empty = gzip.compress(b"[]") if arguments.gzip else b"[]"
    # The last page is not whole and says "caught up", so it comes once.
    order = list(range(len(pages) - 1)) * arguments.times + [len(pages) - 1]
    listener = socket.create_server(("127.0.0.1", 0))
    url = "http://127.0.0.1:%d" % listener.getsockname()[1]
    print(json.dumps({"url": url, "pages": len(order)}), flush=True)

    def answer(connection, path):
        after = path.partition("after=")[2].partition("&")[0]
        number = int(after) if after.isdigit() else 0
        body = pages[order[number]] if number < len(order) else empty
        following = min(number + 1, len(order))
        link = "<%s/api/v1/logs?limit=%d&after=%d>; rel=\"next\"" % (url, arguments.page, following)
        head = ("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n%s"
                "link: <%s/api/v1/logs?limit=%d>; rel=\"self\"\r\nlink: %s\r\n\r\n"
                % (len(body), "Content-Encoding: gzip\r\n" if arguments.gzip else "", url, arguments.page, link))
        connection.sendall(head.encode())
        connection.sendall(body)

    def serve(connection):
        with connection:
            pending = b""
            while True:
                while b"\r\n\r\n" not in pending:
                    data = connection.recv(65536)
                    if not data:
                        return
                    pending += data
                request, _, pending = pending.partition(b"\r\n\r\n")
                answer(connection, request.split(b" ", 2)[1].decode())

    while True:
        connection, _ = listener.accept()
        threading.Thread(target=serve, args=(connection,), daemon=True).start()


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(0)
