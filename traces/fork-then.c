/*
 * fork-then.c - what a child does with the copy that fork made it.
 *
 * fork-then exec: it replaces itself by another program (this one, which then
 * has nothing to do); fork-then write: it writes every page.  The parent has
 * 4 MiB, writes all of it first, has eight children one after the other, and
 * writes all of it again.  doc/tutorial.md compares them.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE     4096
#define PAGES    1024
#define CHILDREN 8

static void
write_all(char *m, char what)
{
	for (long i = 0; i < PAGES; i++)
		m[i * PAGE] = what;
}

static _Noreturn void
child(const char *program, const char *what, char *m)
{
	char *const argv[] = {(char *)program, "nothing", NULL};

	if (!strcmp(what, "exec"))
		execv(program, argv);
	write_all(m, 2);
	_exit(0);
}

int
main(int argc, char **argv)
{
	char *m;

	if (argc != 2)
		return 2;
	if (!strcmp(argv[1], "nothing"))
		return 0;
	m = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (m == MAP_FAILED)
		return 1;
	write_all(m, 1);
	for (int i = 0; i < CHILDREN; i++) {
		pid_t pid = fork();

		if (pid == 0)
			child(argv[0], argv[1], m);
		if (pid < 0 || waitpid(pid, NULL, 0) != pid)
			return 1;
	}
	write_all(m, 3);
	return 0;
}
