/*
 * Stands in for libFuzzer: calls the target with each file, and with each file of each folder.
 *
 *   TARGET PATH...
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "target.h"

int LLVMFuzzerInitialize(int *argc, char ***argv) __attribute__((weak));

static long count;

static void replay_file(const char *path)
{
  FILE *file = fopen(path, "rb");
  struct stat about;
  if (!file || fstat(fileno(file), &about) != 0) {
    fprintf(stderr, "%s cannot be read\n", path);
    exit(EXIT_FAILURE);
  }
  size_t size = (size_t)about.st_size;
  uint8_t *exact =
      malloc(size ? size : 1); /* no more, so that a sanitizer sees what is read beyond */
  if (!exact || fread(exact, 1, size, file) != size) exit(EXIT_FAILURE);
  fclose(file);
  LLVMFuzzerTestOneInput(exact, size);
  free(exact);
  count++;
}

static void replay(const char *path)
{
  DIR *entries = opendir(path);
  if (!entries) {
    replay_file(path);
    return;
  }
  for (struct dirent *e; (e = readdir(entries));) {
    char inner[1024];
    snprintf(inner, sizeof inner, "%.500s/%.500s", path, e->d_name);
    if (e->d_name[0] != '.') replay_file(inner);
  }
  closedir(entries);
}

int main(int argc, char **argv)
{
  if (LLVMFuzzerInitialize) LLVMFuzzerInitialize(&argc, &argv);
  for (int i = 1; i < argc; i++) replay(argv[i]);
  printf("  %-40s %ld inputs\n", argv[0], count);
  return count ? EXIT_SUCCESS : EXIT_FAILURE;
}
