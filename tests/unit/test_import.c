/* test_import.c - each importer on good, bad and unsupported input, all made
 * here; what comes out is read back as text.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>

#include "base/err.h"
#include "base/rng.h"
#include "base/xalloc.h"
#include "tests/tap.h"
#include "trace/import.h"
#include "trace/import/addr_set.h"
#include "trace/import/sys_parse.h"
#include "trace/reader.h"

static char in_path[64], in2_path[64], out_path[64], maps_path[64],
    log_path[64];

/* ---------------------------------------------------------------- fixtures */

struct bytes {
	uint8_t p[1 << 17];
	size_t n;
};

static struct bytes fixture;

static void
put(unsigned width, uint64_t v)
{
	for (unsigned i = 0; i < width; i++)
		fixture.p[fixture.n++] = (uint8_t)(v >> 8 * i);
}

static void
save(const char *path, const void *p, size_t n)
{
	FILE *f = fopen(path, "wb");

	if (!f || fwrite(p, 1, n, f) != n || fclose(f))
		abort();
}

static void
save_text(const char *path, const char *text)
{
	save(path, text, strlen(text));
}

static void
save_fixture(void)
{
	save(in_path, fixture.p, fixture.n);
}

/* ------------------------------------------------------- a trace as text */

static char flat[1 << 16];

__attribute__((format(printf, 1, 2))) static void
say(const char *fmt, ...)
{
	size_t n = strlen(flat);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(flat + n, sizeof(flat) - n, fmt, ap);
	va_end(ap);
}

static void
say_refs(const struct trace_batch *b)
{
	const uint64_t *addr = b->addrs;

	for (uint32_t i = 0; i < b->n_ids; i++) {
		const struct code_block *c = &b->dict->blocks[b->ids[i]];
		const struct data_slot *s = b->dict->slots;
		uint32_t at = c->first_slot, end = at + c->slots;
		uint64_t ip = c->start;

		for (unsigned k = 0; k < c->insns; k++) {
			unsigned len = b->dict->insn_bytes[c->first_insn + k];

			say("I%" PRIx64 ",%u ", ip, len);
			ip += len;
			for (; at < end && s[at].insn == k; at++)
				say("%c%" PRIx64 ",%u ", "LSM"[s[at].op],
				    *addr++, s[at].bytes);
		}
	}
}

static void
say_event(const struct event *ev)
{
	switch (ev->kind) {
	case EV_SWITCH:
		say(">%u/%u ", ev->pid, ev->tid);
		break;
	case EV_THREAD:
		say("T%u ", ev->tid);
		break;
	case EV_THREAD_EXIT:
		say("X%u ", ev->tid);
		break;
	case EV_FILE:
		say("F%s:%" PRIu64 " ", ev->file.path, ev->file.size);
		break;
	case EV_SYSCALL:
		say("C%u(%" PRIx64 ",%" PRIx64 ",%" PRIx64 ",%" PRIx64
		    ")=%" PRIx64 " ",
		    ev->sys.nr, ev->sys.args[0], ev->sys.args[1],
		    ev->sys.args[2], ev->sys.args[3], (uint64_t)ev->sys.ret);
		break;
	}
}

static const char *
flatten(void)
{
	struct err e = {.kind = ERR_NONE};
	struct trace_reader *r = trace_open(out_path, false, &e);
	struct trace_batch b;
	struct event ev;
	enum trace_item item = TRACE_ERROR;
	size_t n;

	flat[0] = '\0';
	while (r && (item = trace_next(r, &b, &ev, &e)) != TRACE_END &&
	       item != TRACE_ERROR) {
		if (item == TRACE_REFS)
			say_refs(&b);
		else
			say_event(&ev);
	}
	if (item != TRACE_END)
		say("broken: %s", e.text);
	if (r)
		trace_close(r);
	n = strlen(flat);
	if (n && flat[n - 1] == ' ')
		flat[n - 1] = '\0';
	return flat;
}

/* ----------------------------------------------------------------- checks */

static struct import_options opt;
static struct import_result result;

static bool
import(unsigned inputs, struct err *e)
{
	const char *const paths[] = {in_path, in2_path};

	memset(&result, 0, sizeof(result));
	opt.output = out_path;
	*e = (struct err){.kind = ERR_NONE};
	return import_run(&opt, paths, inputs, &result, e);
}

/* Good inputs, kept to be damaged. */
static struct {
	const char *format;
	uint8_t p[2048];
	size_t n;
} corpus[64];
static size_t n_corpus;

