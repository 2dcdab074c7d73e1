/* Preloaded into an older User Mode Linux: lets it set its processes' extended registers.
 *
 * Before 6.13 it has a fixed buffer for them, and this machine's kernel takes only the whole XSAVE area,
 * which is larger on processors with AMX. So the caller's bytes are laid over the area as it is.
 * No headers, so that a bare compiler will do. */

typedef unsigned long word;

struct iovec { void *base; word length; };

enum { PTRACE = 101, PEEK_FIRST = 1, PEEK_LAST = 3, GETREGSET = 0x4204, SETREGSET = 0x4205 };
enum { X86_XSTATE = 0x202, LARGEST = 65536 };

extern long syscall(long number, ...);
extern int *__errno_location(void);

static unsigned char area[LARGEST]; /* the caller's stack is small, and it has one thread */

static long set_whole_area(int pid, struct iovec *given)
{
    struct iovec whole = { area, LARGEST };
    if (syscall(PTRACE, GETREGSET, pid, X86_XSTATE, &whole) != 0)
        return -1;
    for (word i = 0; i < given->length && i < whole.length; i++)
        area[i] = ((unsigned char *)given->base)[i];
    return syscall(PTRACE, SETREGSET, pid, X86_XSTATE, &whole);
}

/* libc gives what is peeked at as the result, the kernel writes it where data points. */
static long peek(int request, int pid, word address)
{
    word value;
    if (syscall(PTRACE, request, pid, address, &value) != 0)
        return -1;
    *__errno_location() = 0;
    return value;
}

long ptrace(int request, int pid, word address, word data)
{
    if (request == SETREGSET && address == X86_XSTATE)
        return set_whole_area(pid, (struct iovec *)data);
    if (PEEK_FIRST <= request && request <= PEEK_LAST)
        return peek(request, pid, address);
    return syscall(PTRACE, request, pid, address, data);
}
