/* The protocol by which the hosts of a fleet seal one integration, for spin (spinroot.com). The code is in SealLog, SpoolWriter+Shared and
 * IngestWorker+Fleet.
 *
 * The hosts share only the bucket. The model has no leases: at any moment, any number of hosts may believe that they hold the integration, and a host
 * may stop believing it between any two steps. This covers leases that end early or late, and pauses of any length.
 *
 * The steps have the same names as in the code: open, stage, decide, adopt, publish, forget, fenced.
 *
 * After every change of the bucket, `check` tests these properties:
 *   chain      a seal begins at the cursor at which the previous seal ends, so each page of the log is in exactly one decided seal
 *   published  each segment under its final key belongs to a decided seal, and no page is there twice
 *   kept       a decided seal is published completely, or it is the newest seal and its bundle still exists
 *   windows    the identity windows of the newest seal exist
 * These properties are tested for each host:
 *   first      it collects no page into a newly opened journal before the previous seal is published completely
 *   current    its journal is never newer than the newest seal
 */

#ifndef HOSTS
#define HOSTS 2
#endif
#ifndef COMMITS
#define COMMITS 4  /* the number of bundles that are staged in a run, decided or not; at most 6 */
#endif
#ifndef PAGES
#define PAGES 3    /* the number of pages in the org's log; a cursor is the number of pages before it */
#endif
#define LAST 4     /* the last generation. There are three seals, 2 to 4. Generation 1 is the first journal, before any seal. */

/* A bundle of two segments and the seal that names it. Its number is the commit id. */
typedef Commit {
    byte generation, first, after;  /* pages first to after - 1; `after` is the cursor in the seal */
    bit has_bundle, has_windows;    /* whether the staged objects are in the bucket */
    bit is_sent;                    /* whether a PUT of its seal was sent, which may arrive now, late, twice, or never */
    bit segment[2]                  /* whether each segment is in the bucket under its final key */
};

Commit commits[COMMITS + 1];        /* from 1 */
byte seals[LAST + 1];               /* the commit id of each generation; 0: there is no such object */
byte staged;                        /* the number of commit ids used so far */
hidden byte c, g, p, copies, newest;

#define CURSOR_AFTER(generation) (generation == 1 -> 0 : commits[seals[generation]].after)
#define IS_WHOLE(commit) (commits[commit].segment[0] && commits[commit].segment[1])

inline find_newest(result) {
    result = 1;
    for (g : 2 .. LAST) {
        if
        :: seals[g] != 0 -> result = g
        :: else
        fi
    };
    g = 0
}

inline check() {
    find_newest(newest);
    for (g : 2 .. newest) {
        assert(seals[g] != 0);
        assert(commits[seals[g]].generation == g);
        assert(commits[seals[g]].first == CURSOR_AFTER((g - 1)));                          /* chain */
        assert(IS_WHOLE(seals[g]) || (g == newest && commits[seals[g]].has_bundle))        /* kept */
        assert(g != newest || commits[seals[g]].has_windows)                               /* windows */
    }
    for (p : 0 .. PAGES - 1) {
        copies = 0;
        for (c : 1 .. COMMITS) {
            if
            :: (commits[c].segment[0] || commits[c].segment[1]) ->
                assert(seals[commits[c].generation] == c);                                 /* published */
                copies = copies + (commits[c].first <= p && p < commits[c].after)
            :: else
            fi
        }
        assert(copies <= 1)                                                                /* published */
    };
    copies = 0
}

/* Once a generation is decided, its other commits change nothing any more. Their numbers are cleared, which reduces the number of states. */
inline settle(winner) {
#ifndef WITHOUT_CONDITION
    for (c : 1 .. COMMITS) {
        if
        :: commits[c].generation == commits[winner].generation ->
            commits[c].is_sent = 0;
            commits[c].first = (c == winner -> commits[c].first : 0);
            commits[c].after = (c == winner -> commits[c].after : 0)
        :: else
        fi
    };
#endif
    c = 0
}

