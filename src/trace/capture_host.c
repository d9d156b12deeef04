/*
 * capture_host.c - the machine and its settings, for a trace's provenance.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "trace/capture.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/xalloc.h"

void
facts_add(struct facts *f, const char *key, const char *value)
{
	f->pairs = xgrow(f->pairs, f->n, &f->cap, sizeof(*f->pairs));
	f->pairs[f->n][0] = xstrdup(key);
	f->pairs[f->n++][1] = xstrdup(value);
}

void
facts_free(struct facts *f)
{
	for (unsigned i = 0; i < f->n; i++) {
		free((char *)f->pairs[i][0]);
		free((char *)f->pairs[i][1]);
	}
	free(f->pairs);
	*f = (struct facts){0};
}

/* The first line of a file that begins with start, the rest of it without
 * blanks and colon; added under key if it is there. */
static void
add_line(struct facts *f, const char *key, const char *path, const char *start)
{
	char line[512];
	FILE *in = fopen(path, "re");

	while (in && fgets(line, sizeof(line), in)) {
		char *s = line + strlen(start);

		if (strncmp(line, start, strlen(start)) != 0)
			continue;
		s += strspn(s, " \t:");
		s[strcspn(s, "\n")] = '\0';
		facts_add(f, key, s);
		break;
	}
	if (in)
		fclose(in);
}

/* "always [madvise] never": what is in the brackets; "" if it is not there. */
static void
read_choice(const char *path, char choice[64])
{
	char line[256] = "", *open, *close;
	FILE *in = fopen(path, "re");

	choice[0] = '\0';
	if (!in)
		return;
	if (fgets(line, sizeof(line), in) && (open = strchr(line, '[')) &&
	    (close = strchr(open, ']')))
		snprintf(choice, 64, "%.*s", (int)(close - open - 1), open + 1);
	fclose(in);
}

static void
add_choice(struct facts *f, const char *key, const char *path)
{
	char choice[64];

	read_choice(path, choice);
	if (*choice)
		facts_add(f, key, choice);
}

/* Does s begin with a word of the list, which ends with NULL? */
static bool
begins(const char *s, const char *const *list)
{
	while (*list && strncmp(s, *list, strlen(*list)) != 0)
		list++;
	return *list;
}

void
facts_add_environment(struct facts *f)
{
	static const char *const names[] = {
	    "LANG=", "LC_", "LD_", "MALLOC_", "GLIBC_TUNABLES=", "OMP_", NULL};

	for (char **v = environ; *v; v++) {
		const char *equals = strchr(*v, '=');
		char *key;

		if (!equals || !begins(*v, names))
			continue;
		key = xasprintf("env.%.*s", (int)(equals - *v), *v);
		facts_add(f, key, equals + 1);
		free(key);
	}
}

/* The words of the kernel's command line that change how it manages memory;
 * the others are nobody's business. */
static void
add_command_line(struct facts *f)
{
	static const char *const words[] = {"transparent_hugepage",
					    "thp_",
					    "hugepages",
					    "default_hugepagesz",
					    "mem=",
					    "memmap=",
					    "movablecore",
					    "kernelcore",
					    "pti",
					    "nopti",
					    "nopcid",
					    "noinvpcid",
					    "mitigations=",
					    "no5lvl",
					    "stack_guard_gap=",
					    "numa",
					    "noswap",
					    "zswap.",
					    NULL};
	char line[4096] = "", kept[512] = "", *save = NULL;
	FILE *in = fopen("/proc/cmdline", "re");

	if (in && !fgets(line, sizeof(line), in))
		line[0] = '\0';
	if (in)
		fclose(in);
	for (char *w = strtok_r(line, " \n", &save); w && strcmp(w, "--") != 0;
	     w = strtok_r(NULL, " \n", &save)) {
		size_t n = strlen(kept);

		if (begins(w, words))
			snprintf(kept + n, sizeof(kept) - n, "%s%s",
				 n ? " " : "", w);
	}
	if (*kept)
		facts_add(f, "setting.kernel_cmdline", kept);
}

static void
add_file_system(struct facts *f, const char *path)
{
	char name[128], value[32];
	struct statfs fs;
	struct stat st;

	if (stat(path, &st))
		return;
	/* Of the device, or of the disk the partition is on. */
	snprintf(name, sizeof(name), "/sys/class/bdi/%u:%u/read_ahead_kb",
		 major(st.st_dev), minor(st.st_dev));
	add_line(f, "setting.read_ahead_kb", name, "");
	if (!statfs(path, &fs)) {
		snprintf(value, sizeof(value), "0x%lx", (long)fs.f_type);
		facts_add(f, "setting.filesystem_magic", value);
	}
}

/* Does reading untouched memory map the shared zero page?  Some kernels for
 * virtual machines, and those of s390, give a page at once: then a write after
 * the read is no fault. */
static void
add_zero_page(struct facts *f)
{
	size_t bytes = (size_t)sysconf(_SC_PAGESIZE);
	struct rusage before, after;
	volatile char *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return;
	(void)p[0];
	if (!getrusage(RUSAGE_THREAD, &before)) {
		p[0] = 1;
		if (!getrusage(RUSAGE_THREAD, &after))
			facts_add(f, "setting.zero_page",
				  after.ru_minflt > before.ru_minflt ? "1"
								     : "0");
	}
	munmap((char *)p, bytes);
}

