// Swift's thread pool (libdispatch) sets the priority of each thread that it makes. In the units' sandbox that is forbidden, and libdispatch writes a
// line for each thread to standard error, which is noise in the journal (systemd 252 can't give a call of an allow list an error of its own). The
// priorities make no difference to this program, so what is forbidden counts as done. A program's own function takes precedence over the C library's.

#define _GNU_SOURCE
#include "thread_priority.h"

#include <errno.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

int setpriority(__priority_which_t which, id_t who, int priority) {
    long result = syscall(SYS_setpriority, which, who, priority);
    return result != 0 && (errno == EPERM || errno == EACCES) ? 0 : (int)result;
}
