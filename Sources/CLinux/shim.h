#ifndef TRIBUTARY_CLINUX_H
#define TRIBUTARY_CLINUX_H

#include <malloc.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

// glibc declares these functions only if _GNU_SOURCE is defined. This header does not define it.
extern int setresuid(uid_t real, uid_t effective, uid_t saved);
extern int setresgid(gid_t real, gid_t effective, gid_t saved);
extern void *memmem(const void *text, size_t text_size, const void *part, size_t part_size);
extern int renameat2(int old_directory, const char *old_name, int new_directory, const char *new_name, unsigned int flags);
extern void *mremap(void *memory, size_t size, size_t new_size, int flags, ...);

/// Resizes memory from mmap(2), and moves it if necessary, without copying it. Returns the new address, or MAP_FAILED with errno. Swift does not import
/// mremap(2), because it is variadic.
static inline void *tributary_remap(void *memory, size_t size, size_t wanted) {
    return mremap(memory, size, wanted, 1 /* MREMAP_MAYMOVE */);
}

// prctl(2) is variadic, which Swift does not import.

/// Sets the name of the calling thread; the kernel keeps its first 15 bytes.
static inline void tributary_name_thread(const char *name) {
    prctl(PR_SET_NAME, name, 0, 0, 0);
}

/// Forbids core dumps of this process, and forbids other processes of its user to use ptrace(2) or /proc/PID/mem on it: its memory contains
/// secrets.
static inline void tributary_guard_memory(void) {
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

/// Makes glibc return freed memory to the kernel: each block of at least 4 MiB, and the end of the heap if more than 4 MiB of it are free. By
/// default, glibc raises these two limits whenever a larger block is freed, so the process would permanently keep as much memory as the largest page
/// of the log took. With limits below 4 MiB, the kernel would have to clear memory again for every page of the log (mallopt(3)).
static inline void tributary_return_free_memory(void) {
    mallopt(M_MMAP_THRESHOLD, 4 << 20);
    mallopt(M_TRIM_THRESHOLD, 4 << 20);
}

/// `struct ucred` of unix(7), which glibc declares only if _GNU_SOURCE is defined.
struct tributary_peer {
    pid_t pid;
    uid_t uid;
    gid_t gid;
};

/// Gets the process at the other end of a Unix socket, as it was when the connection was made (SO_PEERCRED). Returns 0, or -1 with errno.
static inline int tributary_socket_peer(int socket, struct tributary_peer *peer) {
    socklen_t size = sizeof *peer;
    return getsockopt(socket, SOL_SOCKET, SO_PEERCRED, peer, &size);
}

/// Gets the supplementary groups of the process at the other end of a Unix socket (SO_PEERGROUPS). Returns their number, or -1 with errno. The errno
/// is ERANGE if there are more than `limit` groups.
static inline int tributary_socket_peer_groups(int socket, gid_t *groups, int limit) {
    socklen_t size = (socklen_t)((size_t)limit * sizeof *groups);
    return getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, groups, &size) == 0 ? (int)(size / sizeof *groups) : -1;
}

/// Exchanges two names in a directory in one step (RENAME_EXCHANGE of renameat2(2)). Returns 0, or -1 with errno.
static inline int tributary_exchange(int directory, const char *one, const char *other) {
    return renameat2(directory, one, directory, other, 1 << 1);
}

#endif