#define THP "/sys/kernel/mm/transparent_hugepage/"

/* Folios between a page and a huge page: those sizes that are not off. */
static void
add_mthp(struct facts *f)
{
	static const struct {
		const char *key, *path;
	} sizes[] = {
	    {"setting.mthp_16k", THP "hugepages-16kB/enabled"},
	    {"setting.mthp_32k", THP "hugepages-32kB/enabled"},
	    {"setting.mthp_64k", THP "hugepages-64kB/enabled"},
	    {"setting.mthp_128k", THP "hugepages-128kB/enabled"},
	    {"setting.mthp_256k", THP "hugepages-256kB/enabled"},
	    {"setting.mthp_512k", THP "hugepages-512kB/enabled"},
	    {"setting.mthp_1m", THP "hugepages-1024kB/enabled"},
	};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		char choice[64];

		read_choice(sizes[i].path, choice);
		if (*choice && strcmp(choice, "never") != 0)
			facts_add(f, sizes[i].key, choice);
	}
}

static void
add_khugepaged(struct facts *f)
{
	static const char *const names[] = {
	    "scan_sleep_millisecs", "pages_to_scan",   "max_ptes_none",
	    "max_ptes_swap",        "max_ptes_shared", NULL};

	for (const char *const *n = names; *n; n++) {
		char *key = xasprintf("setting.khugepaged_%s", *n);
		char *path = xasprintf(THP "khugepaged/%s", *n);

		add_line(f, key, path, "");
		free(key);
		free(path);
	}
}

/* Limits the program begins with. */
static void
add_limits(struct facts *f)
{
	static const struct {
		int resource;
		const char *key;
	} rows[] = {{RLIMIT_AS, "setting.limit_as"},
		    {RLIMIT_DATA, "setting.limit_data"},
		    {RLIMIT_MEMLOCK, "setting.limit_memlock"}};
	struct rlimit rl;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char value[32] = "unlimited";

		if (getrlimit((__rlimit_resource_t)rows[i].resource, &rl))
			continue;
		if (rl.rlim_cur != RLIM_INFINITY)
			snprintf(value, sizeof(value), "%llu",
				 (unsigned long long)rl.rlim_cur);
		facts_add(f, rows[i].key, value);
	}
}

/* What lets a program pass by limits: CAP_IPC_LOCK, CAP_SYS_RAWIO and
 * CAP_SYS_ADMIN, all of them. */
static void
add_privileged(struct facts *f)
{
	const unsigned long long all = 1ull << 14 | 1ull << 17 | 1ull << 21;
	unsigned long long have = 0;
	char line[128];
	FILE *in = fopen("/proc/self/status", "re");

	while (in && fgets(line, sizeof(line), in))
		if (sscanf(line, "CapEff: %llx", &have) == 1)
			break;
	if (in)
		fclose(in);
	facts_add(f, "setting.privileged", (have & all) == all ? "1" : "0");
}

void
facts_add_machine(struct facts *f, const char *path)
{
#define VM "/proc/sys/vm/"
	char page[32];
	struct utsname u;

	if (!uname(&u)) {
		facts_add(f, "kernel.release", u.release);
		facts_add(f, "kernel.version", u.version);
		facts_add(f, "machine", u.machine);
	}
	snprintf(page, sizeof(page), "%ld", sysconf(_SC_PAGESIZE));
	facts_add(f, "page.size", page);
	add_line(f, "setting.cpu_model", "/proc/cpuinfo", "model name");
	add_line(f, "setting.memory", "/proc/meminfo", "MemTotal:");
	add_line(f, "setting.swap", "/proc/meminfo", "SwapTotal:");
	add_choice(f, "setting.thp_enabled", THP "enabled");
	add_choice(f, "setting.thp_defrag", THP "defrag");
	add_choice(f, "setting.thp_shmem", THP "shmem_enabled");
	add_mthp(f);
	add_khugepaged(f);
	add_zero_page(f);
	add_line(f, "setting.thp_use_zero_page", THP "use_zero_page", "");
	add_line(f, "setting.fault_around_bytes",
		 "/sys/kernel/debug/fault_around_bytes", "");
	add_line(f, "setting.overcommit_memory", VM "overcommit_memory", "");
	add_line(f, "setting.overcommit_ratio", VM "overcommit_ratio", "");
	add_line(f, "setting.meltdown",
		 "/sys/devices/system/cpu/vulnerabilities/meltdown", "");
	add_line(f, "setting.max_map_count", VM "max_map_count", "");
	add_limits(f);
	add_privileged(f);
	add_line(f, "setting.nr_hugepages", VM "nr_hugepages", "");
	add_line(f, "setting.swappiness", VM "swappiness", "");
	add_line(f, "setting.dirty_writeback_centisecs",
		 VM "dirty_writeback_centisecs", "");
	add_line(f, "setting.dirty_expire_centisecs",
		 VM "dirty_expire_centisecs", "");
	add_line(f, "setting.page_cluster", VM "page-cluster", "");
	add_line(f, "setting.dirty_ratio", VM "dirty_ratio", "");
	add_line(f, "setting.dirty_background_ratio",
		 VM "dirty_background_ratio", "");
	add_command_line(f);
	add_file_system(f, path);
#undef VM
}