static void
collect(const char *format)
{
	FILE *f = fopen(in_path, "rb");

	if (f && n_corpus < sizeof(corpus) / sizeof(corpus[0])) {
		corpus[n_corpus].format = format;
		corpus[n_corpus].n =
		    fread(corpus[n_corpus].p, 1, sizeof(corpus->p), f);
		n_corpus++;
	}
	if (f)
		fclose(f);
}

/* The input comes out as want, found to be of the format. */
static void
good(const char *what, const char *format, const char *want)
{
	struct err e;

	collect(format);

	if (!ok(import(1, &e), "%s: imported", what))
		printf("# %s\n", e.text);
	is_str(result.from ? result.from->name : NULL, format, "%s: recognised",
	       what);
	is_str(flatten(), want, "%s: as expected", what);
	opt = (struct import_options){0};
}

static void
good_text(const char *what, const char *format, const char *text,
	  const char *want)
{
	save_text(in_path, text);
	good(what, format, want);
}

/* It is refused, with these words, and nothing is left. */
static void
bad(const char *what, const char *words)
{
	struct err e;
	bool refused;

	unlink(out_path);
	refused = !import(1, &e);

	ok(refused && e.kind == ERR_INPUT && strstr(e.text, words) &&
	       strstr(e.text, "test_import"),
	   "%s: refused (%s)", what, refused ? e.text : "it was not");
	ok(access(out_path, F_OK) != 0, "%s: nothing is left", what);
	unlink(out_path);
	opt = (struct import_options){0};
}

static void
bad_text(const char *what, const char *from, const char *text,
	 const char *words)
{
	save_text(in_path, text);
	opt.from = from;
	bad(what, words);
}

#define START ">1000/1000 "
/* The code of page strings takes no memory. */
#define NO_CODE "F[no code]:4096 "

/* ---------------------------------------------------------- the importers */

static void
test_lackey(void)
{
	good_text("lackey", "lackey",
		  "I  04001000,3\n L 1ffe0000,8\nI  04001003,2\n"
		  " M 1ffe0008,4\n S 1ffe0010,8\n",
		  START "I4001000,3 L1ffe0000,8 I4001003,2 M1ffe0008,4 "
			"S1ffe0010,8");
	good_text("lackey with output between", "lackey",
		  "==12== Lackey, an example Valgrind tool\nI  04001000,3\n"
		  "hello L 1ffe0000\n L zz,8\n L 1ffe0000,8\nno end",
		  START "I4001000,3 L1ffe0000,8");
	opt.from = "lackey";
	good_text("lackey with system calls", "lackey",
		  "I  04001000,3\n"
		  "SYSCALL[7,1](9) sys_mmap ( 0x0, 8192, 3, 34, -1, 0 ) --> "
		  "[pre-success] Success(0x4a00000) \n"
		  "I  04001003,2\n L 04a00000,8\n",
		  START "I4001000,3 C9(0,2000,3,22)=4a00000 I4001003,2 "
			"L4a00000,8");
	opt.convention = (struct convention){true, true};
	good_text("lackey, modify and straddle as two", "lackey",
		  "I  04001000,3\n M 1ffe0ffc,8\n",
		  START "I4001000,3 L1ffe0ffc,4 L1ffe1000,4 S1ffe0ffc,4 "
			"S1ffe1000,4");
	bad_text("lackey without references", "lackey", "hello\nworld\n",
		 "is expected");
}

static void
test_din(void)
{
	good_text("din", "din",
		  "2 401000\n0 0x7f03 more\n1 7f04\n3 7f08\n4 7f0c\n",
		  START "I401000,4 L7f00,4 S7f04,4 L7f08,4");
	bad_text("din, bad label", "din", "2 401000\n7 1000\n", "line 2");
	bad_text("din, no address", "din", "2 401000\n0\n", "line 2");
	bad_text("din, huge address", "din", "0 11112222333344445\n", "line 1");
	good_text("xdin", "xdin", "i 401000 3\nr 7f00 8 x\nw 7f08 1f\n",
		  START "I401000,3 L7f00,8 S7f08,31");
	bad_text("xdin, size 0", "xdin", "r 7f00 0\n", "line 1");
	bad_text("xdin, huge size", "xdin", "i 1000 4\nr 7f00 ffffffff\n",
		 "line 2");

	fixture.n = 0;
	put(4, 0x401000), put(2, 4), put(2, 2);
	put(4, 0x8000), put(2, 8), put(2, 0);
	put(4, 0x8008), put(2, 8), put(2, 1);
	put(4, 0x401004), put(2, 4), put(2, 2);
	save_fixture();
	good("din binary", "dinb", START "I401000,4 L8000,8 S8008,8 I401004,4");
	fixture.n -= 3;
	save_fixture();
	opt.from = "dinb";
	bad("din binary, cut off", "offset 24: ends inside a record");
	fixture.n = 0;
	put(4, 0x401000), put(2, 4), put(2, 9);
	save_fixture();
	opt.from = "dinb";
	bad("din binary, bad kind", "offset 0: kind 9");
}

