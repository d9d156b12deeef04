/* thread.c - see thread.h.  SPDX-License-Identifier: GPL-3.0-or-later */
#include <signal.h>

#include "base/thread.h"

bool
thread_start(pthread_t *thread, void *(*fn)(void *), void *arg)
{
	sigset_t all, before;
	bool started;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	started = !pthread_create(thread, NULL, fn, arg);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return started;
}
