// Swift's thread pool (libdispatch) sets the priority of each thread that it creates. The unit's sandbox forbids that, and libdispatch would then
// write a line for each thread to the journal. systemd 252 can't choose the error of a single forbidden call. This program does not need the
// priorities. So the function below replaces the C library's, and reports success if the call is forbidden.

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
