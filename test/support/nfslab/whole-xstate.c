/*
 * User-Mode Linux of Debian 12 writes a process's extended registers (PTRACE_SETREGSET, NT_X86_XSTATE) from a buffer of fixed
 * size. A kernel takes all of them or none: on processors that have more, such as AMX, it refuses, and the guest dies with
 * fatal_sigsegv in put_fp_registers. Preloaded, this fills up what the guest does not know with what the process has.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/types.h>
#include <sys/uio.h>

#define XSTATE ((void *)0x202L)

typedef long (*Ptrace)(long, pid_t, void *, void *);

long ptrace(enum __ptrace_request request, ...) {
  static Ptrace next;
  /* A guest's stacks are small, and it makes one call at a time. */
  static char whole[1 << 17];
  va_list given;
  va_start(given, request);
  pid_t pid = va_arg(given, pid_t);
  void *address = va_arg(given, void *);
  void *data = va_arg(given, void *);
  va_end(given);
  if (next == NULL) next = (Ptrace)dlsym(RTLD_NEXT, "ptrace");
  if ((long)request == PTRACE_SETREGSET && address == XSTATE) {
    struct iovec *part = data;
    struct iovec all = {whole, sizeof whole};
    if (next(PTRACE_GETREGSET, pid, XSTATE, &all) == 0 && all.iov_len > part->iov_len) {
      memcpy(whole, part->iov_base, part->iov_len);
      return next(PTRACE_SETREGSET, pid, XSTATE, &all);
    }
  }
  return next(request, pid, address, data);
}
