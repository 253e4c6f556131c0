# Functions that examine the container's spool from outside. Sourced. They use the variables ROOT and scratch; each_event_once also uses url and
# events.

spool=/var/lib/tributary/spool
segments() { find "$ROOT$spool" -path '*/integration=*/class=*' -name '[!._]*.ndjson*' -not -path '*/[._]*' "$@"; }
uuids() {
    segments -print0 | while IFS= read -r -d '' segment; do
        case $segment in
            *.zst) zstd -dcq "$segment" ;;
            *.gz) zcat "$segment" ;;
            *) cat "$segment" ;;
        esac
    done | jq -r .metadata.uid
}
has_sealed() { (($(uuids | wc -l) >= $1)); } # COUNT: whether at least this many events are sealed
# Checks the sealed events. Records are sealed in the order of the org's log, so the sealed events must be the first events of the log, each once.
each_event_once() {
    local sealed
    uuids | sort >"$scratch/sealed"
    sealed=$(wc -l <"$scratch/sealed")
    # The list is saved first, because `head` ends early, and curl would report a broken pipe.
    curl -sS "$url/_simulator/uuids" -o "$scratch/log"
    head -n "$sealed" "$scratch/log" | sort >"$scratch/expected"
    echo "$sealed records sealed, $(sort -u "$scratch/sealed" | wc -l) distinct"
    ((sealed >= events)) && cmp "$scratch/sealed" "$scratch/expected"
}
