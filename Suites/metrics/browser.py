"""A headless Chromium that the tests control with --remote-debugging-pipe: JSON messages, each ended by a NUL, on descriptors 3 and 4."""
import base64
import json
import os
import shutil
import subprocess
import tempfile
import time


class Browser:
    """One page in one browser with its own profile. Use it in a `with` statement."""

    def __init__(self):
        self.profile = tempfile.mkdtemp(prefix="tributary-chromium-")
        to_browser, self.out = os.pipe()
        self.inward, from_browser = os.pipe()
        command = [
            shutil.which("chromium") or "chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
            "--disable-background-networking", "--disable-component-update", "--disable-default-apps", "--disable-extensions",
            "--disable-sync", "--no-first-run", "--hide-scrollbars", f"--user-data-dir={self.profile}", "--remote-debugging-pipe", "about:blank",
        ]

        def descriptors():
            # The descriptors may be 3 or 4 already. They are duplicated first, so that dup2 does not close one that is still needed.
            reading, writing = os.dup(to_browser), os.dup(from_browser)
            os.dup2(reading, 3), os.dup2(writing, 4)

        self.process = subprocess.Popen(
            command, preexec_fn=descriptors, close_fds=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_browser), os.close(from_browser)
        self.number, self.rest, self.session, self.console = 0, b"", None, []
        targets = self.call("Target.getTargets")["targetInfos"]
        target = next(t for t in targets if t["type"] == "page")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        os.close(self.out), os.close(self.inward)
        shutil.rmtree(self.profile, ignore_errors=True)

    def call(self, method, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.out, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.message()
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]
            self.note(answer)

    def message(self):
        while b"\0" not in self.rest:
            piece = os.read(self.inward, 1 << 20)
            if not piece:
                raise RuntimeError("the browser ended")
            self.rest += piece
        line, self.rest = self.rest.split(b"\0", 1)
        return json.loads(line)

    def note(self, event):
        """Collects problems of the page: errors of scripts, refused resources, violations of its content security policy."""
        if event.get("method") == "Runtime.exceptionThrown":
            self.console.append(event["params"]["exceptionDetails"].get("exception", {}).get("description", "exception"))
        if event.get("method") == "Log.entryAdded" and event["params"]["entry"]["level"] == "error":
            self.console.append(event["params"]["entry"]["text"])

    def open(self, url, width=1280, height=900, dark=False):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])
        self.call("Page.navigate", url=url)
        while self.value("document.readyState") != "complete":
            time.sleep(0.02)

    def value(self, expression):
        """The value of a JavaScript expression on the page. If the value is a promise, the promise's result."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(f"{expression}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def wait(self, expression, seconds=60):
        """Waits until a JavaScript expression is true. Returns how many seconds this took."""
        began = time.monotonic()
        while not self.value(f"document.documentElement && Boolean({expression})"):
            if time.monotonic() - began > seconds:
                raise RuntimeError(f"not within {seconds} s: {expression}; the page says: {self.value('document.body.innerText')[:600]}")
            time.sleep(0.05)
        return time.monotonic() - began

    def key(self, key):
        self.call("Input.dispatchKeyEvent", type="keyDown", key=key, text=key if len(key) == 1 else "")
        self.call("Input.dispatchKeyEvent", type="keyUp", key=key)

    def screenshot(self, path):
        picture = self.call("Page.captureScreenshot", format="png")
        with open(path, "wb") as file:
            file.write(base64.b64decode(picture["data"]))
