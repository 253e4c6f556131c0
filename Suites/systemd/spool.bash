# Functions that examine the container's spool from outside. Sourced; they need ROOT and scratch, and each_event_once also needs url and events.

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
has_sealed() { (($(uuids | wc -l) >= $1)); } # COUNT
# All records of an integration are sealed together, in the order of the org's log. So the sealed events are a beginning of the log, and each occurs
# once.
each_event_once() {
    local sealed
    uuids | sort >"$scratch/sealed"
    sealed=$(wc -l <"$scratch/sealed")
    # Reads the whole list first, because curl would report an error if its pipe closed early.
    curl -sS "$url/_simulator/uuids" -o "$scratch/log"
    head -n "$sealed" "$scratch/log" | sort >"$scratch/expected"
    echo "$sealed records sealed, $(sort -u "$scratch/sealed" | wc -l) distinct"
    ((sealed >= events)) && cmp "$scratch/sealed" "$scratch/expected"
}
