// A library for the fault tests that replaces functions of the C library in the daemon. It counts every call that changes the disk below the
// watched directories. On request, it kills the process at one of these calls, lets calls fail, or shifts the wall clock.
//
//   cc -shared -fPIC -O1 -o interpose.so interpose.c -ldl
//   FAULTS_CONTROL=FILE   a file of sizeof(struct control) bytes; the test may write to it at any time
//   FAULTS_BELOW=A:B      absolute paths; calls on other paths are not affected
//   FAULTS_TRACE=FILE     a file to which each counted call is written: number, name, path
//   LD_PRELOAD=…/interpose.so tributary run …
//
// It is only for tests, so it does not handle errors of its own.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

// The bits of `fails`, as in Suites/faults/harness.py.
enum { OPEN = 1, WRITE = 2, TRUNCATE = 4, SYNC = 8, SYNC_DIRECTORY = 16, RENAME = 32, LINK = 64, UNLINK = 128, MKDIR = 256, RMDIR = 512 };

struct control {
    _Atomic uint64_t calls;        // the number of calls so far
    _Atomic uint64_t kill_at;      // the number of the call at which the process is killed; 0: none
    _Atomic uint64_t torn;         // 1: if that call is a write, half of its bytes are written first
    _Atomic uint64_t fails;        // the kinds of calls that fail
    _Atomic uint64_t code;         // the errno of a failing call
    _Atomic uint64_t failed;       // the number of calls that have failed
    _Atomic uint64_t allowed;      // the maximum number of calls that fail; 0: no limit
    _Atomic uint64_t from;         // the number of the first call that may fail
    _Atomic int64_t clock_offset;  // how many seconds the wall clock is ahead
};

enum { DESCRIPTORS = 4096 };
static struct control *control;
static const char *below[4];
static int trace = -1;
static struct { _Atomic int watched; int is_directory; char path[512]; off_t offset; size_t length; } files[DESCRIPTORS];

static int (*real_open)(const char *, int, ...);
static int (*real_openat)(int, const char *, int, ...);
static int (*real_close)(int);
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static int (*real_ftruncate)(int, off_t);
static int (*real_fdatasync)(int);
static int (*real_fsync)(int);
static int (*real_rename)(const char *, const char *);
static int (*real_link)(const char *, const char *);
static int (*real_unlink)(const char *);
static int (*real_mkdir)(const char *, mode_t);
static int (*real_rmdir)(const char *);
static int (*real_clock_gettime)(clockid_t, struct timespec *);
static int (*real_gettimeofday)(struct timeval *, void *);
static time_t (*real_time)(time_t *);

static void find(void) {
    real_open = dlsym(RTLD_NEXT, "open");
    real_openat = dlsym(RTLD_NEXT, "openat");
    real_close = dlsym(RTLD_NEXT, "close");
    real_pwrite = dlsym(RTLD_NEXT, "pwrite64");
    real_ftruncate = dlsym(RTLD_NEXT, "ftruncate64");
    real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
    real_fsync = dlsym(RTLD_NEXT, "fsync");
    real_rename = dlsym(RTLD_NEXT, "rename");
    real_link = dlsym(RTLD_NEXT, "link");
    real_unlink = dlsym(RTLD_NEXT, "unlink");
    real_mkdir = dlsym(RTLD_NEXT, "mkdir");
    real_rmdir = dlsym(RTLD_NEXT, "rmdir");
    real_clock_gettime = dlsym(RTLD_NEXT, "clock_gettime");
    real_gettimeofday = dlsym(RTLD_NEXT, "gettimeofday");
    real_time = dlsym(RTLD_NEXT, "time");
}

