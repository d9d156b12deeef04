/* test_recorded.c - settings of the traced machine as a layer of a
 * configuration.  SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"
#include "sim/conf.h"
#include "sim/recorded.h"
#include "trace/reader.h"
#include "../tap.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

static char path[] = "/tmp/pagewalk-recorded.XXXXXX";

/* A configuration with only what a trace of these pairs recorded. */
static struct conf *
lay(const char *const (*pairs)[2], unsigned n)
{
	struct err e = {0};
	struct conf *c = conf_new();
	struct trace_writer_options wo = {0};
	struct trace_writer *w = trace_create(path, &wo, pairs, n, &e);
	struct trace_reader *r;

	if (!w || !trace_finish(w, &e) || !(r = trace_open(path, false, &e))) {
		printf("Bail out! %s\n", e.text);
		exit(1);
	}
	recorded_lay(c, r);
	trace_close(r);
	return c;
}

static void
expect(const char *from, const char *value, const char *want)
{
	const char *const pairs[][2] = {{from, value}};
	struct conf *c = lay(pairs, 1);
	char *got = recorded_in_force(c);

	is_str(got, want, "%s = %s", from, value);
	free(got);
	conf_free(c);
}

static void
test_translations(void)
{
	static const char *const rows[][3] = {
	    {"kernel.release", "6.1.0-18-amd64", "os.kernel=linux-6.1"},
	    {"kernel.release", "6.7.12", "os.kernel=linux-6.1"},
	    {"kernel.release", "6.8.0-45-generic", "os.kernel=linux-6.8"},
	    {"kernel.release", "6.17.1", "os.kernel=linux-6.8"},
	    {"kernel.release", "6.18.44", "os.kernel=linux-6.18"},
	    {"kernel.release", "7.0.0", "os.kernel=linux-6.18"},
	    {"kernel.release", "5.10.0", "os.kernel=linux-6.1"},
	    {"kernel.release", "unknown", ""},
	    {"setting.memory", "24681956 kB", "machine.memory=24681956K"},
	    {"setting.limit_as", "unlimited", "os.limit_as=1000T"},
	    {"setting.limit_data", "1048576", "os.limit_data=1048576"},
	    {"setting.limit_memlock", "0", "os.limit_memlock=0"},
	    {"setting.privileged", "1", "os.privileged=yes"},
	    {"setting.privileged", "yes", ""},
	    {"setting.max_map_count", "1048576", "os.max_map_count=1048576"},
	    {"setting.overcommit_ratio", "80", "os.overcommit_ratio=80"},
	    {"setting.dirty_ratio", "40", "os.dirty_ratio=40"},
	    {"setting.memory", "1 kB", ""},
	    {"setting.memory", "12 MB", ""},
	    {"setting.swap", "0 kB", "os.swap=0K"},
	    {"setting.thp_enabled", "always", "os.thp=always"},
	    {"setting.thp_enabled", "perhaps", ""},
	    {"setting.zero_page", "0", "os.zero_page=no"},
	    {"setting.thp_use_zero_page", "0", "os.use_zero_page=no"},
	    {"setting.thp_use_zero_page", "yes", ""},
	    {"setting.meltdown", "Mitigation: PTI", "cpu.kpti=yes"},
	    {"setting.meltdown", "Not affected", "cpu.kpti=no"},
	    {"setting.nr_hugepages", "20", "os.nr_hugepages=20"},
	    {"setting.nr_hugepages", "many", ""},
	    {"setting.overcommit_memory", "2", "os.overcommit=strict"},
	    {"setting.overcommit_memory", "3", ""},
	    {"setting.swappiness", "10", "os.swappiness=10"},
	    {"setting.swappiness", "-1", ""},
	    {"setting.read_ahead_kb", "8192", "os.readahead=8192K"},
	    {"setting.fault_around_bytes", "16384", "os.fault_around=16384"},
	    {"setting.filesystem_magic", "0xef53", "os.write_notify=yes"},
	    {"setting.filesystem_magic", "0x858458f6", "os.write_notify=no"},
	    {"setting.kernel_cmdline", "nopti stack_guard_gap=64",
	     "os.stack_guard_pages=64"},
	    {"setting.kernel_cmdline", "my_stack_guard_gap=64", ""},
	    {"capture.page_cache", "folios", "os.page_cache=recorded"},
	    {"setting.unheard_of", "1", ""},
	};

	for (size_t i = 0; i < N(rows); i++)
		expect(rows[i][0], rows[i][1], rows[i][2]);
}

static void
test_layers(void)
{
	static const char *const pairs[][2] = {
	    {"kernel.release", "6.18.44"},
	    {"setting.filesystem_magic", "0xef53"},
	    {"setting.thp_enabled", "always"},
	    {"setting.swappiness", "10"}};
	struct conf *c = lay(pairs, N(pairs));
	struct conf_resolved r;
	struct err e = {0};
	char *used;

	ok(conf_set(c, "os.thp=never", "--set", &e), "the user says otherwise");
	ok(conf_resolve(c, &r, &e), "all of it is accepted: %s", e.text);
	is_u64(r.os.kernel, 618, "recorded");
	is_u64(r.os.thp, THP_NEVER, "the user's");
	used = recorded_in_force(c);
	is_str(used,
	       "os.kernel=linux-6.18 os.swappiness=10 "
	       "os.write_notify=yes os.folio_max=9",
	       "what is overruled is not in force");
	free(used);
	conf_free(c);
}

int
main(void)
{
	int fd = mkstemp(path);

	if (fd < 0)
		return 1;
	close(fd);
	test_translations();
	test_layers();
	unlink(path);
	return done_testing();
}