static void
champsim_record(uint64_t ip, unsigned branch, uint64_t load, uint64_t store)
{
	put(8, ip), put(1, branch), put(1, branch), put(6, 0);
	put(8, store), put(8, 0);
	put(8, load), put(8, 0), put(8, 0), put(8, 0);
}

static void
test_champsim(void)
{
	fixture.n = 0;
	champsim_record(0x401000, 0, 0x7000, 0);
	champsim_record(0x401003, 1, 0, 0x7008);
	champsim_record(0x402000, 0, 0x7010, 0x7010);
	champsim_record(0xffffffff81000000, 0, 0, 0);
	save_fixture();
	good("champsim", "champsim",
	     START "I401000,3 L7000,1 I401003,1 S7008,1 I402000,1 L7010,1 "
		   "S7010,1");
	is_u64(result.dropped, 1, "champsim: the kernel's are left out");
	fixture.n -= 10;
	save_fixture();
	opt.from = "champsim";
	bad("champsim, cut off", "offset 192: ends inside a record");
	fixture.p[64 + 8] = 7;
	save_fixture();
	opt.from = "champsim";
	bad("champsim, bad flag", "offset 64: branch flags 7");

	fixture.n = 0;
	for (unsigned i = 0; i < 4; i++) {
		put(8, 0x401000 + 4 * i), put(8, 0), put(8, 0);
		put(8, 0x9000 + i), put(8, 0), put(8, 0), put(8, 0);
		put(8, 0x8000 + i), put(8, 0), put(8, 0), put(8, 0);
		put(8, 1);
	}
	save_fixture();
	good("cloudsuite", "cloudsuite",
	     START "I401000,4 L8000,1 S9000,1 I401004,4 L8001,1 S9001,1 "
		   "I401008,4 L8002,1 S9002,1 I40100c,1 L8003,1 S9003,1");
}

static void
test_texts(void)
{
	good_text("pinatrace", "pinatrace",
		  "0x401000: R 0x7000\n0x401000: W 0x7000\n0x401004: W "
		  "0x7008\n#eof\n",
		  START "I401000,1 L7000,1 S7000,1 I401004,1 S7008,1");
	bad_text("pinatrace, bad kind", "pinatrace", "0x401000: X 0x7000\n",
		 "line 1");
	good_text("R/W lines", "rw", "R 0x1000\nW 2000\nr 3000\n# note\n",
		  START "I7fffffffe000,1 L1000,1 I7fffffffe000,1 S2000,1 "
			"I7fffffffe000,1 L3000,1");
	good_text("R/W lines, address first", "rw", "0041f7a0 R\n13f5e2c0 W\n",
		  START "I7fffffffe000,1 L41f7a0,1 I7fffffffe000,1 "
			"S13f5e2c0,1");
	opt.from = "rw";
	opt.radix = 10;
	good_text("R/W lines, decimal, sizes", "rw", "read 4096 8\nM,100,4\n",
		  START "I7fffffffe000,1 L1000,8 I7fffffffe000,1 M64,4");
	bad_text("R/W lines, junk", "rw", "R 1000\nR 10zz\n", "line 2");
	good_text("page numbers", "pages", "1 2, 3*\n0x10:w;2 # end\n",
		  NO_CODE START
		  "I7fffffffe000,1 L1000,1 I7fffffffe000,1 L2000,1 "
		  "I7fffffffe000,1 S3000,1 I7fffffffe000,1 S10000,1 "
		  "I7fffffffe000,1 L2000,1");
	opt.from = "pages";
	opt.radix = 16;
	opt.page_size = 1024;
	good_text("page numbers, hexadecimal, 1 KiB", "pages", "0 a b*\n",
		  NO_CODE START "I7fffffffe000,1 L0,1 I7fffffffe000,1 L2800,1 "
				"I7fffffffe000,1 S2c00,1");
	bad_text("page numbers, junk", "pages", "1 2\n3 four\n", "line 2");
	bad_text("page numbers, too far", "pages", "99999999999999\n",
		 "beyond");
	bad_text("empty", "pages", "", "has no reference");
	bad_text("nothing known", NULL, "Once upon a time\n",
		 "of no format known here");
	bad_text("din or pages", NULL, "0 1000\n2 2000\n", "may be any of");
}

