/*
 * test_lackey.c - the parser of lackey's log, on recorded and on bad text.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <stdarg.h>
#include <stdlib.h>

#include "base/rng.h"
#include "tests/tap.h"
#include "trace/lackey.h"

/* What the parser told, as text. */
struct story {
	char text[8192];
	size_t n;
	bool stop_at_fork;
	uint64_t calls;
};

__attribute__((format(printf, 2, 3))) static bool
tell(struct story *s, const char *fmt, ...)
{
	va_list ap;
	int n;

	s->calls++;
	va_start(ap, fmt);
	n = vsnprintf(s->text + s->n, sizeof(s->text) - s->n, fmt, ap);
	va_end(ap);
	if (n > 0 && s->n + (size_t)n < sizeof(s->text))
		s->n += (size_t)n;
	return true;
}

static bool
on_fetch(void *ctx, uint64_t addr, uint32_t bytes)
{
	return tell(ctx, "I%" PRIx64 ",%u ", addr, bytes);
}

static bool
on_data(void *ctx, enum ref_op op, uint64_t addr, uint32_t bytes)
{
	return tell(ctx, "%c%" PRIx64 ",%u ", "LSM"[op], addr, bytes);
}

static bool
on_thread(void *ctx, uint32_t thread)
{
	return tell(ctx, "thread%u ", thread);
}

static bool
on_call(void *ctx, const struct lackey_call *c)
{
	tell(ctx, "call%u:%u(", c->thread, c->nr);
	for (unsigned i = 0; i < c->n_args; i++) {
		tell(ctx, "%s%" PRIx64, i ? "," : "", c->args[i]);
		if (c->strings[i] >= 0)
			tell(ctx, "'%" PRId64, c->strings[i]);
	}
	return tell(ctx, ") ");
}

static bool
on_result(void *ctx, uint32_t thread, int64_t ret)
{
	return tell(ctx, "ret%u=%" PRId64 " ", thread, ret);
}

static bool
on_fork(void *ctx, uint32_t child)
{
	struct story *s = ctx;

	tell(s, "fork=%u ", child);
	return !s->stop_at_fork;
}

static bool
on_signal(void *ctx, const struct lackey_signal *sig)
{
	return tell(ctx, "signal%u=%u,%d,%" PRIx64 "%s ", sig->thread,
		    sig->number, sig->code, sig->has_address ? sig->address : 0,
		    sig->fatal ? ",fatal" : "");
}

static const struct lackey_sink sink = {
    .fetch = on_fetch,
    .data = on_data,
    .thread = on_thread,
    .call = on_call,
    .result = on_result,
    .fork = on_fork,
    .signal = on_signal,
};

