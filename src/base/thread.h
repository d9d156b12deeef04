/* thread.h - threads that signals pass by.  SPDX-License-Identifier:
 * GPL-3.0-or-later */
#ifndef BASE_THREAD_H
#define BASE_THREAD_H

#include <pthread.h>
#include <stdbool.h>

/* Start fn(arg); signals stay with the threads there are.  False: there can be
 * no thread. */
bool thread_start(pthread_t *thread, void *(*fn)(void *), void *arg);

#endif
