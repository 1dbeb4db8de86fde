/*
 * Writing a file so that whoever opens it finds either the old one or the new one, whole: a
 * temporary file in the same folder, written, flushed to the disk, renamed over the old one; then
 * the folder is flushed. On failure the temporary file is removed, and the old one is as it was. A
 * symbolic link stays one: the file that it leads to is replaced, or made.
 *
 * Whoever writes a temporary file holds a lock on it, which ends with its process. So the next save
 * of the same file finds those that a killed process has left: they are not locked.
 */
#include "atomic_write.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../base/error.h"
#include "../base/memory.h"

#ifndef PATH_MAX
#define PATH_MAX 4096
#endif

/* Names that are tried before we give up: others may be saving into the same folder. */
#define ATTEMPTS 100

/* The most that one write() is asked for; Linux takes less than 2 GiB. */
#define MOST_AT_ONCE ((size_t)1 << 30)

/* Bytes that are collected before they are written. */
#define BUFFER 65536

typedef struct target {
  char path[PATH_MAX]; /* what is replaced */
  char folder[PATH_MAX];
  char prefix[40]; /* of the names of its temporary files */
  char temporary[PATH_MAX];
  mode_t mode; /* of the file that is there; 0 when there is none */
} target;

static nai_status fail_errno(const char *what, const char *path)
{
  return nai__fail(NAI_ERR_FILE, "cannot %s '%.120s': %s", what, path, strerror(errno));
}

/* --- what is written -------------------------------------------------------------------------- */

/* Copies a path; 0 when it is too long. */
static int put_path(char out[PATH_MAX], const char *folder, size_t length, const char *name)
{
  if (length + strlen(name) >= PATH_MAX) {
    errno = ENAMETOOLONG;
    return 0;
  }
  memmove(out + length, name, strlen(name) + 1);
  memmove(out, folder, length);
  return 1;
}

/* Bytes of the folder of a path, with the slash at its end; 0 when it names none. */
static size_t folder_length(const char *path)
{
  const char *slash = strrchr(path, '/');
  return slash ? (size_t)(slash - path) + 1 : 0;
}

/* To where a link leads, from the folder in which it is. 0 when it is no link, -1 on failure. */
static int follow(char path[PATH_MAX])
{
  char link[PATH_MAX], from[PATH_MAX];
  ssize_t length = readlink(path, link, sizeof link - 1);
  if (length < 0) return errno == EINVAL || errno == ENOENT ? 0 : -1;
  link[length] = 0;
  memcpy(from, path, strlen(path) + 1);
  return put_path(path, from, link[0] == '/' ? 0 : folder_length(from), link) ? 1 : -1;
}

/*
 * The path without links, into place->path. A file that is not there yet has a folder that is; -1 with
 * errno on failure. How many links there may be in a row is for realpath() to say: each time round it
 * follows one less.
 */
static int resolve(target *place, const char *path)
{
  char at[PATH_MAX], folder[PATH_MAX];
  int more = 1;
  if (!put_path(at, path, 0, path)) return -1;
  while (more) {
    if (realpath(at, place->path)) return 1;
    if (errno != ENOENT) return -1;
    more = follow(at);
    if (more < 0) return -1;
  }
  size_t length = folder_length(at);
  memcpy(folder, at, length);
  folder[length] = 0;
  if (!realpath(length ? folder : ".", place->path)) return -1;
  if (!at[length]) errno = ENOENT;
  size_t end = strlen(place->path);
  if (place->path[end - 1] != '/') place->path[end++] = '/';
  return at[length] && put_path(place->path, place->path, end, at + length) ? 0 : -1;
}

static nai_status find_target(target *place, const char *path)
{
  struct stat there;
  place->mode = 0;
  int found = resolve(place, path);
  if (found < 0) return fail_errno("write", path);
  if (found) {
    if (stat(place->path, &there) != 0) return fail_errno("write", path);
    if (!S_ISREG(there.st_mode))
      return nai__fail(NAI_ERR_FILE, "cannot write '%.120s': it is there, and not a regular file",
                       path);
    place->mode = there.st_mode & 07777;
  }
  size_t length = folder_length(place->path);
  memcpy(place->folder, place->path, length);
  place->folder[length > 1 ? length - 1 : length] = 0;
  return NAI_OK;
}

/* --- temporary files -------------------------------------------------------------------------- */

/* The same for every save of this file on this machine: another machine's locks may not show. */
static void name_temporaries(target *place)
{
  char machine[256] = "";
  uint64_t hash = UINT64_C(14695981039346656037);
  gethostname(machine, sizeof machine - 1);
  for (const char *c = machine; *c; c++) hash = (hash ^ (uint8_t)*c) * UINT64_C(1099511628211);
  for (const char *c = place->path; *c; c++) hash = (hash ^ (uint8_t)*c) * UINT64_C(1099511628211);
  snprintf(place->prefix, sizeof place->prefix, ".neuroai-%016llx-", (unsigned long long)hash);
}