/* Lines as Valgrind 3.19 wrote them, and what they mean. */
static const struct {
	const char *name, *log, *want;
} cases[] = {
    {"references",
     "I  0401ab70,3\n S 1fff000708,8\n M 04033e06,1\n L 04032e40,16\n"
     "I  7fffffffffff,15\n",
     "I401ab70,3 S1fff000708,8 M4033e06,1 L4032e40,16 I7fffffffffff,15 "},
    {"a call done at once",
     "SYSCALL[6938,1](12) sys_brk ( 0x0 ) --> [pre-success] "
     "Success(0x4035000) \n",
     "call1:12(0) ret1=67325952 "},
    {"a call to the kernel",
     "SYSCALL[6938,1](10) sys_mprotect ( 0x4a44000, 16384, 1 )[sync] --> "
     "Success(0x0) \n",
     "call1:10(4a44000,4000,1) ret1=0 "},
    {"a call that fails",
     "SYSCALL[6938,1](21) sys_access ( 0x402a2a0(/etc/ld.so.preload), 4 )"
     "[sync] --> Failure(0x2) \n",
     "call1:21(402a2a0'18,4) ret1=-2 "},
    {"a call that blocks",
     "SYSCALL[6938,1](257) sys_openat ( 4294967196, 0x40290b1(/etc/ld.so"
     ".cache), 524288 ) --> [async] ... \n"
     "--6938--   SCHED[1]: releasing lock (VG_(client_syscall)[async]) -> "
     "VgTs_WaitSys\n"
     "--6938--   SCHED[1]:  acquired lock (VG_(client_syscall)[async])\n"
     "SYSCALL[6938,1](257) ... [async] --> Success(0x4) \n",
     "call1:257(ffffff9c,40290b1'16,80000) thread1 ret1=4 "},
    {"two threads' calls interleave",
     "SYSCALL[1,4](0) sys_read ( 8, 0x622dec0, 1 ) --> [async] ... \n"
     "--1--   SCHED[1]:  acquired lock (VG_(client_syscall)[async])\n"
     "SYSCALL[1,1](202) ... [async] --> Success(0x0) \n"
     "--1--   SCHED[4]:  acquired lock (VG_(client_syscall)[async])\n"
     "SYSCALL[1,4](0) ... [async] --> Failure(0xb) \n",
     "call4:0(8,622dec0,1) thread1 ret1=0 thread4 ret4=-11 "},
    {"a new thread, the scheduler on the same line",
     "SYSCALL[9,1](56) sys_clone ( 3d0f00, 0x522bf70, 0x522c990, "
     "0x522c990, 0x522c6c0 ) --> [pre-success] Success(0x28f7) --9--   "
     "SCHED[1]: releasing lock (VG_(vg_yield)) -> VgTs_Yielding\n"
     "--9--   SCHED[2]:  acquired lock (thread_wrapper(starting new "
     "thread))\n",
     "call1:56(3d0f00,522bf70,522c990,522c990,522c6c0) ret1=10487 "
     "thread2 "},
    {"a fork",
     "SYSCALL[9,1](56) sys_clone ( 1200011, 0x0, 0x0, 0x4a29a10, 0x0 )   "
     "clone(fork): process 9 created child 9873\n"
     " --> [pre-success] Success(0x2691) --9--   SCHED[1]: releasing lock "
     "(VG_(vg_yield)) -> VgTs_Yielding\n"
     "--9--   SCHED[1]:  acquired lock (VG_(vg_yield))\n\n",
     "call1:56(1200011,0,0,4a29a10,0) fork=9873 ret1=9873 thread1 "},
    {"a vfork",
     "SYSCALL[9,1](58) sys_fork ( )   fork: process 9 created child 7\n"
     " --> [pre-success] Success(0x7) \n",
     "call1:58() fork=7 ret1=7 "},
    {"remarks inside a call",
     "SYSCALL[9,2](14) sys_rt_sigprocmask ( 0, 0x522cfb0, 0x0, 8 )--9-- "
     "do_setmask: tid = 2 how = 0 (SIG_BLOCK), newset = 0x522CFB0 (ff)\n"
     "--9-- \toldset=0x1FFF000370                0\n"
     " --> [pre-success] Success(0x0) \n",
     "call2:14(0,522cfb0,0,8) ret2=0 "},
    {"exit, and a call without blanks",
     "SYSCALL[9,2](230) sys_clock_nanosleep( 0, 0, 0x522be80, 0x0 ) --> "
     "[async] ... \n"
     "SYSCALL[9,1](39) sys_getpid ()[sync] --> Success(0x268b) \n"
     "SYSCALL[9,1](231) exit_group( 3 ) --> [pre-success] Success(0x0) \n",
     "call2:230(0,0,522be80,0) call1:39() ret1=9867 call1:231(3) ret1=0 "},
    {"a call the kernel does not have",
     "SYSCALL[9,1](334) unimplemented (by the kernel) syscall: 334! "
     "(ni_syscall)\n --> [pre-fail] Failure(0x26) \n",
     "call1:334() ret1=-38 "},
    {"a name in brackets",
     "SYSCALL[9,1](72) sys_fcntl[ARG3=='arg'] ( 4, 0, 50 )[sync] --> "
     "Success(0x32) \n",
     "call1:72(4,0,32) ret1=50 "},
    {"the result's mark on the next line",
     "SYSCALL[9,1](7) sys_poll ( 0x1ffeffe108, 1, 1 )\n --> [async] ... \n"
     "SYSCALL[9,1](7) ... [async] --> Success(0x0) \n",
     "call1:7(1ffeffe108,1,1) ret1=0 "},
    {"a file name with brackets and commas",
     "SYSCALL[9,1](262) sys_newfstatat ( 4294967196, 0x10b012(/tmp/a b)c, "
     "0x1), 0x1ffeffe1f0 )[sync] --> Failure(0x2) \n",
     "call1:262(ffffff9c,10b012'15,1ffeffe1f0) ret1=-2 "},
    {"a file name of two lines",
     "SYSCALL[9,1](87) sys_unlink ( 0x10b01e(/tmp/non\nexist) ) --> "
     "[async] ... \n"
     "SYSCALL[9,1](87) ... [async] --> Failure(0x2) \n",
     "call1:87(10b01e'8) ret1=-2 "},
    {"two names",
     "SYSCALL[9,1](82) sys_rename ( 0x10b01e(/a--b), 0x10b02e(/c) )[sync] "
     "--> Success(0x0) \n",
     "call1:82(10b01e'5,10b02e'2) ret1=0 "},
    {"a constant by name",
     "SYSCALL[9,1](233) sys_epoll_ctl ( 8, EPOLL_CTL_DEL, 6, "
     "0x1ffeffe0fc )[sync] --> Success(0x0) \n",
     "call1:233(8,0,6,1ffeffe0fc) ret1=0 "},
    {"a call that a signal interrupts",
     "SYSCALL[9,1](234) sys_tgkill ( 9, 9, 10 )--9-- tgkill: sending "
     "signal 10 to pid 9/9\n --> [async] ... \n"
     "--9-- async signal handler: signal=10, vgtid=9, tid=1, si_code=-6, "
     "exitreason VgSrc_None\n"
     "--9-- interrupted_syscall: tid=1, ip=0x580a7ec5, restart=False, "
     "sres.isErr=False, sres.val=0\n"
     "--9--   completed, but uncommitted: committing\n"
     "--9-- delivering signal 10 (SIGUSR1):-6 to thread 1\n",
     "call1:234(9,9,a) ret1=0 signal1=10,-6,0 "},
    {"a return from a signal",
     "SYSCALL[9,1](15) sys_rt_sigreturn ( )--9-- VG_(signal_return) "
     "(thread 1): isRT=1 valid magic; RIP=0x48d1eec\n"
     " --> [pre-success] NoWriteResult \n",
     "call1:15() ret1=0 "},
    {"the stack grows",
     "--9-- sync signal handler: signal=11, si_code=1, EIP=0x10a4c1, "
     "eip=0x100294e278, from kernel\n"
     "--9-- SIGSEGV: si_code=1 faultaddr=0x1ffefcbfb8 tid=1 "
     "ESP=0x1ffefcbfb8 seg=0x1ffe801000-0x1ffeffdfff\n"
     "--9--        -> extended stack base to 0x1ffefcb000\n"
     "--9-- delivering signal 17 (SIGCHLD):1 to thread 1\n",
     "signal1=17,1,0 "},
    {"a fault that ends the process",
     "--9-- SIGSEGV: si_code=1 faultaddr=0xfeed tid=1 ESP=0x1fff0005a0 "
     "seg=0x0-0x107fff\n"
     "--9-- delivering signal 11 (SIGSEGV):1 to thread 1\n"
     "--9-- delivering 11 (code 1) to default handler; action: "
     "terminate+core\n==9== \n"
     "==9== Process terminating with default action of signal 11 "
     "(SIGSEGV)\n"
     "==9==  Access not within mapped region at address 0xFEED\n"
     "==9==    at 0x10934B: main (in /tmp/lk/fork)\n",
     "signal1=11,1,feed signal1=11,0,0,fatal "},
    {"what is no reference",
     "I  0401ab7,3\nI  0401ab70\nI  0401ab70,\nI 0401ab70,3\n X 0401ab70,3\n"
     " L 0401ab70,0\n L 0401ab70,99999999\n L 12345678901234567,8\n"
     "I  0401AB70,3\n L 0401ab70,8 \nSB 0401ab70\n",
     ""},
    {"calls cut short",
     "SYSCALL\nSYSCALL[\nSYSCALL[9\nSYSCALL[9,\nSYSCALL[9,1](\n"
     "SYSCALL[9,1](0\nSYSCALL[9,1](0) ... [async] --> Succ\n"
     "SYSCALL[99999999999,1](0) sys_read\n"
     "SYSCALL[9,1](0) ... [async] --> Success(0x\n",
     ""},
};