static void
gem5_packet(unsigned cmd, uint64_t addr, unsigned size)
{
	put(1, 10);                /* length */
	put(1, 0x08), put(1, 5);   /* tick 5 */
	put(1, 0x10), put(1, cmd); /* cmd */
	put(1, 0x18);              /* addr, in three bytes */
	put(1, (addr & 0x7f) | 0x80), put(1, (addr >> 7 & 0x7f) | 0x80),
	    put(1, addr >> 14);
	put(1, 0x20), put(1, size);
}

static void
test_gem5(void)
{
	fixture.n = 0;
	put(4, 0x356d6567);
	put(1, 5), put(1, 0x0a), put(1, 3), put(3, 0x757063); /* "cpu" */
	gem5_packet(1, 0x8010, 8);
	gem5_packet(4, 0x8020, 4);
	gem5_packet(7, 0x8040, 64);
	save_fixture();
	good("gem5", "gem5",
	     START "I7fffffffe000,1 L8010,8 I7fffffffe000,1 S8020,4");
	opt.reads = "1";
	opt.writes = "4,7";
	good("gem5, commands as told", "gem5",
	     START "I7fffffffe000,1 L8010,8 I7fffffffe000,1 S8020,4 "
		   "I7fffffffe000,1 S8040,64");
	fixture.n -= 4;
	save_fixture();
	bad("gem5, cut off", "ends inside a message of 10 bytes");
	fixture.n = 10;
	put(8, UINT64_MAX), put(8, UINT64_MAX);
	save_fixture();
	bad("gem5, hostile length", "the length of a message");
	fixture.n = 10;
	put(1, 3), put(1, 0x1a), put(1, 0x7f), put(1, 0);
	save_fixture();
	bad("gem5, hostile field length", "a Packet message is expected");
	fixture.p[0] = 'x';
	save_fixture();
	opt.from = "gem5";
	bad("gem5, wrong magic", "offset 0: the magic number");
}

static void
dr(unsigned type, unsigned size, uint64_t addr)
{
	put(2, type), put(2, size), put(8, addr);
}

static void
dr_start(unsigned tid, uint64_t time)
{
	fixture.n = 0;
	dr(25, 0, 7);
	dr(28, 12, 7);
	dr(22, 0, tid);
	dr(24, 0, 70);
	dr(28, 2, time);
}

/* One thread with a system call whose arguments are told, the kernel's own
 * references, a prefetch, and an instruction that is not fetched again. */
static void
dr_first_thread(void)
{
	const uint64_t function = ((uint64_t)1 << 32) + 9;

	dr_start(71, 100);
	dr(47, 3, 0xc3);
	dr(10, 3, 0x401000);
	dr(0, 8, 0x7000);
	dr(10, 2, 0x401003);
	dr(28, 25, 9);
	dr(28, 4, function);
	dr(28, 6, 0), dr(28, 6, 0x2000), dr(28, 6, 3), dr(28, 6, 0x22);
	dr(28, 4, function);
	dr(28, 7, 0x7f0000001000);
	dr(28, 27, 9);
	dr(10, 3, 0xffffffff81000000), dr(0, 8, 0xffff888000000000);
	dr(28, 28, 9);
	dr(28, 2, 300);
	dr(48, 2, 0x401005);
	dr(1, 4, 0x7f0000001000);
	dr(2, 1, 0x7040);
	dr(29, 2, 0x401005);
	dr(1, 4, 0x7f0000001004);
	dr(23, 0, 71);
	dr(26, 0, 0);
	save_fixture();
}

static void
test_drmemtrace(void)
{
	struct err e;

	dr_first_thread();
	good("drmemtrace", "drmemtrace",
	     "T71 >70/71 I401000,3 L7000,8 I401003,2 "
	     "C9(0,2000,3,22)=7f0000001000 "
	     "I401005,2 S7f0000001000,4 S7f0000001004,4 X71");
	is_str(result.blind, "mappings,files", "drmemtrace: what it lacks");

	dr_start(72, 200);
	dr(10, 1, 0x500000);
	dr(17, 2, 0x0403); /* two more, of 3 and 4 bytes */
	dr(0, 8, 0x9000);
	dr(28, 2, 400);
	dr(10, 1, 0x500100);
	save(in2_path, fixture.p, fixture.n);
	ok(import(2, &e), "drmemtrace, two threads: imported");
	is_str(flatten(),
	       "T71 >70/71 I401000,3 L7000,8 I401003,2 "
	       "C9(0,2000,3,22)=7f0000001000 T72 >70/72 I500000,1 I500001,3 "
	       "I500004,4 L9000,8 >70/71 I401005,2 S7f0000001000,4 "
	       "S7f0000001004,4 X71 >70/72 I500100,1",
	       "drmemtrace, two threads: by their time stamps");
}

