/*
 * fuzz_result.c - libFuzzer target: any bytes as a saved result, compared
 * with itself and with a small one.
 *
 * What `diff` writes goes to /dev/null; messages stay on standard error
 * (-close_fd_mask=2 hides them).
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <string.h>

#include "base/err.h"
#include "cmd/cmd.h"
#include "tests/fuzz/input.h"

static const char small[] =
    "{\"schema\":{\"name\":\"pagewalk-result\",\"version\":1},"
    "\"configuration\":{\"os.thp\":\"never\"},\"totals\":{\"cycles\":1}}";

static int
diff(char *a, char *b)
{
	char name[] = "diff", all[] = "--all", json[] = "--json=/dev/null";
	char *argv[] = {name, all, json, a, b, NULL};
	int status = cmd_diff.run(5, argv);

	if (status != 0 && status != 1 && status != ERR_INPUT)
		abort();
	return status;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct memory_file in, other;

	if (!stdout || !freopen("/dev/null", "w", stdout))
		abort();
	memory_file_fill(&in, data, size);
	memory_file_fill(&other, small, strlen(small));
	if (diff(in.path, in.path) == 1)
		abort(); /* it differs from itself */
	diff(in.path, other.path);
	return 0;
}
