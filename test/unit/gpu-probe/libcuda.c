// A libcuda.so.1 whose GPUs are as its environment says; its memory is the host's.
// STUB_GPUS: how many. STUB_INIT: what cuInit returns, or "hang". STUB_BROKEN: the one whose cuCtxCreate fails, with STUB_ERROR, or "hang".
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int number(const char *name, int otherwise) {
  const char *value = getenv(name);
  return value ? atoi(value) : otherwise;
}

static int answer(const char *name) {
  const char *value = getenv(name);
  if (value && strcmp(value, "hang") == 0) for (;;) pause();
  if (value && strcmp(value, "crash") == 0) abort();
  return value ? atoi(value) : 0;
}

int cuInit(unsigned flags) { return flags ? 1 : answer("STUB_INIT"); }
int cuDeviceGetCount(int *count) { *count = number("STUB_GPUS", 1); return 0; }
int cuDeviceGet(int *device, int index) { *device = 100 + index; return index < number("STUB_GPUS", 1) ? 0 : 101; }
int cuDeviceGetName(char *name, int size, int device) { strncpy(name, "NVIDIA H100 80GB HBM3", size); return device < 100; }
int cuDeviceTotalMem_v2(size_t *bytes, int device) { *bytes = 85045870592u; return device < 100; }

// 5e000000-0000-0000-0000-0000000000NN
int cuDeviceGetUuid_v2(unsigned char *uuid, int device) {
  memset(uuid, 0, 16);
  uuid[0] = 0x5e;
  uuid[15] = device - 100;
  return 0;
}

static int current = -1;

int cuCtxCreate_v2(void **context, unsigned flags, int device) {
  current = device - 100;
  if (current == number("STUB_BROKEN", -1)) {
    int error = answer("STUB_ERROR");
    if (error) return error;
  }
  *context = &current;
  return flags;
}

int cuCtxDestroy_v2(void *context) { return context == &current ? 0 : 201; }

int cuMemAlloc_v2(uint64_t *at, size_t bytes) { *at = (uint64_t)(uintptr_t)calloc(1, bytes); return *at ? 0 : 2; }
int cuMemFree_v2(uint64_t at) { free((void *)(uintptr_t)at); return 0; }

int cuMemsetD32_v2(uint64_t at, unsigned value, size_t count) {
  uint32_t *words = (uint32_t *)(uintptr_t)at;
  for (size_t i = 0; i < count; i++) words[i] = value;
  if (current == number("STUB_FORGETFUL", -1)) words[count - 1] ^= 1;
  return 0;
}

int cuMemcpyDtoH_v2(void *to, uint64_t from, size_t bytes) { memcpy(to, (void *)(uintptr_t)from, bytes); return 0; }