static void
test_bad_drmemtrace(void)
{
	static const struct {
		unsigned type, size;
		const char *words;
	} records[] = {{200, 0, "offset 60: a record of type 200"},
		       {17, 60000, "a bundle of 60000"},
		       {10, 60000, "instruction of 60000 bytes"},
		       {22, 0, "process or thread 0"}};

	dr_start(71, 100);
	dr(10, 3, 0x401000);
	fixture.n -= 5;
	save_fixture();
	bad("drmemtrace, cut off", "offset 60: ends inside a record");
	for (size_t i = 0; i < sizeof(records) / sizeof(records[0]); i++) {
		dr_start(71, 100);
		dr(records[i].type, records[i].size, 0);
		save_fixture();
		bad("drmemtrace, hostile record", records[i].words);
	}
	fixture.n = 0;
	put(8, 0), put(8, 0);
	save_fixture();
	opt.from = "drmemtrace";
	bad("drmemtrace, raw", "drraw2trace");
}

static void
test_perf(void)
{
	static const char mem[] =
	    "# PID, TID, IP, ADDR, LOCAL WEIGHT, DSRC, SYMBOL\n"
	    "42,43,0x401000,0x7000,7,0x68100142,prog:f(int, int)\n"
	    "42,43,0x401008,0x8000,300,0x80000024,prog:g\n"
	    "42,43,0x401010,0,5,0x68100142,prog:h\n";

	opt.samples = true;
	good_text("perf mem", "perf-mem", mem,
		  "T43 >42/43 I401000,1 L7000,1 I401008,1 S8000,1");
	ok(strstr(result.blind, "all references but samples") != NULL,
	   "perf mem: marked as samples");
	bad_text("perf mem, as a full stream", NULL, mem, "--samples");
	opt.samples = true;
	bad_text("perf mem without -x", NULL,
		 "# PID, TID, IP, ADDR, LOCAL WEIGHT, DSRC, SYMBOL\n"
		 " 42 43 0x01600000000000401000 0x0160000000000007000 7\n",
		 "perf mem report -D -x,");
	opt.samples = true;
	good_text("perf script", "perf-script",
		  "    43   100.000123:             7000     12     401000\n",
		  "T43 >1000/43 I401000,1 L7000,1");
	opt.samples = true;
	bad_text("perf script, other fields", "perf-script",
		 "prog 43 100.000123: 7000\n", "-F tid,time,addr,weight,ip");
}

/* ---------------------------------------------- mappings and system calls */

static void
test_maps(void)
{
	struct err e;

	save_text(in_path, "I  00401000,3\n L 7ffe0010,8\n");
	save_text(maps_path,
		  "00400000-00402000 r-xp 00001000 08:01 77   /bin/x y\n"
		  "7ffe0000-7fff0000 rw-p 00000000 00:00 0    [stack]\n"
		  "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0 "
		  "[vsyscall]\n");
	opt.maps = maps_path;
	good("with mappings", "lackey",
	     "F/bin/x y:12288 " START "I401000,3 L7ffe0010,8");
	is_str(result.blind, "syscalls,threads",
	       "with mappings: less is blind");

	opt.maps = maps_path;
	save_text(maps_path, "00400000-00402000 r-xp junk\n");
	bad("mappings, junk", "line 1: a line of /proc/PID/maps");
	opt.maps = maps_path;
	save_text(maps_path, "00402000-00403000 r-xp 0 08:01 77 /a\n"
			     "00400000-00402000 r-xp 0 08:01 77 /a\n");
	bad("mappings, out of order", "line 2: a mapping of whole pages");
	opt.maps = in2_path;
	unlink(in2_path);
	ok(!import(1, &e) && e.kind == ERR_FAILED, "mappings, no file: %s",
	   e.text);
	opt = (struct import_options){0};
}

