/* A library to preload that hides vector instructions from whatever asks the processor for them.

   CANZONA_HIDE=avx512 leaves AVX2 and FMA, CANZONA_HIDE=avx leaves SSE4.2. Libraries choose their
   kernels by the instruction CPUID; Linux can make it fault (arch_prctl, Ivy Bridge or later), and the
   handler answers in its place. So one machine computes as older ones do, at full speed.

   cc -O1 -shared -fPIC -o fewer_instructions.so fewer_instructions.c */

#define _GNU_SOURCE
#include <cpuid.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#define SET_CPUID 0x1012 /* ARCH_SET_CPUID: 0 makes the instruction fault */

static int hide_avx;

static long allow_cpuid(long allowed) { return syscall(SYS_arch_prctl, SET_CPUID, allowed); }

static void answer(int number, siginfo_t *info, void *context) {
    greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
    const unsigned char *at = (const unsigned char *)registers[REG_RIP];
    unsigned leaf = registers[REG_RAX], part = registers[REG_RCX], a, b, c, d;
    (void)info;
    if (at[0] != 0x0f || at[1] != 0xa2) { /* a real fault */
        signal(number, SIG_DFL);
        return;
    }
    allow_cpuid(1);
    __cpuid_count(leaf, part, a, b, c, d);
    allow_cpuid(0);
    if (leaf == 7 && part == 0) { /* AVX-512 and AMX; AVX2 */
        b &= ~(1u << 16 | 1u << 17 | 1u << 21 | 1u << 26 | 1u << 27 | 1u << 28 | 1u << 30 | 1u << 31);
        c &= ~(1u << 1 | 1u << 6 | 1u << 11 | 1u << 12 | 1u << 14);
        d &= ~(1u << 2 | 1u << 3 | 1u << 8 | 1u << 22 | 1u << 23 | 1u << 24 | 1u << 25);
        if (hide_avx) b &= ~(1u << 5);
    }
    if (leaf == 7 && part == 1) a = d = 0; /* AVX-VNNI, AVX-512 BF16 */
    if (leaf == 1 && hide_avx) c &= ~(1u << 12 | 1u << 28 | 1u << 29); /* FMA, AVX, F16C */
    registers[REG_RAX] = a;
    registers[REG_RBX] = b;
    registers[REG_RCX] = c;
    registers[REG_RDX] = d;
    registers[REG_RIP] += 2;
}

__attribute__((constructor)) static void start(void) {
    const char *hidden = getenv("CANZONA_HIDE");
    struct sigaction action;
    if (!hidden) return;
    hide_avx = !strcmp(hidden, "avx");
    memset(&action, 0, sizeof action);
    action.sa_sigaction = answer;
    action.sa_flags = SA_SIGINFO | SA_NODEFER;
    sigaction(SIGSEGV, &action, 0);
    if (allow_cpuid(0)) {
        static const char refused[] = "this processor or kernel cannot make CPUID fault\n";
        if (write(2, refused, sizeof refused - 1)) _exit(3);
        _exit(3);
    }
}