static int open_within(int folder, const char *name, int access)
{
  int file;
  do {
    file = openat(folder, name, access | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  } while (file < 0 && errno == EINTR);
  return file;
}

/* Nobody writes what can be locked. It is removed under the lock, so that nobody starts to. */
static void remove_stale(int folder, const char *name)
{
  int file = open_within(folder, name, O_RDWR);
  if (file < 0) file = open_within(folder, name, O_RDONLY);
  if (file < 0) return;
  if (flock(file, LOCK_EX | LOCK_NB) == 0) unlinkat(folder, name, 0);
  close(file);
}

/* What cannot be looked at stays. */
static void remove_all_stale(const target *place)
{
  DIR *entries = opendir(place->folder);
  if (!entries) return;
  for (struct dirent *e; (e = readdir(entries));)
    if (strncmp(e->d_name, place->prefix, strlen(place->prefix)) == 0)
      remove_stale(dirfd(entries), e->d_name);
  closedir(entries);
}

/* A file system behind a network may let a signal interrupt. */
static int open_retrying(const char *name, int flags)
{
  int file;
  do {
    file = open(name, flags | O_CLOEXEC, 0666);
  } while (file < 0 && errno == EINTR);
  return file;
}

static int set_mode(int file, mode_t mode)
{
  int bad;
  do {
    bad = fchmod(file, mode);
  } while (bad != 0 && errno == EINTR);
  return bad;
}

static int flush(int file)
{
  int bad;
  do {
    bad = fsync(file);
  } while (bad != 0 && errno == EINTR);
  return bad;
}

/* A new file, locked. It may be removed before it is: then it is no longer there. */
static int open_locked(const char *name)
{
  struct stat about;
  int file = open_retrying(name, O_WRONLY | O_CREAT | O_EXCL);
  if (file < 0) return -1;
  flock(file, LOCK_EX | LOCK_NB); /* where there are no locks, nobody removes it either */
  if (fstat(file, &about) == 0 && about.st_nlink > 0) return file;
  close(file);
  errno = EEXIST;
  return -1;
}

/* A new file of a name that nobody else has. */
static nai_status open_temporary(int *file, target *place)
{
  for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    int length =
        snprintf(place->temporary, sizeof place->temporary, "%s/%s%lx-%lx%08lx.tmp", place->folder,
                 place->prefix, (long)getpid(), (long)now.tv_sec, (long)now.tv_nsec);
    if (length < 0 || (size_t)length >= sizeof place->temporary)
      errno = ENAMETOOLONG;
    else
      *file = open_locked(place->temporary);
    if (*file >= 0) return NAI_OK;
    if (errno != EEXIST) break;
  }
  return fail_errno("write", place->path);
}

/* --- writing ---------------------------------------------------------------------------------- */

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

/* Small pieces and rows are collected; what lies together and is large is written from there. */
static int write_pieces(int file, char *buffer, const nai__piece *piece, int64_t n)
{
  size_t used = 0;
  for (int64_t i = 0; i < n; i++) {
    int direct = !piece[i].row && piece[i].size >= BUFFER;
    if (direct && write_all(file, buffer, used) != 0) return -1;
    if (direct && write_all(file, piece[i].data, piece[i].size) != 0) return -1;
    if (direct) used = 0;
    for (size_t at = 0; !direct && at < piece[i].size;) {
      size_t run = piece[i].size - at < BUFFER - used ? piece[i].size - at : BUFFER - used;
      nai__piece_copy(buffer + used, &piece[i], at, run);
      at += run;
      used += run;
      if (used < BUFFER) continue;
      if (write_all(file, buffer, used) != 0) return -1;
      used = 0;
    }
  }
  return write_all(file, buffer, used);
}

/* Writes and flushes. The lock is held to the end. */
static int fill(int file, const target *place, char *buffer, const nai__piece *piece, int64_t n)
{
  if (place->mode && set_mode(file, place->mode) != 0) return -1;
  if (write_pieces(file, buffer, piece, n) != 0) return -1;
  return flush(file);
}

/*
 * So that the new name survives a power cut too. Not every file system can, and a folder need not
 * be readable.
 */
static nai_status flush_folder(const target *place)
{
  int folder = open_retrying(place->folder, O_RDONLY | O_DIRECTORY);
  if (folder < 0) return NAI_OK;
  int bad = flush(folder) != 0 && errno == EIO;
  close(folder);
  return bad ? nai__fail(NAI_ERR_FILE,
                         "'%.120s' is written, but its folder could not be flushed to the disk",
                         place->path)
             : NAI_OK;
}

static nai_status write_and_rename(target *place, const char *path, char *buffer,
                                   const nai__piece *piece, int64_t n)
{
  int file = -1;
  remove_all_stale(place);
  NAI__TRY(open_temporary(&file, place));
  int bad = fill(file, place, buffer, piece, n) != 0 || rename(place->temporary, place->path) != 0;
  nai_status status = bad ? fail_errno("write", path) : NAI_OK;
  close(file); /* it is flushed: nothing can fail any more */
  if (!bad) return flush_folder(place);
  unlink(place->temporary);
  return status;
}

nai_status nai__atomic_write(const char *path, const nai__piece *piece, int64_t n)
{
  target *place = NAI__NEW(target); /* paths are too long for a small stack */
  char *buffer = place ? NAI__ARRAY(char, BUFFER) : NULL;
  nai_status status = buffer ? find_target(place, path) : NAI_ERR_MEMORY;
  if (status == NAI_OK) {
    name_temporaries(place);
    status = write_and_rename(place, path, buffer, piece, n);
  }
  nai__free(buffer);
  nai__free(place);
  return status;
}
