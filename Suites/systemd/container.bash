# Runs a real systemd in a container. The container's root is an overlay over this machine's file system, or over another system's. Sourced.
#
#   boot [BASE]     boots a container over BASE (by default /), and sets ROOT to the container's root as seen from here
#   in_container …  runs a command in the container, for at most 60 s
#   inside UNIT VERB PATH   tests whether the process of a unit can read, list, append to, create, connect to or execute a path; needs python3
#   shutdown        stops and unmounts the container; may be called at any time, and must be called by a trap on EXIT
#
# The container writes only to a tmpfs, which is lost at its end. It shares this machine's network, so it can reach servers on loopback. Units that
# would change the network, the clock or the disk are not started.

ROOT=
container_base=
container_nspawn=
container_init=
# Further options for systemd-nspawn.
container_options=()

boot() {
    container_base=$(mktemp -d /tmp/tributary-systemd.XXXXXX) || return
    mount -t tmpfs -o size=1g,mode=0755 tmpfs "$container_base" || return
    mkdir "$container_base"/{upper,work,root} || return
    mount -t overlay overlay -o "lowerdir=${1:-/},upperdir=$container_base/upper,workdir=$container_base/work" "$container_base/root" || return
    ROOT=$container_base/root

    systemd-id128 new >"$ROOT/etc/machine-id"
    # Services that are enabled on this machine are not started here. The default target has little more than the journal.
    rm -rf "$ROOT"/etc/systemd/system/*.wants "$ROOT"/etc/systemd/system/*.requires "$ROOT"/etc/systemd/system/tributary*
    rm -f "$ROOT"/etc/systemd/system/default.target
    cat >"$ROOT/etc/systemd/system/default.target" <<-UNIT
		[Unit]
		Description=Tests
		Requires=basic.target
		After=basic.target
	UNIT
    local unit
    for unit in timers.target networking.service systemd-networkd.service systemd-networkd.socket systemd-resolved.service \
        NetworkManager.service systemd-timesyncd.service systemd-sysctl.service systemd-udevd.service systemd-udev-trigger.service \
        nftables.service ufw.service systemd-remount-fs.service; do
        ln -sf /dev/null "$ROOT/etc/systemd/system/$unit"
    done
    mkdir -p "$ROOT/etc/systemd/journald.conf.d"
    printf '[Journal]\nStorage=volatile\nRateLimitIntervalSec=0\nForwardToConsole=no\n' >"$ROOT/etc/systemd/journald.conf.d/test.conf"

    systemd-nspawn --quiet --register=no --keep-unit --boot --directory="$ROOT" --console=pipe "${container_options[@]}" \
        </dev/null >"$container_base/console" 2>&1 &
    container_nspawn=$!
    if ! wait_until 90 container_is_up; then
        echo "the container did not boot:" >&2
        tail -n 30 "$container_base/console" >&2
        return 1
    fi
}

container_is_up() {
    local child
    # During the boot, nspawn has several children. The container's init is the child that has the id 1 in the container.
    container_init=
    for child in $(cat "/proc/$container_nspawn/task/$container_nspawn/children"); do
        [[ $(awk '/^NSpid:/ { print $NF }' "/proc/$child/status" 2>/dev/null) != 1 ]] || container_init=$child
    done
    [[ -n $container_init && $(in_container systemctl is-system-running) =~ ^(running|degraded)$ ]]
}

in_container() {
    timeout --kill-after=5 60 nsenter --target "$container_init" --all -- "$@"
}

# inside.py tries an operation in the mounts of a unit's process, with its user and groups.
inside() { # UNIT VERB PATH: whether the unit's process can do this with the path
    cp "$(dirname "${BASH_SOURCE[0]}")/inside.py" "$ROOT/var/tmp/inside.py"
    in_container /usr/bin/python3 /var/tmp/inside.py "$(in_container systemctl show "$1" --property=MainPID --value)" "$2" "$3"
}

shutdown() {
    if [[ -n $container_nspawn ]]; then
        kill -TERM "$container_nspawn" 2>/dev/null
        if ! wait_until 20 not kill -0 "$container_nspawn"; then
            kill -KILL ${container_init:+"$container_init"} "$container_nspawn" 2>/dev/null
        fi
        wait "$container_nspawn" 2>/dev/null
        container_nspawn=
    fi
    if [[ -n $container_base ]]; then
        ! mountpoint -q "$container_base/root" || umount "$container_base/root" || umount --lazy "$container_base/root"
        ! mountpoint -q "$container_base" || umount "$container_base" || umount --lazy "$container_base"
        rmdir "$container_base" 2>/dev/null
        container_base=
    fi
}
