/*
 * Writing a file so that whoever opens it finds either the old one or the new one, whole: a
 * temporary file in the same folder, written, flushed to the disk, renamed over the old one; then
 * the folder is flushed. On failure the temporary file is removed, and the old one is as it was. A
 * symbolic link stays one: the file that it leads to is replaced.
 */
#include "atomic_write.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../base/error.h"

#ifndef PATH_MAX
#define PATH_MAX 4096
#endif

/* Names that are tried before we give up: others may be saving into the same folder. */
#define ATTEMPTS 100

/* The most that one write() is asked for; Linux takes less than 2 GiB. */
#define MOST_AT_ONCE ((size_t)1 << 30)

typedef struct target {
  char path[PATH_MAX]; /* what is replaced */
  char folder[PATH_MAX];
  char temporary[PATH_MAX];
  mode_t mode; /* of the file that is there; 0 when there is none */
} target;

static nai_status fail_errno(const char *what, const char *path)
{
  return nai__fail(NAI_ERR_FILE, "cannot %s '%.120s': %s", what, path, strerror(errno));
}

static nai_status find_target(target *t, const char *path)
{
  struct stat there;
  t->mode = 0;
  if (strlen(path) >= sizeof t->path) {
    errno = ENAMETOOLONG;
    return fail_errno("write", path);
  }
  if (!realpath(path, t->path)) {
    if (errno != ENOENT) return fail_errno("write", path);
    memcpy(t->path, path, strlen(path) + 1);
  } else if (stat(t->path, &there) != 0) {
    return fail_errno("write", path);
  } else if (!S_ISREG(there.st_mode)) {
    return nai__fail(NAI_ERR_FILE, "cannot write '%.120s': it is there, and not a regular file",
                     path);
  } else {
    t->mode = there.st_mode & 07777;
  }
  const char *slash = strrchr(t->path, '/');
  size_t length = slash ? (size_t)(slash - t->path) : 0;
  memcpy(t->folder, slash ? t->path : ".", slash ? length : 1);
  t->folder[slash ? length : 1] = 0;
  if (slash && length == 0) memcpy(t->folder, "/", 2);
  return NAI_OK;
}

/* A new file of a name that nobody else has. */
static nai_status open_temporary(int *file, target *t)
{
  for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    int length = snprintf(t->temporary, sizeof t->temporary, "%s/.neuroai-%lx-%lx%08lx.tmp",
                          t->folder, (long)getpid(), (long)now.tv_sec, (long)now.tv_nsec);
    if (length < 0 || (size_t)length >= sizeof t->temporary)
      errno = ENAMETOOLONG;
    else
      *file = open(t->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (*file >= 0) return NAI_OK;
    if (errno != EEXIST) break;
  }
  return fail_errno("write", t->path);
}

static int write_all(int file, const char *data, size_t size)
{
  while (size > 0) {
    ssize_t wrote = write(file, data, size < MOST_AT_ONCE ? size : MOST_AT_ONCE);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return -1;
    data += wrote;
    size -= (size_t)wrote;
  }
  return 0;
}

/* Writes, flushes and closes. */
static int fill(int file, const target *t, const nai__piece *piece, int64_t n)
{
  int bad = t->mode ? fchmod(file, t->mode) : 0;
  for (int64_t i = 0; i < n && !bad; i++) bad = write_all(file, piece[i].data, piece[i].size);
  if (!bad) bad = fsync(file);
  int why = errno;
  if (close(file) != 0 && !bad) return -1;
  errno = why;
  return bad;
}

/*
 * So that the new name survives a power cut too. Not every file system can, and a folder need not
 * be readable.
 */
static nai_status flush_folder(const target *t)
{
  int folder = open(t->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return NAI_OK;
  int bad = fsync(folder) != 0 && errno == EIO;
  close(folder);
  return bad ? nai__fail(NAI_ERR_FILE,
                         "'%.120s' is written, but its folder could not be flushed to the disk",
                         t->path)
             : NAI_OK;
}

nai_status nai__atomic_write(const char *path, const nai__piece *piece, int64_t n)
{
  target t;
  int file = -1;
  NAI__TRY(find_target(&t, path));
  NAI__TRY(open_temporary(&file, &t));
  if (fill(file, &t, piece, n) != 0 || rename(t.temporary, t.path) != 0) {
    nai_status status = fail_errno("write", path);
    unlink(t.temporary);
    return status;
  }
  return flush_folder(&t);
}
