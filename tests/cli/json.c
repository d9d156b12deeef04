/* json.c - look into a result, for the tests of the command line.
 *   json FILE PATH    the value at PATH, keys separated by '/', [n] by number
 *   json FILE         the path of every value, array elements as []
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
print_paths(const json_t *j, const char *path)
{
	char longer[512];
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)j, key, value)
	{
		snprintf(longer, sizeof longer, "%s%s%s", path,
			 *path ? "/" : "", key);
		puts(longer);
		print_paths(value, longer);
	}
	for (size_t i = 0; i < json_array_size(j); i++) {
		snprintf(longer, sizeof longer, "%s[]", path);
		print_paths(json_array_get(j, i), longer);
	}
}

static const json_t *
step(const json_t *j, const char *word)
{
	if (json_is_array(j))
		return json_array_get(j, (size_t)atol(word));
	return json_object_get(j, word);
}

int
main(int argc, char **argv)
{
	json_t *root = argc > 1 ? json_load_file(argv[1], 0, NULL) : NULL;
	const json_t *at = root;
	char *save = NULL;

	if (!root)
		return 3;
	if (argc < 3) {
		print_paths(root, "");
	} else {
		for (char *word = strtok_r(argv[2], "/", &save); word && at;
		     word = strtok_r(NULL, "/", &save))
			at = step(at, word);
		if (at)
			json_dumpf(at, stdout,
				   JSON_ENCODE_ANY | JSON_SORT_KEYS);
		putchar('\n');
	}
	json_decref(root);
	return at ? 0 : 1;
}
