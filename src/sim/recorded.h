/*
 * recorded.h - the settings of the machine a trace was captured on, as a
 * layer of a run's configuration: above the default machine, below what the
 * user gives.
 *
 * A trace names settings as its machine did (provenance pairs, listed in
 * doc/trace-format.md); a table here says which key each is.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef SIM_RECORDED_H
#define SIM_RECORDED_H

struct conf;
struct trace_reader;

/* What `pagewalk config show` and messages call the place. */
#define RECORDED_ORIGIN "recorded"

/* Lay the settings that the trace has over c.  A value that this program does
 * not understand, or that is beyond its key's range, is passed over: a trace
 * may come from another version. */
void recorded_lay(struct conf *c, const struct trace_reader *trace);

/* "os.kernel=linux-6.18 os.thp=always": those in force in c, "" if none.
 * Release with free(). */
char *recorded_in_force(const struct conf *c);

#endif
