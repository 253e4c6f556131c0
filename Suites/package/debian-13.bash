# The package under the systemd of a fresh Debian 13. Sourced by run; needs the network.

shutdown
trixie=${DEBIAN_13:-$scratch/trixie}
[[ -n ${DEBIAN_13:-} ]] || check "a Debian 13 is made" debootstrap --variant=minbase --include=systemd-sysv trixie "$trixie"
boot "$trixie" || exit 1
cp "$first" "$ROOT/tributary.deb"
check "Debian 13: apt install" apt install --no-install-recommends /tributary.deb
check "Debian 13: no library is missing" not bash -c "chroot '$ROOT' ldd /usr/bin/tributary | grep 'not found'"
check "Debian 13: the program runs" test "$(in_container tributary --version)" = "$version"
check "Debian 13: it accepts the configuration that is installed" in_container tributary check
check "Debian 13: the service runs" wait_until 60 is ActiveState active
check "Debian 13: systemd has no objection" silent in_container systemd-analyze verify --man=no tributary.service
check "Debian 13: an org is added, and collected" configure
check "Debian 13: the backlog is sealed" wait_until $((events / rate + 90)) has_sealed "$events"
check "Debian 13: each event once" each_event_once
check "Debian 13: apt purge" apt purge tributary
check "Debian 13: only the spool is left" test "$(ls -A "$ROOT/var/lib/tributary")" = spool -a ! -e "$ROOT/etc/tributary"
