/* Lets one write of a process fail, as a full or a broken disk does; for tests, by LD_PRELOAD.

   FAULT_UNDER   only files below this folder count
   FAULT_SUFFIX  and of these only those whose name ends in this, if it is set
   FAULT_AT      the number of the first call that fails, from 1; 0 lets all succeed
   FAULT_FOR     how many calls fail from there on; 0 means all
   FAULT_KIND    ENOSPC, EIO, or torn: half of the bytes are written, then the disk is full
   FAULT_LOG     each call that counts is a line of this file: its number, name and path
*/
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static long calls;
static int log_fd = -1;

#define REAL(name) \
    static __typeof__(name) *real; \
    if (!real) real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

static int counts(const char *path) {
    const char *under = getenv("FAULT_UNDER"), *suffix = getenv("FAULT_SUFFIX");
    if (!under || strncmp(path, under, strlen(under)) || path[strlen(under)] != '/') return 0;
    if (!suffix || !*suffix) return 1;
    size_t have = strlen(path), want = strlen(suffix);
    return have >= want && !strcmp(path + have - want, suffix);
}

static int path_of(int fd, char *path) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t size = readlink(link, path, PATH_MAX - 1);
    if (size < 0) return 0;
    path[size] = 0;
    return 1;
}

static void note(long number, const char *name, const char *path, int fails) {
    const char *file = getenv("FAULT_LOG");
    char line[PATH_MAX + 64];
    __typeof__(write) *real = (__typeof__(write) *)dlsym(RTLD_NEXT, "write");
    __typeof__(open) *opened = (__typeof__(open) *)dlsym(RTLD_NEXT, "open");
    if (!file || !*file) return;
    if (log_fd < 0) log_fd = opened(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    int size = snprintf(line, sizeof line, "%ld %s %s%s\n", number, name, path, fails ? " FAILS" : "");
    if (log_fd >= 0 && real(log_fd, line, size) < 0) log_fd = -1;
}

/* The errno with which this call is to fail, or 0; -1 for one that is to be torn. */
static int fault(const char *name, const char *path, int may_tear) {
    const char *at = getenv("FAULT_AT"), *length = getenv("FAULT_FOR"), *kind = getenv("FAULT_KIND");
    long first = at ? atol(at) : 0, many = length ? atol(length) : 0;
    if (!counts(path)) return 0;
    pthread_mutex_lock(&lock);
    long number = ++calls;
    int fails = first > 0 && number >= first && (!many || number < first + many);
    note(number, name, path, fails);
    pthread_mutex_unlock(&lock);
    if (!fails || !kind) return 0;
    if (!strcmp(kind, "EIO")) return EIO;
    if (!strcmp(kind, "torn") && number == first && may_tear) return -1;
    return ENOSPC;
}

static int fault_of(const char *name, int fd, int may_tear) {
    char path[PATH_MAX];
    int before = errno, found = path_of(fd, path) ? fault(name, path, may_tear) : 0;
    errno = before;
    return found;
}

ssize_t write(int fd, const void *data, size_t size) {
    REAL(write);
    int error = fault_of("write", fd, size > 1);
    if (error > 0) return errno = error, -1;
    return real(fd, data, error ? size / 2 : size);
}

static ssize_t pwritten(int fd, const void *data, size_t size, off64_t offset) {
    static __typeof__(pwrite64) *real;
    if (!real) real = (__typeof__(pwrite64) *)dlsym(RTLD_NEXT, "pwrite64");
    int error = fault_of("pwrite", fd, size > 1);
    if (error > 0) return errno = error, -1;
    return real(fd, data, error ? size / 2 : size, offset);
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t offset) {
    return pwritten(fd, data, size, offset);
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t offset) {
    return pwritten(fd, data, size, offset);
}

#define CALL(result, name, parameters, arguments) \
    result name parameters { \
        REAL(name); \
        int error = fault_of(#name, fd, 0); \
        if (error) return errno = error, -1; \
        return real arguments; \
    }
CALL(int, fsync, (int fd), (fd))
CALL(int, fdatasync, (int fd), (fd))
CALL(int, ftruncate, (int fd, off_t size), (fd, size))
CALL(int, ftruncate64, (int fd, off64_t size), (fd, size))

/* The errno with which a file cannot be made, or 0. */
static int fault_of_new(int folder, const char *path, int flags) {
    char whole[PATH_MAX], above[PATH_MAX] = "";
    int is_new = (flags & O_CREAT) && faccessat(folder, path, F_OK, 0) && *path;
    if (!(flags & __O_TMPFILE) && !is_new) return 0;
    if (*path != '/' && (folder == AT_FDCWD ? !getcwd(above, sizeof above) : !path_of(folder, above)))
        return 0;
    int size = snprintf(whole, sizeof whole, "%s%s%s", above, *above ? "/" : "", path);
    return size < (int)sizeof whole ? fault("open", whole, 0) : 0;
}

static int opened(const char *name, const char *path, int flags, mode_t mode) {
    __typeof__(open) *real = (__typeof__(open) *)dlsym(RTLD_NEXT, name);
    int error = fault_of_new(AT_FDCWD, path, flags);
    if (error) return errno = error, -1;
    return real(path, flags, mode);
}

static int opened_in(const char *name, int folder, const char *path, int flags, mode_t mode) {
    __typeof__(openat) *real = (__typeof__(openat) *)dlsym(RTLD_NEXT, name);
    int error = fault_of_new(folder, path, flags);
    if (error) return errno = error, -1;
    return real(folder, path, flags, mode);
}

#define OPEN(name) \
    int name(const char *path, int flags, ...) { \
        va_list more; \
        va_start(more, flags); \
        mode_t mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(more, mode_t) : 0; \
        va_end(more); \
        return opened(#name, path, flags, mode); \
    }
OPEN(open)
OPEN(open64)

#define OPENAT(name) \
    int name(int folder, const char *path, int flags, ...) { \
        va_list more; \
        va_start(more, flags); \
        mode_t mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(more, mode_t) : 0; \
        va_end(more); \
        return opened_in(#name, folder, path, flags, mode); \
    }
OPENAT(openat)
OPENAT(openat64)
