/* mktrace.c - a small trace made by hand, for the tests of the command line:
 * mktrace FILE [LOOPS].  One process maps memory, walks it, forks, and both
 * write; it needs no Valgrind.  SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <syscall.h>

#include "base/err.h"
#include "trace/writer.h"

#define CODE  0x400000u
#define STACK 0x7ffffffde000u
#define AREA  0x7f0000000000u
#define PAGES 200

static struct trace_writer *w;
static struct err e;

static void
check(bool good)
{
	if (good)
		return;
	fprintf(stderr, "mktrace: %s\n", e.text);
	exit(1);
}

static void
event(struct event ev)
{
	check(trace_event(w, &ev, &e));
}

static void
begin(void)
{
	struct map_desc maps[] = {
	    {CODE, CODE + 0x4000, 0, 0x5000, 1, PROT_READ | PROT_EXEC, 0},
	    {CODE + 0x4000, CODE + 0x5000, 0x4000, 0x5000, 1,
	     PROT_READ | PROT_WRITE, 0},
	    {STACK, STACK + 0x21000, 0, 0, 0, PROT_READ | PROT_WRITE,
	     MAPD_STACK},
	};
	struct event ev = {.kind = EV_FILE, .pid = 100, .tid = 100};

	ev.file = (struct file_desc){.id = 1,
				     .kind = FILE_REGULAR,
				     .dev = 1,
				     .inode = 2,
				     .size = 0x5000,
				     .path = "/bin/made-by-hand"};
	event(ev);
	ev = (struct event){.kind = EV_PROCESS, .pid = 100, .tid = 100};
	ev.image = (struct image_desc){.exe = "/bin/made-by-hand",
				       .args = "made-by-hand",
				       .stack_pointer = STACK + 0x20000,
				       .stack_limit = 8 << 20,
				       .n_maps = 3,
				       .maps = maps};
	event(ev);
	event((struct event){.kind = EV_SWITCH, .pid = 100, .tid = 100});
}

static void
call_mmap(void)
{
	struct event ev = {.kind = EV_SYSCALL, .pid = 100, .tid = 100};

	ev.sys = (struct syscall_desc){
	    .nr = SYS_mmap,
	    .args = {0, PAGES * 4096, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, (uint64_t)-1, 0},
	    .ret = (int64_t)AREA};
	event(ev);
}

/* A loop over the area: read (op 0) or write (op 1) one word of each page. */
static void
walk(enum ref_op op)
{
	for (unsigned i = 0; i < PAGES; i++) {
		uint64_t at = CODE + (i % 3) * 0x1000;

		check(trace_fetch(w, at, 4, &e));
		check(trace_fetch(w, at + 4, 4, &e));
		check(trace_data(w, op, AREA + i * 4096, 8, &e));
		check(trace_fetch(w, at + 8, 2, &e));
		check(trace_data(w, REF_STORE, STACK + 0x1fff0, 8, &e));
	}
}

int
main(int argc, char **argv)
{
	static const char *const provenance[][2] = {
	    {"command", "made-by-hand --for 'tests'"},
	    {"backend", "mktrace"},
	};
	struct trace_writer_options opt = {0, 20000};
	int loops = argc > 2 ? atoi(argv[2]) : 20;
	struct event ev = {.kind = EV_FORK, .pid = 100, .tid = 100};

	w = argc > 1 ? trace_create(argv[1], &opt, provenance, 2, &e) : NULL;
	check(w != NULL);
	begin();
	call_mmap();
	walk(REF_LOAD);
	for (int i = 0; i < loops; i++)
		walk(i % 3 ? REF_STORE : REF_MODIFY);
	ev.fork.child_pid = 101;
	event(ev);
	event((struct event){.kind = EV_SWITCH, .pid = 101, .tid = 101});
	walk(REF_STORE);
	event((struct event){.kind = EV_EXIT, .pid = 101, .tid = 101});
	event((struct event){.kind = EV_SWITCH, .pid = 100, .tid = 100});
	walk(REF_STORE);
	event((struct event){
	    .kind = EV_EXIT, .pid = 100, .tid = 100, .status = 3 << 8});
	check(trace_finish(w, &e));
	return 0;
}
