/* csv.c - the fault log.  SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/err.h"
#include "report/report.h"
#include "sim/result.h"

bool
fault_log_open(struct fault_log *log, const char *path, struct err *e)
{
	log->seq = 0;
	if (!outfile_open(&log->out, path, e))
		return false;
	fputs("seq,instruction,pid,tid,address,access,mode,present,kind,major,"
	      "cycles\n",
	      log->out.f);
	return true;
}

bool
fault_log_put(struct fault_log *log, const struct fault_record *r,
	      struct err *e)
{
	static const char *const accesses[] = {"read", "write", "exec"};
	static const char *const modes[] = {"user", "kernel"};
	const struct fault *f = r->fault;
	int n = fprintf(log->out.f,
			"%" PRIu64 ",%" PRIu64 ",%" PRIu32 ",%" PRIu32
			",0x%" PRIx64 ",%s,%s,%d,%s,%d,%" PRIu64 "\n",
			log->seq++, r->instruction, r->pid, r->tid, f->va.raw,
			accesses[f->access], modes[f->mode], f->present,
			fault_kind_names[f->kind], f->major, r->cycles);

	if (n < 0)
		return err_set(e, ERR_FAILED, "%s: %s", log->out.path,
			       strerror(errno));
	return true;
}

bool
fault_log_close(struct fault_log *log, struct err *e)
{
	return outfile_commit(&log->out, e);
}

void
fault_log_discard(struct fault_log *log)
{
	outfile_discard(&log->out);
}