/* A PUT of a seal with If-None-Match: * reaches the bucket. If the answer is 200, `is_ours` is 1; if it is 412, 0. */
inline put_seal(commit, is_ours) {
    if
    :: seals[commits[commit].generation] == 0 -> seals[commits[commit].generation] = commit; is_ours = 1; settle(commit)
#ifdef WITHOUT_CONDITION
    :: else -> seals[commits[commit].generation] = commit; is_ours = 1
#else
    :: else -> is_ours = 0
#endif
    fi;
    check()
}

inline put_segment(commit, number) {
    commits[commit].segment[number] = 1;
    check()
}

/* A PUT that a host has sent arrives at the bucket, whatever the host does meanwhile. */
#define ARRIVES(commit) atomic { commits[commit].is_sent && seals[commits[commit].generation] != commit -> d_step { put_seal(commit, ignored) } }

active proctype Network() {
    bit ignored;
end:
    do
    :: ARRIVES(1)
    :: ARRIVES(2)
    :: ARRIVES(3)
#if COMMITS > 3
    :: ARRIVES(4)
#endif
#if COMMITS > 4
    :: ARRIVES(5)
#endif
#if COMMITS > 5
    :: ARRIVES(6)
#endif
    od
}

#ifdef CLEAN_UNDECIDED
#define IS_RUBBISH(commit) commit != seals[journal]
#else
#define IS_RUBBISH(commit) commit != seals[journal] && commits[commit].generation <= journal
#endif
#define CLEAN(commit) atomic { \
    (commits[commit].has_bundle || commits[commit].has_windows) && IS_RUBBISH(commit) -> \
    d_step { commits[commit].has_bundle = 0; commits[commit].has_windows = 0; check() } }