static void
test_cases(void)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct story s = {0};
		struct lackey p;
		size_t n = strlen(cases[i].log);
		bool stopped;

		lackey_init(&p, &sink, &s);
		is_u64(lackey_parse(&p, cases[i].log, n, &stopped), n,
		       "%s: all of it is taken", cases[i].name);
		is_str(s.text, cases[i].want, "%s", cases[i].name);
	}
}

/* The same story whatever pieces the text comes in. */
static void
test_pieces(void)
{
	for (size_t step = 1; step < 40; step += 7) {
		struct story s = {0};
		struct lackey p;
		const char *log = cases[7].log;
		size_t n = strlen(log), taken = 0;
		bool stopped;

		lackey_init(&p, &sink, &s);
		for (size_t have = 0; have < n;) {
			have = have + step < n ? have + step : n;
			taken += lackey_parse(&p, log + taken, have - taken,
					      &stopped);
		}
		is_str(s.text, cases[7].want, "in pieces of %zu", step);
	}
}

static void
test_stop(void)
{
	static const char log[] =
	    "SYSCALL[9,1](57) sys_fork ( )   fork: process 9 created child "
	    "7\nI  0401ab70,3\n";
	struct story s = {.stop_at_fork = true};
	struct lackey p;
	size_t n;
	bool stopped;

	lackey_init(&p, &sink, &s);
	n = lackey_parse(&p, log, sizeof(log) - 1, &stopped);
	ok(stopped, "the sink stops the parser");
	is_str(s.text, "call1:57() fork=7 ", "nothing after it is told");
	lackey_parse(&p, log + n, sizeof(log) - 1 - n, &stopped);
	is_str(s.text, "call1:57() fork=7 I401ab70,3 ", "and then the rest");
}

