"""A server in front of the simulated org. It issues access tokens to a service app, verifies every request for the log, and passes only valid
requests on to the simulator. It uses PyJWT and cryptography, and no code of the client or the simulator.

Its requirements come from RFC 7523 (assertions), RFC 9449 (DPoP), RFC 7638 (thumbprints), and Okta's guides to service apps and DPoP.
"""
import base64
import hashlib
import http.client
import json
import secrets
import sys
import threading
import time
from collections import Counter
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl

import jwt

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
PUBLIC_MEMBERS = {"kty", "crv", "x", "y", "n", "e"}


def digest(data):
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def thumbprint(jwk):
    names = {"EC": ("crv", "kty", "x", "y"), "RSA": ("e", "kty", "n")}[jwk["kty"]]
    return digest(json.dumps({name: jwk[name] for name in names}, separators=(",", ":"), sort_keys=True).encode())


class Refused(Exception):
    """A refused request. An `expected` refusal is part of the protocol; any other refusal shows a mistake of the client."""

    def __init__(self, status, code, reason, expected=False, nonce=False):
        super().__init__(reason)
        self.status, self.code, self.reason, self.expected, self.nonce = status, code, reason, expected, nonce


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """Ignores the errors of disconnected clients."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class Authority:
    def __init__(self, simulator_port, simulator_token, client_id, algorithm, public_key, key_id=None, dpop=True,
                 token_seconds=3, nonce_seconds=2, shift=0, limited=0):
        self.simulator_port, self.simulator_token = simulator_port, simulator_token
        self.client_id, self.algorithm, self.public_key, self.key_id = client_id, algorithm, public_key, key_id
        self.dpop, self.token_seconds, self.nonce_seconds, self.shift = dpop, token_seconds, nonce_seconds, shift
        self.limited, self.limited_until = limited, 0
        self.lock = threading.Lock()
        self.tokens, self.revoked, self.seen = {}, set(), set()
        self.secret = secrets.token_hex(8)
        self.counts, self.violations = Counter(), []
        authority = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def log_message(self, *_):
                pass

            def do_GET(self):
                authority.answer(self)

            do_POST = do_GET

        self.server = Server(("127.0.0.1", 0), Handler)
        self.origin = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def now(self):
        """The authority's own clock, which may differ from the client's."""
        return time.time() + self.shift

    def nonce(self):
        return digest(f"{self.secret} {int(self.now() // self.nonce_seconds)}".encode())[:24]

    def revoke(self):
        with self.lock:
            self.revoked |= set(self.tokens)
            return len(self.tokens)

    def answer(self, handler):
        length = int(handler.headers.get("Content-Length") or 0)
        body = handler.rfile.read(length)
        path = handler.path.split("?")[0]
        headers = {}
        try:
            if path == "/oauth2/v1/token":
                with self.lock:
                    status, payload = 200, json.dumps(self.token(handler, body)).encode()
            else:
                with self.lock:
                    self.check(handler, path)
                status, headers, payload = self.forward(handler)
        except Refused as refused:
            self.counts[refused.code] += 1
            if not refused.expected:
                self.violations.append(f"{handler.command} {path}: {refused.code}: {refused.reason}")
            status = refused.status
            if status == 429:
                headers = {"X-Rate-Limit-Limit": "10", "X-Rate-Limit-Remaining": "0",
                           "X-Rate-Limit-Reset": str(int(self.now()) + self.limited)}
            if path == "/oauth2/v1/token":
                payload = json.dumps({"error": refused.code, "error_description": refused.reason}).encode()
            else:
                payload = json.dumps({"errorCode": refused.code, "errorSummary": refused.reason}).encode()
                scheme = "DPoP" if self.dpop else "Bearer"
                headers["WWW-Authenticate"] = f'{scheme} error="{refused.code}", error_description="{refused.reason}"'
            if refused.nonce:
                headers["DPoP-Nonce"] = self.nonce()
        else:
            if self.dpop:
                headers["DPoP-Nonce"] = self.nonce()
        handler.send_response_only(status)
        headers.setdefault("Content-Type", "application/json")
        for name, value in headers.items():
            for line in value if isinstance(value, list) else [value]:
                handler.send_header(name, line)
        handler.send_header("Date", formatdate(self.now(), usegmt=True))
        handler.send_header("Content-Length", str(len(payload)))
        handler.end_headers()
        handler.wfile.write(payload)

    # The token endpoint.

    def token(self, handler, body):
        if self.limited and self.limited_until == 0:
            self.limited_until = self.now() + self.limited
            raise Refused(429, "too_many_requests", "not now", expected=True)
        if self.now() < int(self.limited_until):
            raise Refused(429, "too_many_requests", "a request before the time that the 429 gave")
        if handler.command != "POST" or handler.headers.get_content_type() != "application/x-www-form-urlencoded":
            raise Refused(400, "invalid_request", "the request is not a form")
        pairs = parse_qsl(body.decode(), strict_parsing=True)
        form = dict(pairs)
        if len(pairs) != 4 or form.get("grant_type") != "client_credentials" or form.get("scope") != "okta.logs.read" \
                or form.get("client_assertion_type") != ASSERTION_TYPE or handler.headers.get_all("Authorization"):
            raise Refused(400, "invalid_request", "wrong parameters for client_credentials with private_key_jwt")
        self.assertion(form["client_assertion"])
        key = None
        if self.dpop:
            if not handler.headers.get_all("DPoP"):
                raise Refused(400, "invalid_dpop_proof", "The DPoP proof JWT header is missing.", expected=True)
            key = self.proof(handler, "/oauth2/v1/token", None)
        token = secrets.token_urlsafe(64)
        self.tokens[token] = (self.now() + self.token_seconds, key)
        self.counts["tokens"] += 1
        return {"token_type": "DPoP" if self.dpop else "Bearer", "expires_in": self.token_seconds,
                "access_token": token, "scope": "okta.logs.read"}

    def assertion(self, text):
        header = jwt.get_unverified_header(text)
        if header.get("alg") != self.algorithm or header.get("kid") != self.key_id:
            raise Refused(401, "invalid_client", f"alg or kid: {header}")
        try:
            # The times are checked below with the authority's own clock, so the library does not check them.
            claims = jwt.decode(text, self.public_key, algorithms=[self.algorithm], audience=f"{self.origin}/oauth2/v1/token",
                                options={"verify_exp": False, "verify_iat": False,
                                         "require": ["iss", "sub", "aud", "exp", "iat", "jti"]})
        except jwt.InvalidSignatureError:
            # Okta gives this answer if the key is not registered (yet).
            raise Refused(401, "invalid_client", "The client_assertion signature is invalid.", expected=True) from None
        except jwt.PyJWTError as error:
            raise Refused(401, "invalid_client", str(error)) from None
        if claims["iss"] != self.client_id or claims["sub"] != self.client_id:
            raise Refused(401, "invalid_client", "iss or sub")
        if not isinstance(claims["aud"], str):
            raise Refused(401, "invalid_client", "aud is not a string")
        now = self.now()
        if not now < claims["exp"] <= now + 3600 or not now - 60 <= claims["iat"] <= now:
            raise Refused(401, "invalid_client", "exp or iat", expected=self.shift != 0 and not self.counts["tokens"])
        self.once("assertion", claims["jti"])

    def once(self, kind, unique):
        if not isinstance(unique, str) or len(unique) < 16 or (kind, unique) in self.seen:
            raise Refused(401, "invalid_client", f"the jti of the {kind} is too short, or was used before")
        self.seen.add((kind, unique))

    # The log.

    def check(self, handler, path):
        lines = handler.headers.get_all("Authorization") or []
        if path == "/.well-known/okta-organization":
            # The path is public, so a client must not send a credential to it.
            if lines or handler.headers.get_all("DPoP"):
                raise Refused(400, "E0000001", "a credential at a public path")
            return
        if len(lines) != 1:
            raise Refused(403, "E0000005", "not one Authorization header")
        scheme, _, token = lines[0].partition(" ")
        if scheme != ("DPoP" if self.dpop else "Bearer"):
            raise Refused(400, "dpop_authentication_scheme_required", "wrong scheme")
        if token not in self.tokens:
            raise Refused(401, "invalid_token", "unknown token")
        if token in self.revoked:
            self.counts["revoked"] += 1
            raise Refused(401, "invalid_token", "revoked", expected=True)
        end, key = self.tokens[token]
        if self.now() >= end:
            self.counts["expired"] += 1
            raise Refused(401, "invalid_token", "expired", expected=True)
        if not self.dpop:
            if handler.headers.get_all("DPoP"):
                raise Refused(400, "invalid_dpop_proof", "a DPoP proof with a bearer token")
        elif self.proof(handler, path, token) != key:
            raise Refused(400, "invalid_dpop_proof", "the proof was signed with another key than that of the token")
        self.counts["verified"] += 1

    def proof(self, handler, path, token):
        """Verifies the DPoP proof. Returns the thumbprint of its key."""
        lines = handler.headers.get_all("DPoP") or []
        if len(lines) != 1:
            raise Refused(400, "invalid_dpop_proof", "not one DPoP header")
        header = jwt.get_unverified_header(lines[0])
        key = header.get("jwk") or {}
        if header.get("typ") != "dpop+jwt" or header.get("alg") != "ES256" or not key or set(key) - PUBLIC_MEMBERS:
            raise Refused(400, "invalid_dpop_proof", f"typ, alg or jwk: {header}")
        try:
            claims = jwt.decode(lines[0], jwt.PyJWK(key, algorithm="ES256"), algorithms=["ES256"],
                                options={"verify_iat": False, "require": ["jti", "htm", "htu", "iat"]})
        except jwt.PyJWTError as error:
            raise Refused(400, "invalid_dpop_proof", str(error)) from None
        if claims["htm"] != handler.command or claims["htu"] != self.origin + path:
            raise Refused(400, "invalid_dpop_proof", f"htm or htu: {claims}")
        if not self.now() - 30 <= claims["iat"] <= self.now():
            raise Refused(400, "invalid_dpop_proof", "iat", expected=self.shift != 0 and not self.counts["tokens"])
        if claims.get("ath") != (token and digest(token.encode())):
            raise Refused(400, "invalid_dpop_proof", "ath")
        self.once("proof", claims["jti"])
        if claims.get("nonce") != self.nonce():
            self.counts["nonce at the log" if token else "nonce at the token endpoint"] += 1
            raise Refused(401 if token else 400, "use_dpop_nonce", "nonce required", expected=True, nonce=True)
        return thumbprint(key)

    def forward(self, handler):
        """Passes the request on and returns the simulator's answer. The links in it have the host name that the client has used."""
        connection = http.client.HTTPConnection("127.0.0.1", self.simulator_port, timeout=30)
        try:
            connection.request("GET", handler.path, headers={
                "Host": handler.headers["Host"], "Authorization": f"SSWS {self.simulator_token}", "Accept-Encoding": "identity"})
            response = connection.getresponse()
            headers = {"Link": response.headers.get_all("Link") or [], "Content-Type": response.headers["Content-Type"]}
            return response.status, headers, response.read()
        finally:
            connection.close()
