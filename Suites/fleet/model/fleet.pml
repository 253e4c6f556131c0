/* The protocol by which the hosts of a fleet seal one integration, for spin (spinroot.com). The code: SealLog, SpoolWriter+Shared, IngestWorker+Fleet.
 *
 * The bucket is the only thing that hosts share. Leases are left out on purpose: any host may believe at any moment that it holds the integration,
 * several at once, and may lose that belief between any two steps. So leases that end early or late, and pauses of any length, are all covered.
 *
 * The steps have the names that the code gives them: open, stage, decide, adopt, publish, forget, fenced.
 *
 * What must hold (`check`, after every change of the bucket):
 *   chain      a seal continues the cursor at which the seal before it ends, so each page of the log is in exactly one decided seal
 *   published  what is in the bucket under a final key is in a decided seal, and no page is there twice
 *   kept       a decided seal is published whole; the newest one need not be, but then its bundle is there to finish it from
 *   windows    the identity windows of the newest seal are there
 * and for each host:
 *   first      it collects no page of a journal that it has opened before the seal under it is published whole
 *   current    its journal is never newer than the newest seal
 */

#ifndef HOSTS
#define HOSTS 2
#endif
#ifndef COMMITS
#define COMMITS 4  /* bundles that are staged in a run, whether they are decided or not; 6 at most */
#endif
#ifndef PAGES
#define PAGES 3    /* of the org's log; a cursor is the number of pages before it */
#endif
#define LAST 4     /* three seals: of the generations 2 to 4. Generation 1 is a journal that nothing was sealed into. */

/* A bundle of two segments and the seal that names it. Its number is the commit id. */
typedef Commit {
    byte generation, first, after;  /* pages first to after - 1; `after` is the cursor in the seal */
    bit has_bundle, has_windows;    /* what was staged is in the bucket */
    bit is_sent;                    /* a PUT of its seal was sent: it may arrive now, late, twice, or never */
    bit segment[2]                  /* in the bucket, under their final keys */
};

Commit commits[COMMITS + 1];        /* from 1 */
byte seals[LAST + 1];               /* generation to commit id; 0: there is no such object */
byte staged;                        /* commit ids that were given out */
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

/* Other commits of a generation that is decided change nothing any more. Their numbers are cleared, so that there are fewer states. */
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

/* A PUT of a seal with If-None-Match: * reaches the bucket. `is_ours`: 200; otherwise 412. */
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

/* A PUT that is still under way arrives, whatever has become of its host since. */
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
    byte base, cursor;   /* the cursor in its header, and the one after its last page */
    byte mine;           /* the commit that this host has staged, and publishes from its local files once it is decided */
    bit is_ours;

    /* The process was killed, or it lost the lease. Its journal is there, or it went with its disk. */
stopped:
    atomic { mine = 0; is_ours = 0 };
end:
    if
    :: goto open
    :: d_step { journal != 0 -> journal = 0; base = 0; cursor = 0 }; goto stopped
    fi;

open:
    /* Finds the newest seal. The bucket may change right after. */
    atomic {
        find_newest(newest);
        assert(journal <= newest);                                                         /* current */
        if
        :: journal == newest   /* goes on with its own pages */
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
    /* No windows: another host has sealed since. */
    :: journal != 1 && !commits[seals[journal]].has_windows ->
        atomic { find_newest(newest); assert(newest > journal); journal = 0; base = 0; cursor = 0; goto stopped }
    fi;
#ifndef OPEN_WITHOUT_PUBLISHING
    /* publish, from the bundle. A bundle that is gone says that another host has published everything. */
    do
    :: atomic { journal != 1 && commits[seals[journal]].has_bundle && !commits[seals[journal]].segment[0] -> d_step { put_segment(seals[journal], 0) } }
    :: atomic { journal != 1 && commits[seals[journal]].has_bundle && !commits[seals[journal]].segment[1] -> d_step { put_segment(seals[journal], 1) } }
    :: atomic { journal != 1 && commits[seals[journal]].has_bundle && IS_WHOLE(seals[journal]) -> d_step { commits[seals[journal]].has_bundle = 0; check() } }
    :: atomic { journal == 1 || !commits[seals[journal]].has_bundle -> break }
    :: goto stopped
    od;
#endif
    /* What attempts have left; this may be cut short. */
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
    /* publish, from the local files. Pages are collected meanwhile. */
    :: d_step { mine != 0 && !commits[mine].segment[0] -> put_segment(mine, 0) }
    :: d_step { mine != 0 && commits[mine].segment[0] && !commits[mine].segment[1] -> put_segment(mine, 1) }
    /* forget: its bundle, and the windows of the seal before */
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
    :: skip /* No answer. It has arrived, or will, or never does: Network decides. */
#ifdef LOST_IS_SUCCESS
        ; goto adopt
#endif
#ifdef LOST_IS_FAILURE
        /* Collects on, and tries again with more pages under the same commit id. */
        ; d_step {
            cursor = (cursor < PAGES -> cursor + 1 : cursor);
            commits[mine].after = (seals[commits[mine].generation] == mine -> commits[mine].after : cursor)
        };
        goto stage
#endif
    :: goto stopped
    fi;
    /* GET the seal: whose is it? Without an answer, or if there is none, the same again: same bodies, same commit id. */
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
    /* What was not sealed is dropped; the newest seal's host has collected it, or somebody will. */
    atomic { cursor = base; mine = 0; is_ours = 0 };
    goto open
}
