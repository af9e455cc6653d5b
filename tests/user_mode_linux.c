/*
 * Lets User-Mode Linux run on CPUs whose extended register state is larger than it knows, such as those with AMX.
 *
 * Newer kernels want PTRACE_SETREGSET to bring the whole state (NT_X86_XSTATE). User-Mode Linux brings only the part
 * that it was compiled for, gets EFAULT ("ptrace set fp regs failed, errno = 14"), and its first process dies. Loaded
 * with LD_PRELOAD, this completes the state with registers that are in their initial state.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define NT_X86_XSTATE 0x202
#define XSTATE_BV 512          /* Where the state says which parts of it are not in their initial state. */
#define PARTS_THAT_FIT 0x3ff   /* x87 to PKRU; those that follow, such as AMX, lie beyond what it knows. */
#define BYTES_THAT_FIT 2696

static char whole[65536] __attribute__((aligned(64)));

static long read_state(long pid, struct iovec *wanted) {
  struct iovec all = {whole, sizeof whole};
  if (syscall(SYS_ptrace, PTRACE_GETREGSET, pid, NT_X86_XSTATE, &all) < 0) return -1;
  if (wanted->iov_len > all.iov_len) wanted->iov_len = all.iov_len;
  memcpy(wanted->iov_base, whole, wanted->iov_len);
  return 0;
}

static long write_state(long pid, const struct iovec *given) {
  struct iovec all = {whole, sizeof whole};
  uint64_t parts;
  size_t known = given->iov_len;
  /* How long it is on this CPU. */
  if (syscall(SYS_ptrace, PTRACE_GETREGSET, pid, NT_X86_XSTATE, &all) < 0) return -1;
  if (known > all.iov_len) known = all.iov_len;
  if (known > BYTES_THAT_FIT) known = BYTES_THAT_FIT;
  memset(whole, 0, sizeof whole);
  memcpy(whole, given->iov_base, known);
  memcpy(&parts, whole + XSTATE_BV, sizeof parts);
  parts &= PARTS_THAT_FIT;
  memcpy(whole + XSTATE_BV, &parts, sizeof parts);
  return syscall(SYS_ptrace, PTRACE_SETREGSET, pid, NT_X86_XSTATE, &all);
}

long ptrace(enum __ptrace_request request, ...) {
  va_list arguments;
  va_start(arguments, request);
  long pid = va_arg(arguments, int);
  void *address = va_arg(arguments, void *), *data = va_arg(arguments, void *);
  va_end(arguments);
  if ((long)address == NT_X86_XSTATE && request == PTRACE_GETREGSET) return read_state(pid, data);
  if ((long)address == NT_X86_XSTATE && request == PTRACE_SETREGSET) return write_state(pid, data);
  if (request == PTRACE_PEEKTEXT || request == PTRACE_PEEKDATA || request == PTRACE_PEEKUSER) {
    /* The C library returns the word that the system call stores. */
    long word;
    if (syscall(SYS_ptrace, request, pid, address, &word) < 0) return -1;
    errno = 0;
    return word;
  }
  return syscall(SYS_ptrace, request, pid, address, data);
}
