/* Functions of the C library that newlib has made fast and large: for names and PEM's marks they may be slow. The linker
 * takes these, as objects of the image, before the library's. */
#include <stddef.h>

size_t strlen(const char* text);
int strcmp(const char* left, const char* right);
char* strstr(const char* text, const char* wanted);

size_t strlen(const char* text) {
  const char* end = text;
  while (*end != '\0') ++end;
  return (size_t)(end - text);
}

int strcmp(const char* left, const char* right) {
  for (; *left != '\0' && *left == *right; ++left) ++right;
  return (unsigned char)*left - (unsigned char)*right;
}

char* strstr(const char* text, const char* wanted) {
  for (;; ++text) {
    const char *here = text, *there = wanted;
    while (*there != '\0' && *here == *there) ++here, ++there;
    if (*there == '\0') return (char*)text;
    if (*here == '\0') return NULL;
  }
}
