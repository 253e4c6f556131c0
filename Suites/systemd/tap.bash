# Functions that run checks and print a line for each (testanything.org), and that wait for conditions. Sourced.

passed=0
failed=0

# check NAME COMMAND…: runs the command. The check passes if the command succeeds.
check() {
    local name=$1 output
    shift
    # Removes null bytes: bash can't store them, and journal fields may end with one.
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

# Prints the summary, and returns the exit status of the suite.
report() {
    printf '%d passed, %d failed\n' "$passed" "$failed"
    ((failed == 0))
}

# wait_until SECONDS COMMAND…: tries the command ten times a second until it succeeds, at most for this time.
wait_until() {
    local limit=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        if ((SECONDS >= limit)); then
            echo "this condition did not become true: $*"
            return 1
        fi
        sleep 0.1
    done
}

not() { ! "$@"; }