/* Calls of a source without marks come when they are needed. */
static void
test_syscalls(void)
{
	save_text(in_path, "I  00401000,3\n L 7f000010,8\nI  00401003,3\n"
			   " S 7f101000,8\n");
	save_text(log_path,
		  "100 brk(NULL) = 0x555000\n"
		  "100 openat(AT_FDCWD, \"/lib/a\\\"b\", O_RDONLY) = 3\n"
		  "100 newfstatat(3, \"\", {st_mode=S_IFREG|0644, "
		  "st_size=9000, ...}, AT_EMPTY_PATH) = 0\n"
		  "100 mmap(NULL, 8192, PROT_READ, MAP_PRIVATE, 3, 0 "
		  "<unfinished ...>\n"
		  "101 +++ exited with 0 +++\n"
		  "100 <... mmap resumed>) = 0x7f000000\n"
		  "100 close(3) = 0\n"
		  "100 mmap(NULL, 4096, PROT_READ|PROT_WRITE, "
		  "MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f101000 <0.00001>\n"
		  "100 munmap(0x7f000000, 8192) = 0\n");
	opt.syscalls = log_path;
	good("with system calls", "lackey",
	     START "I401000,3 C12(0,0,0,0)=555000 F/lib/a\"b:9000 "
		   "C9(0,2000,1,2)=7f000000 I7fffffffe000,1 L7f000010,8 "
		   "I401003,3 C9(0,1000,3,22)=7f101000 I7fffffffe000,1 "
		   "S7f101000,8 C11(7f000000,2000,0,0)=0");
	opt.syscalls = log_path;
	save_text(log_path, "mmap(NULL, 8192, PROT_NEW, 2, -1, 0) = 0x7000\n");
	bad("system calls, unknown flag", "line 1: arguments that are numbers");
	opt.syscalls = log_path;
	save_text(log_path, "mmap(NULL, 8192\n");
	bad("system calls, cut off", "closing bracket");
	opt.syscalls = log_path;
	save_text(log_path, "nothing\n");
	bad("system calls, none", "has no system call");
}

/* Other processes of the log are not the source's; its threads are. */
static void
test_processes(void)
{
	save_text(in_path, "I  00401000,3\n L 7f000010,8\n");
	save_text(log_path,
		  "100 brk(NULL) = 0x555000\n"
		  "100 clone(child_stack=NULL, flags=SIGCHLD) = 200\n"
		  "200 munmap(0x1000, 4096) = 0\n"
		  "100 clone(child_stack=0x7000, flags=CLONE_VM|CLONE_THREAD "
		  "<unfinished ...>\n"
		  "300 munmap(0x2000, 4096) = 0\n"
		  "100 <... clone resumed>) = 300\n");
	opt.syscalls = log_path;
	good("one process of several", "lackey",
	     START "I401000,3 L7f000010,8 C12(0,0,0,0)=555000 "
		   "C11(2000,1000,0,0)=0");
}

/* Those of a source with marks come at their marks. */
static void
test_marks(void)
{
	dr_start(71, 100);
	dr(10, 3, 0x401000);
	dr(28, 25, 1); /* write: not in the log */
	dr(28, 25, 12);
	dr(10, 3, 0x401003);
	dr(28, 25, 11);
	dr(10, 3, 0x401006);
	save_fixture();
	save_text(log_path, "[pid  9] 12:00:00.1 brk(NULL) = 0x555000\n"
			    "[pid 10] 12:00:00.2 munmap(0x1000, 4096) = 0\n"
			    "[pid  9] 12:00:00.3 munmap(0x7000, 4096) = 0\n");
	opt.syscalls = log_path;
	good("at marks", "drmemtrace",
	     "T71 >70/71 I401000,3 C12(0,0,0,0)=555000 I401003,3 "
	     "C11(7000,1000,0,0)=0 I401006,3");
}

static void
test_log_lines(void)
{
	static const struct {
		const char *line;
		uint32_t tid;
		enum parsed parsed;
		uint64_t arg1, arg3;
		int64_t ret;
	} lines[] = {
	    {"1700000000.5 mmap(NULL, 4096, 3, MAP_SHARED, 3</a, (b>, 0) = "
	     "0x7000",
	     0, PARSED_CALL, 4096, 1, 0x7000},
	    {"[pid  7] mmap(NULL, 4096, PROT_NONE, MAP_HUGETLB|21<<"
	     "MAP_HUGE_SHIFT, -1, 0) = -1 ENOMEM (no memory)",
	     7, PARSED_CALL, 4096, 0x40000 | 21u << 26, -12},
	    {"8 12:00:01 [   9] [00007f00] mmap(NULL, 8, 1, 2, 3, 0) = ?", 8,
	     PARSED_OTHER, 0, 0, 0},
	    {"9<comm> read(3, \"mmap(\", 5) = 5", 9, PARSED_OTHER, 0, 0, 0},
	    {"   0.150 ( 0.004 ms): ls/2345 mmap(len: 8192, prot: READ|WRITE, "
	     "flags: PRIVATE|ANONYMOUS, fd: -1) = 0x7f0000",
	     2345, PARSED_CALL, 8192, 0x22, 0x7f0000},
	    {"mmap(NULL, 1, 1, 1, 1, 1)", 0, PARSED_BAD, 0, 0, 0},
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct log_line l;
		struct call c = {0};
		char path[64];
		const char *why;
		bool fine = log_leader(lines[i].line, &l) &&
			    l.tid == lines[i].tid &&
			    log_call(l.text, &c, path, sizeof(path), &why) ==
				lines[i].parsed;

		if (lines[i].parsed == PARSED_CALL)
			fine &= c.args[1] == lines[i].arg1 &&
				c.args[3] == lines[i].arg3 &&
				c.ret == lines[i].ret;
		ok(fine, "log line %zu: %s", i, lines[i].line);
	}
}

