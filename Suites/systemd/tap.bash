# Checks that print a line each (testanything.org), and conditions that are waited for. Sourced.

passed=0
failed=0

# check "what must hold" COMMAND…
check() {
    local name=$1 output
    shift
    # bash can't keep a null byte, and journal fields end in one.
    if output=$(set -o pipefail; "$@" 2>&1 | tr -d '\0'); then
        passed=$((passed + 1))
        printf 'ok %d - %s\n' $((passed + failed)) "$name"
    else
        failed=$((failed + 1))
        printf 'not ok %d - %s\n' $((passed + failed)) "$name"
        printf '# %s\n' "ran: $*"
        [[ -z $output ]] || printf '%s\n' "$output" | head -n 20 | sed 's/^/#   /'
    fi
}

# The closing line; the exit status of the suite.
report() {
    printf '%d passed, %d failed\n' "$passed" "$failed"
    ((failed == 0))
}

# wait_until SECONDS COMMAND…: until the command succeeds. A real condition is asked for ten times a second; no other time passes.
wait_until() {
    local limit=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        if ((SECONDS >= limit)); then
            echo "still not so: $*"
            return 1
        fi
        sleep 0.1
    done
}

not() { ! "$@"; }