static void
test_peek(void)
{
	static const char log[] =
	    "I  0401ab70,3\nSYSCALL[9,1](59) sys_execve ( 0x10a006(/bin/true),"
	    " 0x1fff000530, 0x1fff000730 )";
	struct story s = {0};
	struct lackey p;
	bool stopped;
	size_t n;

	lackey_init(&p, &sink, &s);
	n = lackey_parse(&p, log, sizeof(log) - 1, &stopped);
	lackey_peek(&p, log + n, sizeof(log) - 1 - n);
	is_str(s.text, "I401ab70,3 call1:59(10a006'9,1fff000530,1fff000730) ",
	       "a call is known before its line is whole");
}

static void
test_whole(void)
{
	static const struct {
		const char *text;
		size_t want;
	} t[] = {
	    {"I  00000001,1\n", 0},
	    {"I  00000001,1\nI  00000002,1\n", 14},
	    {"I  00000001,1\n L 00000002,1\n S 00000002,1\n", 0},
	    {"I  00000001,1\nI  00000001,1\n L 00000002,1\n S 0000", 14},
	    {"I  00000001,1\nSYSCALL[1,1](1)", 0},
	    {"I  00000001,1\nSYSCALL[1,1](1)\n", 30},
	    {" --> [pre-success] Success(0x0)\n", 32},
	    {"", 0},
	    {"\n", 1},
	    {"I", 0},
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		is_u64(lackey_whole(t[i].text, strlen(t[i].text)), t[i].want,
		       "whole instructions, case %zu", i);
}

/* Text made of pieces of the real thing and of anything. */
static size_t
make_garbage(struct rng *r, char *buf, size_t room)
{
	static const char *const pieces[] = {"SYSCALL[",
					     "1,1](",
					     "56) ",
					     "sys_x ( ",
					     "0x",
					     ")",
					     "(",
					     ",",
					     "[sync] ",
					     "--> ",
					     "[async] ... ",
					     "[pre-",
					     "Success(",
					     "Failure(",
					     "\n",
					     "I  ",
					     " L ",
					     "0401ab70,",
					     "3",
					     "--9-- ",
					     "==9== ",
					     "SCHED[",
					     "]:  acquired lock",
					     "fork",
					     ": process ",
					     " created child ",
					     "delivering signal ",
					     "interrupted_syscall: tid=",
					     "sres.val=-"};
	size_t n = 0;

	while (n < room - 64) {
		const char *piece =
		    pieces[rng_below(r, sizeof(pieces) / sizeof(pieces[0]))];
		size_t len = strlen(piece);

		if (rng_below(r, 4) == 0)
			buf[n++] = (char)rng_u64(r);
		memcpy(buf + n, piece, len);
		n += len;
	}
	return n;
}

/* It must be taken without a crash (the sanitizers watch). */
static void
test_garbage(void)
{
	enum { BYTES = 1 << 16 };
	struct rng r;
	uint64_t lines = 0;

	rng_seed(&r, 1);
	for (int round = 0; round < 200; round++) {
		struct story s = {0};
		struct lackey p;
		char *buf = malloc(BYTES);
		size_t n = make_garbage(&r, buf, BYTES), taken;
		bool stopped;

		lackey_init(&p, &sink, &s);
		buf = realloc(buf, n); /* so that reading beyond is seen */
		taken = lackey_parse(&p, buf, n, &stopped);
		lackey_peek(&p, buf + taken, n - taken);
		lackey_whole(buf, n);
		lines += p.lines;
		free(buf);
	}
	ok(lines > 10000, "%" PRIu64 " lines of garbage are survived", lines);
}

static void
test_long_line(void)
{
	size_t n = LACKEY_MAX_LINE + 100;
	struct story s = {0};
	struct lackey p;
	char *buf = malloc(n);
	bool stopped;

	memset(buf, 'x', n);
	lackey_init(&p, &sink, &s);
	is_u64(lackey_parse(&p, buf, 1000, &stopped), 0, "a line may go on");
	is_u64(lackey_parse(&p, buf, n, &stopped), n, "but not for ever");
	is_u64(lackey_whole(buf, n), n, "and is given up as a whole");
	is_u64(p.dropped, 1, "it is counted");
	memset(buf, ')', n);
	memcpy(buf, "SYSCALL[9,1](87) sys_x ( 0x1(", 29);
	buf[LACKEY_MAX_LINE - 1] = '\n';
	lackey_parse(&p, buf, LACKEY_MAX_LINE, &stopped);
	ok(s.calls > 0, "a line full of brackets is read");
	free(buf);
}

int
main(void)
{
	test_cases();
	test_pieces();
	test_stop();
	test_peek();
	test_whole();
	test_garbage();
	test_long_line();
	return done_testing();
}