/* ----------------------------------------------------------------- packing */

static void
pack_gzip(const char *text, bool cut)
{
	gzFile g = gzopen(in_path, "wb");
	long n;
	FILE *f;

	gzputs(g, text);
	gzclose(g);
	if (!cut)
		return;
	f = fopen(in_path, "rb+");
	fseek(f, 0, SEEK_END);
	n = ftell(f);
	fclose(f);
	if (truncate(in_path, n - 12))
		abort();
}

/* A member: deflated with sizes behind it, or stored. */
static void
zip_member(const char *text, bool deflated, uint32_t spoil)
{
	uLong crc = crc32(0, (const Bytef *)text, (uInt)strlen(text));
	uint8_t packed[4096];
	z_stream z = {.next_in = (Bytef *)(uintptr_t)text,
		      .avail_in = (uInt)strlen(text),
		      .next_out = packed,
		      .avail_out = sizeof(packed)};
	size_t n = strlen(text);

	deflateInit2(&z, 6, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY);
	deflate(&z, Z_FINISH);
	deflateEnd(&z);
	put(4, 0x04034b50), put(2, 20), put(2, deflated ? 8 : 0);
	put(2, deflated ? 8 : 0), put(4, 0);
	put(4, deflated ? 0 : crc ^ spoil);
	put(4, deflated ? 0 : n), put(4, deflated ? 0 : n);
	put(2, 1), put(2, 0), put(1, 'm');
	if (!deflated) {
		for (size_t i = 0; i < n; i++)
			put(1, (uint8_t)text[i]);
		return;
	}
	for (size_t i = 0; i < z.total_out; i++)
		put(1, packed[i]);
	put(4, 0x08074b50), put(4, crc ^ spoil), put(4, z.total_out), put(4, n);
}

static void
test_packing(void)
{
	static const char want[] = START "I4001000,3 L1ffe0000,8";

	pack_gzip("I  04001000,3\n L 1ffe0000,8\n", false);
	good("gzip", "lackey", want);
	pack_gzip("I  04001000,3\n L 1ffe0000,8\n", true);
	bad("gzip, cut off", "gzip: ends in the middle");
	fixture.n = 0;
	zip_member("I  04001000,3\n L 1f", true, 0);
	zip_member("fe0000,8\n", false, 0);
	put(4, 0x02014b50);
	save_fixture();
	good("zip of two members", "lackey", want);
	fixture.n -= 8;
	save_fixture();
	bad("zip, cut off", "zip: ends in the middle");
	for (unsigned deflated = 0; deflated < 2; deflated++) {
		fixture.n = 0;
		zip_member("I  04001000,3\n", deflated, 1);
		put(4, 0x02014b50);
		save_fixture();
		bad("zip, wrong checksum", "checksum is wrong");
	}
	fixture.n = 0;
	zip_member("I  04001000,3\n", false, 0);
	fixture.p[6] = 1;
	save_fixture();
	bad("zip, encrypted", "encrypted");
	fixture.p[6] = 0;
	fixture.p[8] = 14;
	save_fixture();
	bad("zip, another method", "neither deflated nor stored");
	fixture.n = 0;
	put(4, 0x04034b50), put(8, 0), put(8, 0), put(6, 0), put(2, 0xffff),
	    put(2, 0xffff);
	save_fixture();
	bad("zip, hostile name", "name is too long");
}

/* Change some bytes: flip, drop the rest, double a piece. */
static size_t
damage(struct rng *r, uint8_t *p, size_t n)
{
	for (uint64_t k = rng_below(r, 4); n && k < 4; k++)
		p[rng_below(r, n)] =
		    (uint8_t)(rng_below(r, 2) ? rng_u64(r)
					      : 0x20 + rng_below(r, 96));
	if (rng_below(r, 4) == 0)
		n = rng_below(r, n + 1);
	if (rng_below(r, 4) == 0 && n < 1024) {
		memcpy(p + n, p, n);
		n *= 2;
	}
	return n;
}

