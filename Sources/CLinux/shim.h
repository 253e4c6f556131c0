#ifndef TRIBUTARY_CLINUX_H
#define TRIBUTARY_CLINUX_H

#include <sys/prctl.h>

// prctl(2) is variadic, which Swift does not import.

/// Names the calling thread; the kernel keeps the first 15 bytes.
static inline void tributary_name_thread(const char *name) {
    prctl(PR_SET_NAME, name, 0, 0, 0);
}

/// No core dump of this process, and no ptrace(2) or /proc/PID/mem for other processes of its user: secrets are in its memory.
static inline void tributary_guard_memory(void) {
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

#endif
