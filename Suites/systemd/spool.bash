# Functions that examine the container's spool from outside. Sourced. They use the variables ROOT and scratch; each_event_once also uses url and
# events.

spool=/var/lib/tributary/spool
segments() { find "$ROOT$spool" -path '*/integration=*/class=*' -name '[!._]*.ndjson*' -not -path '*/[._]*' "$@"; }
uuids() {
    # The list of the segments is complete before the first one is read, so that no segment is added to it meanwhile.
    local list
    list=$(segments -print)
    while IFS= read -r segment; do
        case $segment in
            '') ;;
            *.zst) zstd -dcq "$segment" ;;
            *.gz) zcat "$segment" ;;
            *) cat "$segment" ;;
        esac
    done <<<"$list" | jq -r .metadata.uid
}
has_sealed() { (($(uuids | wc -l) >= $1)); } # COUNT: whether at least this many events are sealed
# Checks the sealed events. Records are sealed in the order of the org's log, so the sealed events must be the first events of the log, each once.
# The segments of a seal become visible one after the other, so this waits until all segments of the newest seal are visible.
each_event_once() { wait_until 60 sealed_in_order || { sealed_in_order; return 1; }; }
sealed_in_order() {
    local sealed
    uuids | sort >"$scratch/sealed"
    sealed=$(wc -l <"$scratch/sealed")
    # The list is saved first, because `head` ends early, and curl would report a broken pipe.
    curl -sS "$url/_simulator/uuids" -o "$scratch/log"
    head -n "$sealed" "$scratch/log" | sort >"$scratch/expected"
    echo "$sealed records sealed, $(sort -u "$scratch/sealed" | wc -l) distinct," \
        "$(comm -3 "$scratch/sealed" "$scratch/expected" | wc -l) that differ from the first $sealed of the log"
    ((sealed >= events)) && cmp "$scratch/sealed" "$scratch/expected"
}