/* However damaged: imported or refused, never worse. */
static bool
survives(const char *path, struct rng *r, const uint8_t *p, size_t n)
{
	uint8_t copy[2048];
	struct err e;

	memcpy(copy, p, n);
	save(path, copy, damage(r, copy, n));
	return import(1, &e) || e.kind == ERR_INPUT;
}

static void
test_damage(void)
{
	unsigned worse = 0;
	struct rng r;

	rng_seed(&r, 1);
	for (size_t i = 0; i < n_corpus; i++) {
		opt.from = corpus[i].format;
		opt.samples = true;
		for (unsigned k = 0; k < 40; k++)
			worse +=
			    !survives(in_path, &r, corpus[i].p, corpus[i].n);
	}
	ok(n_corpus > 20, "%zu good inputs", n_corpus);
	is_u64(worse, 0, "damaged in many ways: read or refused");
	opt = (struct import_options){0};
}

/* The same for what comes beside the input. */
static void
test_damaged_sides(void)
{
	static const char maps[] =
	    "00400000-00402000 r-xp 00001000 08:01 77   /bin/x\n"
	    "7ffe0000-7fff0000 rw-p 00000000 00:00 0    [stack]\n";
	static const char log[] =
	    "7 12:00:01 openat(AT_FDCWD, \"/lib/a\\\"b\", O_RDONLY) = 3</a>\n"
	    "7 mmap(NULL, 8192, PROT_READ, MAP_PRIVATE, 3, 0 <unfinished "
	    "...>\n7 <... mmap resumed>) = 0x7f000000\n"
	    " 0.1 ( 0.2 ms): ls/7 munmap(addr: 0x7f000000, len: 8192) = 0\n";
	unsigned worse = 0;
	struct rng r;

	rng_seed(&r, 2);
	save_text(in_path, "I  00401000,3\n L 7f000010,8\n");
	opt.maps = maps_path;
	for (unsigned k = 0; k < 300; k++)
		worse += !survives(maps_path, &r, (const uint8_t *)maps,
				   sizeof(maps) - 1);
	is_u64(worse, 0, "damaged mappings: read or refused");
	opt.maps = NULL;
	opt.syscalls = log_path;
	for (unsigned k = 0; k < 300; k++)
		worse += !survives(log_path, &r, (const uint8_t *)log,
				   sizeof(log) - 1);
	is_u64(worse, 0, "damaged system calls: read or refused");
	opt = (struct import_options){0};
}

static void
test_addr_set(void)
{
	struct addr_set s = {0};

	addr_set_add(&s, 10, 20);
	addr_set_add(&s, 30, 40);
	addr_set_add(&s, 20, 25);
	is_u64(s.n, 2, "ranges that touch are joined");
	addr_set_add(&s, 5, 35);
	is_u64(s.n, 1, "ranges that are bridged are joined");
	addr_set_remove(&s, 12, 14);
	ok(s.n == 2 && addr_set_has(&s, 11) && !addr_set_has(&s, 12) &&
	       !addr_set_has(&s, 13) && addr_set_has(&s, 14),
	   "a hole is cut");
	addr_set_remove(&s, 0, 100);
	ok(s.n == 0 && !addr_set_has(&s, 11), "all is removed");
	addr_set_free(&s);
}

static void
name_paths(void)
{
	int pid = (int)getpid();

	snprintf(in_path, sizeof(in_path), "test_import.%d.in", pid);
	snprintf(in2_path, sizeof(in2_path), "test_import.%d.in2", pid);
	snprintf(out_path, sizeof(out_path), "test_import.%d.pwt", pid);
	snprintf(maps_path, sizeof(maps_path), "test_import.%d.maps", pid);
	snprintf(log_path, sizeof(log_path), "test_import.%d.log", pid);
}

int
main(void)
{
	name_paths();
	test_lackey();
	test_din();
	test_champsim();
	test_texts();
	test_gem5();
	test_drmemtrace();
	test_bad_drmemtrace();
	test_perf();
	test_maps();
	test_syscalls();
	test_processes();
	test_marks();
	test_log_lines();
	test_packing();
	test_damage();
	test_damaged_sides();
	test_addr_set();
	unlink(in_path);
	unlink(in2_path);
	unlink(out_path);
	unlink(maps_path);
	unlink(log_path);
	return done_testing();
}
