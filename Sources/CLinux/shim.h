#ifndef TRIBUTARY_CLINUX_H
#define TRIBUTARY_CLINUX_H

#include <sys/prctl.h>
#include <sys/types.h>
#include <unistd.h>

// glibc declares these only with _GNU_SOURCE, which this header does not define.
extern int setresuid(uid_t real, uid_t effective, uid_t saved);
extern int setresgid(gid_t real, gid_t effective, gid_t saved);
extern int renameat2(int old_directory, const char *old_name, int new_directory, const char *new_name, unsigned int flags);

// prctl(2) is variadic, which Swift does not import.

/// Names the calling thread; the kernel keeps the first 15 bytes.
static inline void tributary_name_thread(const char *name) {
    prctl(PR_SET_NAME, name, 0, 0, 0);
}

/// No core dump of this process, and no ptrace(2) or /proc/PID/mem for other processes of its user: secrets are in its memory.
static inline void tributary_guard_memory(void) {
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

/// Exchanges two names of a directory in one step (RENAME_EXCHANGE of renameat2(2)); 0, or -1 with errno.
static inline int tributary_exchange(int directory, const char *one, const char *other) {
    return renameat2(directory, one, directory, other, 1 << 1);
}

#endif
