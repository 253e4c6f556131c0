# Installs the package, adds a service app interactively, and measures the time until the first segment is sealed. The org uses TLS. Sourced by `run`.

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
org_port=$(free_port)
tls_port=$(free_port)
mkdir "$scratch/tls"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=Tests" -keyout "$scratch/tls/ca.key" -out "$scratch/tls/ca.pem" 2>/dev/null
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=localhost" -keyout "$scratch/tls/key.pem" -out "$scratch/tls/csr.pem" 2>/dev/null
openssl x509 -req -in "$scratch/tls/csr.pem" -CA "$scratch/tls/ca.pem" -CAkey "$scratch/tls/ca.key" -set_serial 7 -days 2 \
    -extfile <(printf 'subjectAltName=DNS:localhost,IP:127.0.0.1') -out "$scratch/tls/cert.pem" 2>/dev/null
cat >"$scratch/tls/nginx.conf" <<EOF
pid $scratch/tls/pid; error_log $scratch/tls/error.log; daemon off; master_process off;
events { worker_connections 64; }
http {
    access_log off; client_body_temp_path $scratch/tls/body; proxy_temp_path $scratch/tls/proxy;
    fastcgi_temp_path $scratch/tls/fastcgi; uwsgi_temp_path $scratch/tls/uwsgi; scgi_temp_path $scratch/tls/scgi;
    server {
        listen 127.0.0.1:$tls_port ssl http2;
        ssl_certificate $scratch/tls/cert.pem; ssl_certificate_key $scratch/tls/key.pem;
        location / { proxy_pass http://127.0.0.1:$org_port; proxy_http_version 1.1; proxy_set_header Connection ""; }
    }
}
EOF
/usr/sbin/nginx -p "$scratch/tls" -e "$scratch/tls/error.log" -c "$scratch/tls/nginx.conf" >/dev/null 2>&1 &
nginx=$!

began=$(date +%s%N)
check "service app: a fresh apt install succeeds" apt install "/packages/$(basename "$first")"
cp "$scratch/tls/ca.pem" "$ROOT/etc/tributary/ca.pem"
printf 'network:\n  ca_file: /etc/tributary/ca.pem\n' >"$ROOT/etc/tributary/conf.d/network.yaml"
check "service app: the daemon is restarted, so that it trusts the CA of the org" in_container systemctl restart tributary
add_app() {
    ORG_URL="https://localhost:$tls_port/admin" "$here/service_app.py" "$scratch/app-screen" \
        "$bin/okta-simulator --port $org_port --public-key {key} --client-id 0oa1lab --public-url https://localhost:$tls_port --events 300 --rate 5 --limit-per-minute 6000" \
        nsenter --target "$container_init" --all -- /usr/bin/tributary integration add >"$scratch/app-org"
}
check "service app: the app is added interactively, and its org is collected" add_app
check "service app: the screen shows with a ✔ that the integration collects" grep -q "✔ lab collects: " "$scratch/app-screen"
check "service app: the key is kept encrypted" test -s "$ROOT/etc/tributary/credentials/lab-read.cred"
check "service app: the private key is on no screen and in no file below /etc" \
    not grep -rqE '"d" ?:' "$scratch/app-screen" "$ROOT/etc/tributary"
check "service app: tributary status reports no problem" in_container tributary status
# Less than segment_max_age (5 minutes): an integration's first segments are sealed earlier.
check "service app: the first segment is sealed" wait_until 240 has_sealed 1
echo "# time from apt install to the first segment, with the installed settings: $((($(date +%s%N) - began) / 1000000)) ms"
sed 's/^/#   /' "$scratch/app-screen"
check "service app: the journal has no messages from Swift's runtime" \
    not bash -c "timeout 60 nsenter --target $container_init --all -- journalctl --no-pager -u tributary | grep -q 'thread priority'"
kill -KILL "$nginx" "$(cat "$scratch/app-org")" 2>/dev/null
wait "$nginx" 2>/dev/null
check "service app: apt purge" apt purge tributary
rm -rf "${ROOT:?}$spool" "$ROOT/var/lib/tributary"
