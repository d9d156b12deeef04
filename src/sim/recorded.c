/* recorded.c - see recorded.h.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/recorded.h"

#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>

#include "base/opt.h"
#include "base/xalloc.h"
#include "sim/conf_priv.h"
#include "trace/reader.h"

#define VALUE_MAX 64

/* A recorded value as the key wants it, in out[VALUE_MAX]; false if it is not
 * one. */
typedef bool translation(const struct conf_key *k, const char *value,
			 char *out);

/* "6.18.44-generic" -> 618, as os.kernel counts; 0 if it is not such. */
static unsigned
release_number(const char *release)
{
	unsigned major, minor;

	if (!release || sscanf(release, "%u.%u", &major, &minor) != 2 ||
	    major > 1000 || minor > 99)
		return 0;
	return major * 100 + minor;
}

static bool
as_is(const struct conf_key *k, const char *value, char *out)
{
	(void)k;
	return snprintf(out, VALUE_MAX, "%s", value) < VALUE_MAX;
}

/* The newest kernel known that is no newer; the oldest one for what is older
 * than all. */
static bool
kernel_generation(const struct conf_key *k, const char *value, char *out)
{
	const struct conf_choice *best = NULL;
	unsigned release = release_number(value);

	for (const struct conf_choice *c = k->choices; c->name; c++)
		if (!best || (c->value <= release && (best->value > release ||
						      c->value > best->value)))
			best = c;
	return release && as_is(k, best->name, out);
}

static bool
yes_or_no(const struct conf_key *k, const char *value, char *out)
{
	if (strcmp(value, "0") && strcmp(value, "1"))
		return false;
	return as_is(k, *value == '1' ? "yes" : "no", out);
}

/* vm.overcommit_memory: 0, 1, 2. */
static bool
overcommit(const struct conf_key *k, const char *value, char *out)
{
	uint64_t n;

	if (!parse_u64(value, &n))
		return false;
	for (const struct conf_choice *c = k->choices; c->name; c++)
		if (c->value == n)
			return as_is(k, c->name, out);
	return false;
}

/* "8192", or "24681956 kB" of /proc/meminfo. */
static bool
kibibytes(const struct conf_key *k, const char *value, char *out)
{
	char unit[8] = "", more[2];
	unsigned long long n;

	(void)k;
	if (sscanf(value, "%llu %7s %1s", &n, unit, more) > 2 ||
	    !strspn(value, "0123456789") || (*unit && strcmp(unit, "kB")))
		return false;
	snprintf(out, VALUE_MAX, "%lluK", n);
	return true;
}

/* Bytes, or "unlimited". */
static bool
limit(const struct conf_key *k, const char *value, char *out)
{
	return as_is(k, strcmp(value, "unlimited") ? value : "1000T", out);
}

/* Linux follows the first write to a page wherever a file system writes back
 * (mm/mmap.c:vma_wants_writenotify); these live in memory only. */
static bool
write_notify(const struct conf_key *k, const char *value, char *out)
{
	uint64_t magic;

	if (!parse_u64(value, &magic))
		return false;
	return as_is(
	    k, magic == TMPFS_MAGIC || magic == RAMFS_MAGIC ? "no" : "yes",
	    out);
}

/* The number after a word of the kernel's command line. */
static bool
stack_guard_gap(const struct conf_key *k, const char *value, char *out)
{
	static const char word[] = "stack_guard_gap=";
	const char *at = strstr(value, word);

	if (!at || (at != value && at[-1] != ' '))
		return false;
	at += strlen(word);
	return as_is(k, "", out) &&
	       snprintf(out, VALUE_MAX, "%.*s", (int)strcspn(at, " "), at) <
		   VALUE_MAX;
}

/* What /sys says of Meltdown: "Mitigation: PTI", "Not affected", ... */
static bool
kpti(const struct conf_key *k, const char *value, char *out)
{
	return *value && as_is(k, strstr(value, "PTI") ? "yes" : "no", out);
}

/* Any word: the trace has such events. */
static bool
has_page_cache(const struct conf_key *k, const char *value, char *out)
{
	return *value && as_is(k, "recorded", out);
}

