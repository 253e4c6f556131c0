# Tests the package in a fresh Debian 13 with its own systemd. Needs the network. Sourced by `run`.

shutdown
trixie=${DEBIAN_13:-$scratch/trixie}
[[ -n ${DEBIAN_13:-} ]] || check "Debian 13: debootstrap creates the system" debootstrap --variant=minbase --include=systemd-sysv trixie "$trixie"
# The systemd of Debian 13 is built with BPF, so it enforces the ports on which the unit may listen. The systemd of Debian 12 is built without BPF.
export SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1
container_options=(--capability=all --system-call-filter="bpf @privileged")
boot "$trixie" || exit 1
cp "$first" "$ROOT/tributary.deb"
check "Debian 13: apt install" apt install --no-install-recommends /tributary.deb
check "Debian 13: no library is missing" not bash -c "chroot '$ROOT' ldd /usr/bin/tributary | grep 'not found'"
check "Debian 13: the program runs" test "$(in_container tributary --version)" = "$version"
check "Debian 13: tributary check accepts the installed configuration" in_container tributary check
check "Debian 13: the service runs" wait_until 60 is ActiveState active
check "Debian 13: systemd-analyze verify reports nothing" silent in_container systemd-analyze verify --man=no tributary.service
check "Debian 13: an org is added and collected" configure
check "Debian 13: the backlog is sealed" wait_until $((events / rate + 90)) has_sealed "$events"
check "Debian 13: each event is in the spool once" each_event_once
may_listen() { # PORT: whether the rules of the unit allow it
    in_container systemd-run --quiet --wait --pipe --property=SocketBindDeny=any --property=SocketBindAllow=tcp:9464 \
        timeout 1 systemd-socket-activate --listen="127.0.0.1:$1" /bin/cat 2>&1 | grep -q "Listening on"
}
# The container has this machine's network.
serves() { curl -sf "http://127.0.0.1:$1/metrics" | grep -q '^tributary_ready 1$'; } # PORT: whether the daemon answers there
listen() { # PORT: configures this port for the listener, and restarts the daemon
    printf 'metrics:\n  listen: 127.0.0.1:%s\n' "$1" >"$ROOT/etc/tributary/conf.d/metrics.yaml"
    in_container tributary check >"$said" 2>&1 && in_container systemctl restart tributary
}
if may_listen 9464 && ! may_listen 9500; then
    check "Debian 13: metrics are configured at the port of the unit" listen 9464
    check "Debian 13: metrics are served at the port of the unit" wait_until 20 serves 9464
    check "Debian 13: another port" listen 9500
    check "Debian 13: if another port is configured, tributary check says what to add to the unit" tells "SocketBindAllow=tcp:9500"
    refused() { in_container journalctl --no-pager --unit=tributary | grep -q "cannot listen on 127.0.0.1:9500: .*Operation not permitted"; }
    check "Debian 13: systemd refuses the other port, and the journal reports that" wait_until 20 refused
    check "Debian 13: nothing is served at the other port" not serves 9500
    check "Debian 13: collection continues" wait_until 30 in_container tributary status
    mkdir -p "$ROOT/etc/systemd/system/tributary.service.d"
    printf '[Service]\nSocketBindAllow=tcp:9500\n' >"$ROOT/etc/systemd/system/tributary.service.d/port.conf"
    in_container systemctl daemon-reload
    check "Debian 13: the other port is configured with the drop-in that the check names" listen 9500
    check "Debian 13: metrics are served at the other port" wait_until 20 serves 9500
    check "Debian 13: the metadata address is denied to the unit" test "$(property IPAddressDeny)" = 169.254.169.254/32
    rm -rf "$ROOT/etc/systemd/system/tributary.service.d"
    in_container systemctl daemon-reload
else
    echo "# this machine has no BPF for containers, so the ports on which the unit may listen were not tested"
fi
check "Debian 13: apt purge" apt purge tributary
check "Debian 13: a purge leaves only the spool" test "$(ls -A "$ROOT/var/lib/tributary")" = spool -a ! -e "$ROOT/etc/tributary"