__attribute__((constructor)) static void start(void) {
    find();
    const char *name = getenv("FAULTS_CONTROL");
    if (name == NULL) return;
    int file = real_open(name, O_RDWR | O_CLOEXEC);
    if (file < 0) _exit(70);
    control = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    real_close(file);
    if (control == MAP_FAILED) _exit(70);
    if ((name = getenv("FAULTS_TRACE")) != NULL) trace = real_open(name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    char *list = strdup(getenv("FAULTS_BELOW"));
    for (int i = 0; i < 4 && list != NULL; i++) below[i] = strsep(&list, ":");
}

static int is_watched(const char *path) {
    for (int i = 0; i < 4 && control != NULL && below[i] != NULL; i++) {
        size_t length = strlen(below[i]);
        if (strncmp(path, below[i], length) == 0 && (path[length] == '/' || path[length] == 0)) return 1;
    }
    return 0;
}

static int known(int file) { return file >= 0 && file < DESCRIPTORS && files[file].watched; }

static void die(void) {
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

// Returns whether a call of this kind must fail now. If so, it sets errno.
static int fails(int kind, uint64_t number) {
    if (!(control->fails & (uint64_t)kind) || number < control->from) return 0;
    if (control->allowed != 0 && control->failed >= control->allowed) return 0;
    atomic_fetch_add(&control->failed, 1);
    errno = (int)control->code;
    return 1;
}

// Counts a call, and ends the process if it is the chosen call. Returns whether the call must fail, and sets errno in that case.
static int strikes(int kind, const char *name, const char *path, int file, const void *bytes, size_t length, off_t offset) {
    uint64_t number = atomic_fetch_add(&control->calls, 1) + 1;
    if (trace >= 0) {
        char line[1100];
        int count = snprintf(line, sizeof line, "%llu %s %s\n", (unsigned long long)number, name, path);
        if (count > 0) (void)!write(trace, line, (size_t)count);
    }
    uint64_t last = control->kill_at;
    if (last != 0 && number >= last) {
        if (bytes != NULL && control->torn && number == last) real_pwrite(file, bytes, length / 2, offset);
        die();
    }
    return fails(kind, number);
}

static int opened(int file, const char *path, int flags) {
    if (file < 0 || file >= DESCRIPTORS) return file;
    files[file].watched = is_watched(path);
    files[file].is_directory = (flags & O_DIRECTORY) != 0;
    files[file].length = 0;
    snprintf(files[file].path, sizeof files[file].path, "%s", path);
    return file;
}

// Sets `path` to the absolute path of `name` in `directory`.
static int open_in(int directory, const char *name, const char *path, int flags, mode_t mode) {
    // Every call that opens a file can fail, but only a call that creates or truncates the file is counted.
    if (control != NULL && is_watched(path)) {
        if (flags & (O_CREAT | O_TRUNC)) {
            if (strikes(OPEN, "open", path, -1, NULL, 0, 0)) return -1;
        } else if (fails(OPEN, control->calls)) {
            return -1;
        }
    }
    return opened(real_openat(directory, name, flags, mode), path, flags);
}

#define MODE(last, flags) \
    mode_t mode = 0; \
    if ((flags) & (O_CREAT | O_TMPFILE)) { \
        va_list rest; \
        va_start(rest, last); \
        mode = va_arg(rest, mode_t); \
        va_end(rest); \
    }

int open(const char *path, int flags, ...) {
    if (real_open == NULL) find();
    MODE(flags, flags)
    return open_in(AT_FDCWD, path, path, flags, mode);
}
int open64(const char *path, int flags, ...) {
    MODE(flags, flags)
    return open(path, flags, mode);
}

int openat(int directory, const char *name, int flags, ...) {
    if (real_openat == NULL) find();
    MODE(flags, flags)
    if (directory == AT_FDCWD || name[0] == '/' || !known(directory)) return open_in(directory, name, name, flags, mode);
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", files[directory].path, name);
    return open_in(directory, name, path, flags, mode);
}
int openat64(int directory, const char *name, int flags, ...) {
    MODE(flags, flags)
    return openat(directory, name, flags, mode);
}

int close(int file) {
    if (real_close == NULL) find();
    if (known(file)) files[file].watched = 0;
    return real_close(file);
}

ssize_t pwrite(int file, const void *bytes, size_t length, off_t offset) {
    if (known(file)) {
        if (strikes(WRITE, "pwrite", files[file].path, file, bytes, length, offset)) return -1;
        files[file].offset = offset;
        files[file].length = length;
    }
    return real_pwrite(file, bytes, length, offset);
}
ssize_t pwrite64(int file, const void *bytes, size_t length, off_t offset) { return pwrite(file, bytes, length, offset); }

int ftruncate(int file, off_t length) {
    if (known(file)) {
        if (strikes(TRUNCATE, "ftruncate", files[file].path, file, NULL, 0, 0)) return -1;
        files[file].length = 0;
    }
    return real_ftruncate(file, length);
}
int ftruncate64(int file, off_t length) { return ftruncate(file, length); }

// A failed synchronization loses the bytes that it should have written, and the next synchronization succeeds. The kernel does the same (fsync(2),
// NOTES: a page that could not be written is marked clean). So code that trusts the second synchronization loses data.
static int synchronize(int file, const char *name, int (*real)(int)) {
    if (known(file)) {
        int kind = files[file].is_directory ? SYNC_DIRECTORY : SYNC;
        if (strikes(kind, name, files[file].path, file, NULL, 0, 0)) {
            int code = errno;
            if (kind == SYNC && files[file].length > 0) {
                char *nothing = calloc(1, files[file].length);
                if (nothing != NULL) (void)!real_pwrite(file, nothing, files[file].length, files[file].offset);
                free(nothing);
            }
            errno = code;
            return -1;
        }
        files[file].length = 0;
    }
    return real(file);
}
int fdatasync(int file) { return synchronize(file, "fdatasync", real_fdatasync); }
int fsync(int file) { return synchronize(file, "fsync", real_fsync); }

#define NAMED(kind, function, path, ...)                                                                        \
    do {                                                                                                        \
        if (real_##function == NULL) find();                                                                    \
        if (control != NULL && is_watched(path) && strikes(kind, #function, path, -1, NULL, 0, 0)) return -1;  \
        return real_##function(__VA_ARGS__);                                                                    \
    } while (0)

int rename(const char *source, const char *target) { NAMED(RENAME, rename, target, source, target); }
int link(const char *source, const char *target) { NAMED(LINK, link, target, source, target); }
int unlink(const char *path) { NAMED(UNLINK, unlink, path, path); }
int mkdir(const char *path, mode_t mode) { NAMED(MKDIR, mkdir, path, path, mode); }
int rmdir(const char *path) { NAMED(RMDIR, rmdir, path, path); }

static int64_t ahead(void) { return control == NULL ? 0 : control->clock_offset; }

int clock_gettime(clockid_t clock, struct timespec *time) {
    if (real_clock_gettime == NULL) find();
    int result = real_clock_gettime(clock, time);
    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) time->tv_sec += ahead();
    return result;
}
int gettimeofday(struct timeval *restrict time, void *restrict zone) {
    if (real_gettimeofday == NULL) find();
    int result = real_gettimeofday(time, zone);
    if (result == 0) time->tv_sec += ahead();
    return result;
}
time_t time(time_t *result) {
    if (real_time == NULL) find();
    time_t now = real_time(NULL) + ahead();
    if (result != NULL) *result = now;
    return now;
}