active [HOSTS] proctype Host() {
    byte journal;        /* generation of the local journal; 0: there is none */
    byte base, cursor;   /* the cursor in the journal's header, and the cursor after its last page */
    byte mine;           /* the commit that this host has staged; once decided, it is published from local files */
    bit is_ours;

    /* The process was killed, or it has lost the lease. Its journal still exists, or is lost with its disk. */
stopped:
    atomic { mine = 0; is_ours = 0 };
end:
    if
    :: goto open
    :: d_step { journal != 0 -> journal = 0; base = 0; cursor = 0 }; goto stopped
    fi;

open:
    /* Finds the newest seal. The bucket may change immediately afterwards. */
    atomic {
        find_newest(newest);
        assert(journal <= newest);                                                         /* current */
        if
        :: journal == newest   /* continues with the pages of its own journal */
#ifdef KEEP_OLD_PAGES
        :: journal != 0 && journal < newest ->
            journal = newest; base = CURSOR_AFTER(journal); cursor = (cursor < base -> base : cursor)
        :: journal == 0 -> journal = newest; base = CURSOR_AFTER(journal); cursor = base
#else
        :: else -> journal = newest; base = CURSOR_AFTER(journal); cursor = base
#endif
        fi
    };
    if
    :: journal == 1 || commits[seals[journal]].has_windows
    /* If the windows are missing, another host has decided a newer seal. */
    :: journal != 1 && !commits[seals[journal]].has_windows ->
        atomic { find_newest(newest); assert(newest > journal); journal = 0; base = 0; cursor = 0; goto stopped }
    fi;
#ifndef OPEN_WITHOUT_PUBLISHING
    /* Publishes the segments from the bundle. If the bundle is missing, another host has already published everything. */
    do
    :: atomic { journal != 1 && commits[seals[journal]].has_bundle && !commits[seals[journal]].segment[0] -> d_step { put_segment(seals[journal], 0) } }
    :: atomic { journal != 1 && commits[seals[journal]].has_bundle && !commits[seals[journal]].segment[1] -> d_step { put_segment(seals[journal], 1) } }
    :: atomic { journal != 1 && commits[seals[journal]].has_bundle && IS_WHOLE(seals[journal]) -> d_step { commits[seals[journal]].has_bundle = 0; check() } }
    :: atomic { journal == 1 || !commits[seals[journal]].has_bundle -> break }
    :: goto stopped
    od;
#endif
    /* Removes staged objects that earlier attempts have left, but possibly not all of them. */
    do
    :: CLEAN(1)
    :: CLEAN(2)
    :: CLEAN(3)
#if COMMITS > 3
    :: CLEAN(4)
#endif
#if COMMITS > 4
    :: CLEAN(5)
#endif
#if COMMITS > 5
    :: CLEAN(6)
#endif
    :: break
    :: goto stopped
    od;

collect:
    do
    :: d_step { cursor < PAGES -> assert(mine != 0 || journal == 1 || IS_WHOLE(seals[journal])); /* first */ cursor++ }
    :: goto stopped
    /* Publishes the segments from local files. Pages are collected meanwhile. */
    :: d_step { mine != 0 && !commits[mine].segment[0] -> put_segment(mine, 0) }
    :: d_step { mine != 0 && commits[mine].segment[0] && !commits[mine].segment[1] -> put_segment(mine, 1) }
    /* Forgets: deletes the bundle, and the windows of the previous seal. */
    :: d_step {
#ifdef FORGET_TOO_EARLY
        mine != 0 ->
#else
        mine != 0 && IS_WHOLE(mine) ->
#endif
            commits[mine].has_bundle = 0; check() };
        if
        :: d_step {
            if
            :: journal > 2 -> commits[seals[journal - 1]].has_windows = 0
            :: else
            fi;
            mine = 0;
            check() }
        :: goto stopped
        fi
#ifdef DECIDE_BEFORE_PUBLISHED
    :: mine != 0 -> mine = 0
#endif
    /* stage */
    :: atomic {
        cursor > base && journal < LAST && staged < COMMITS && mine == 0 -> d_step {
            staged++;
            mine = staged;
            commits[mine].generation = journal + 1;
            commits[mine].first = base;
            commits[mine].after = cursor
        };
        goto stage }
    od;

stage:
    atomic {
#ifndef DECIDE_WITHOUT_STAGE
        commits[mine].has_bundle = 1;
        commits[mine].has_windows = 1;
#endif
#ifdef FORGET_WINDOWS_TOO_EARLY
        commits[seals[journal]].has_windows = (journal == 1 -> commits[seals[journal]].has_windows : 0);
#endif
        check()
    };
    if
    :: skip
    :: goto stopped
    fi;
    /* decide */
    commits[mine].is_sent = (seals[commits[mine].generation] == 0);
    if
    :: d_step { put_seal(mine, is_ours) };
        if
        :: is_ours -> goto adopt
#ifdef EVERY_412_IS_OURS
        :: else -> goto adopt
#else
        :: else
#endif
        fi
    :: skip /* No answer. `Network` decides whether the PUT has arrived, will arrive, or never arrives. */
#ifdef LOST_IS_SUCCESS
        ; goto adopt
#endif
#ifdef LOST_IS_FAILURE
        /* Collects more pages, and tries again with them under the same commit id. */
        ; d_step {
            cursor = (cursor < PAGES -> cursor + 1 : cursor);
            commits[mine].after = (seals[commits[mine].generation] == mine -> commits[mine].after : cursor)
        };
        goto stage
#endif
    :: goto stopped
    fi;
    /* Reads the seal to find out which host has decided it. Without an answer, or without a seal, the host repeats the attempt with the same
     * bodies and commit id. */
    if
    :: atomic { seals[commits[mine].generation] == mine -> goto adopt }
    :: atomic { seals[commits[mine].generation] != 0 && seals[commits[mine].generation] != mine -> goto fenced }
    :: goto stage
    :: goto stopped
    fi;

adopt:
    if
    :: d_step { journal++; base = cursor; is_ours = 0 }; goto collect
    :: goto stopped
    fi;

fenced:
    /* Drops the unsealed pages. The host of the newest seal has collected them, or the next host will. */
    atomic { cursor = base; mine = 0; is_ours = 0 };
    goto open
}