static const struct {
	const char *from, *key; /* a key not there (yet) is passed over */
	translation *translate;
} settings[] = {
    {"kernel.release", "os.kernel", kernel_generation},
    {"setting.memory", "machine.memory", kibibytes},
    {"setting.swap", "os.swap", kibibytes},
    {"setting.nr_hugepages", "os.nr_hugepages", as_is},
    {"setting.meltdown", "cpu.kpti", kpti},
    {"setting.swappiness", "os.swappiness", as_is},
    {"setting.dirty_writeback_centisecs", "os.dirty_writeback", as_is},
    {"setting.dirty_expire_centisecs", "os.dirty_expire", as_is},
    {"setting.page_cluster", "os.page_cluster", as_is},
    {"setting.thp_enabled", "os.thp", as_is},
    {"setting.mthp_16k", "os.mthp_16k", as_is},
    {"setting.mthp_32k", "os.mthp_32k", as_is},
    {"setting.mthp_64k", "os.mthp_64k", as_is},
    {"setting.mthp_128k", "os.mthp_128k", as_is},
    {"setting.mthp_256k", "os.mthp_256k", as_is},
    {"setting.mthp_512k", "os.mthp_512k", as_is},
    {"setting.mthp_1m", "os.mthp_1m", as_is},
    {"setting.khugepaged_scan_sleep_millisecs", "os.khugepaged_scan_sleep",
     as_is},
    {"setting.khugepaged_pages_to_scan", "os.khugepaged_pages", as_is},
    {"setting.khugepaged_max_ptes_none", "os.max_ptes_none", as_is},
    {"setting.khugepaged_max_ptes_swap", "os.max_ptes_swap", as_is},
    {"setting.khugepaged_max_ptes_shared", "os.max_ptes_shared", as_is},
    {"setting.thp_defrag", "os.thp_defrag", as_is},
    {"setting.zero_page", "os.zero_page", yes_or_no},
    {"setting.thp_use_zero_page", "os.use_zero_page", yes_or_no},
    {"setting.fault_around_bytes", "os.fault_around", as_is},
    {"setting.read_ahead_kb", "os.readahead", kibibytes},
    {"setting.filesystem_magic", "os.write_notify", write_notify},
    {"setting.overcommit_memory", "os.overcommit", overcommit},
    {"setting.overcommit_ratio", "os.overcommit_ratio", as_is},
    {"setting.max_map_count", "os.max_map_count", as_is},
    {"setting.limit_as", "os.limit_as", limit},
    {"setting.limit_data", "os.limit_data", limit},
    {"setting.limit_memlock", "os.limit_memlock", limit},
    {"setting.privileged", "os.privileged", yes_or_no},
    {"setting.dirty_ratio", "os.dirty_ratio", as_is},
    {"setting.dirty_background_ratio", "os.dirty_background_ratio", as_is},
    {"setting.kernel_cmdline", "os.stack_guard_pages", stack_guard_gap},
    {"capture.page_cache", "os.page_cache", has_page_cache},
};

#define N_SETTINGS (sizeof settings / sizeof settings[0])

/* Which kernels give which file systems large folios, up to 2 MiB. */
static bool
large_folios(const struct trace_reader *trace)
{
	const char *magic = trace_provenance(trace, "setting.filesystem_magic");
	unsigned release =
	    release_number(trace_provenance(trace, "kernel.release"));
	uint64_t fs;

	if (!magic || !parse_u64(magic, &fs))
		return false;
	return (fs == EXT4_SUPER_MAGIC && release >= 616) ||
	       (fs == XFS_SUPER_MAGIC && release >= 518);
}

void
recorded_lay(struct conf *c, const struct trace_reader *trace)
{
	char text[VALUE_MAX];

	for (size_t i = 0; i < N_SETTINGS; i++) {
		const struct conf_key *k = conf_key_find(settings[i].key);
		const char *value = trace_provenance(trace, settings[i].from);

		if (k && value && settings[i].translate(k, value, text))
			conf_put(c, k->name, text, RECORDED_ORIGIN, NULL);
	}
	if (large_folios(trace))
		conf_put(c, "os.folio_max", "9", RECORDED_ORIGIN, NULL);
}

char *
recorded_in_force(const struct conf *c)
{
	char *all = xstrdup("");

	for (size_t i = 0; i < c->n; i++) {
		const struct conf_value *v = &c->values[i];
		char *more;

		if (strcmp(v->origin, RECORDED_ORIGIN) != 0)
			continue;
		more = xasprintf("%s%s%s=%s", all, *all ? " " : "", v->name,
				 v->text);
		free(all);
		all = more;
	}
	return all;
}
