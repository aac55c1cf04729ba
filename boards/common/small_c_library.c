/* Functions of the C library that newlib and GCC have made fast and large: they may be slow for names, PEM's marks, the
 * rest of a buffer and a time of day. The linker takes these, as objects of the image, before the libraries'. */
#include <stddef.h>
#include <stdint.h>

size_t strlen(const char* text);
int strcmp(const char* left, const char* right);
char* strchr(const char* text, int wanted);
char* strstr(const char* text, const char* wanted);
void* memmove(void* to, const void* from, size_t count);
uint64_t __udivmoddi4(uint64_t dividend, uint64_t divisor, uint64_t* remainder);

size_t strlen(const char* text) {
  const char* end = text;
  while (*end != '\0') ++end;
  return (size_t)(end - text);
}

int strcmp(const char* left, const char* right) {
  for (; *left != '\0' && *left == *right; ++left) ++right;
  return (unsigned char)*left - (unsigned char)*right;
}

char* strchr(const char* text, int wanted) {
  for (; *text != (char)wanted; ++text)
    if (*text == '\0') return NULL;
  return (char*)text;
}

char* strstr(const char* text, const char* wanted) {
  for (;; ++text) {
    const char *here = text, *there = wanted;
    while (*there != '\0' && *here == *there) ++here, ++there;
    if (*there == '\0') return (char*)text;
    if (*here == '\0') return NULL;
  }
}

void* memmove(void* to, const void* from, size_t count) {
  char* out = (char*)to;
  const char* in = (const char*)from;
  if (out <= in)
    for (; count != 0; --count) *out++ = *in++;
  else
    for (; count != 0; --count) out[count - 1] = in[count - 1];
  return to;
}

/* All divisions of 64 bits end here: by digits of 16 bits where the divisor is one, else a bit at a time. */
uint64_t __udivmoddi4(uint64_t dividend, uint64_t divisor, uint64_t* remainder) {
  uint64_t rest = 0;
  if (divisor >> 16 == 0) {
    uint32_t digits = 0;
    uint64_t quotient = 0;
    for (int shift = 48; shift >= 0; shift -= 16) {
      digits = digits << 16 | (uint16_t)(dividend >> 48);
      dividend <<= 16;
      quotient = quotient << 16 | digits / (uint32_t)divisor;
      digits %= (uint32_t)divisor;
    }
    rest = digits, dividend = quotient;
  } else {
    for (int bit = 0; bit < 64; ++bit) {
      rest = rest << 1 | dividend >> 63;
      dividend <<= 1;
      if (rest < divisor) continue;
      rest -= divisor;
      ++dividend;
    }
  }
  if (remainder != NULL) *remainder = rest;
  return dividend;
}
