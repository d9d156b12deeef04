/*
 * capture_gate.c - seccomp filter and listener around a captured program.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "trace/capture_gate.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/xalloc.h"

/* Newer than the headers of Debian 12's libc. */
#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif
#ifndef SECCOMP_ADDFD_FLAG_SEND
#define SECCOMP_ADDFD_FLAG_SEND (1UL << 1)
#endif

#define LOAD(field) \
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define ARG_LOW(n) LOAD(args[n]) /* little-endian: the low half comes first */
#define IF_EQ(k, yes, no) \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(k), yes, no)
#define IF_SET(k, yes, no) \
	BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, (uint32_t)(k), yes, no)
#define RETURN(k)     BPF_STMT(BPF_RET | BPF_K, (k))
#define HOLD_CALL(nr) IF_EQ(nr, 0, 1), RETURN(SECCOMP_RET_USER_NOTIF)

/* Held: creating a file with open(2), as Valgrind does its log; whatever
 * ends a descriptor or an image; what maps a file or changes its length; the
 * vectors of readv(2) and its like, whose contents the log does not have. */
static const struct sock_filter filter[] = {
    LOAD(arch),
    IF_EQ(AUDIT_ARCH_X86_64, 1, 0),
    RETURN(SECCOMP_RET_ALLOW),
    LOAD(nr),
    HOLD_CALL(SYS_close),
    HOLD_CALL(SYS_close_range),
    HOLD_CALL(SYS_ftruncate),
    HOLD_CALL(SYS_fallocate),
    HOLD_CALL(SYS_dup2),
    HOLD_CALL(SYS_dup3),
    HOLD_CALL(SYS_execve),
    HOLD_CALL(SYS_execveat),
    HOLD_CALL(SYS_exit_group),
    HOLD_CALL(SYS_readv),
    HOLD_CALL(SYS_writev),
    HOLD_CALL(SYS_preadv),
    HOLD_CALL(SYS_pwritev),
    HOLD_CALL(SYS_preadv2),
    HOLD_CALL(SYS_pwritev2),
    HOLD_CALL(SYS_sendmsg),
    HOLD_CALL(SYS_recvmsg),
    HOLD_CALL(SYS_sendmmsg),
    HOLD_CALL(SYS_recvmmsg),
    HOLD_CALL(SYS_vmsplice),
    HOLD_CALL(SYS_process_vm_readv),
    HOLD_CALL(SYS_process_vm_writev),
    /* mmap with a descriptor */
    IF_EQ(SYS_mmap, 0, 3),
    ARG_LOW(4),
    IF_EQ(-1, 5, 0),
    RETURN(SECCOMP_RET_USER_NOTIF),
    /* open(..., O_CREAT) */
    IF_EQ(SYS_open, 0, 3),
    ARG_LOW(1),
    IF_SET(O_CREAT, 0, 1),
    RETURN(SECCOMP_RET_USER_NOTIF),
    RETURN(SECCOMP_RET_ALLOW),
};

static int
install_filter(void)
{
	struct sock_fprog prog = {.len = sizeof(filter) / sizeof(filter[0]),
				  .filter = (struct sock_filter *)filter};
	unsigned flags = SECCOMP_FILTER_FLAG_NEW_LISTENER |
			 SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;

	for (int attempt = 0; attempt < 4; attempt++) {
		long fd =
		    syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &prog);

		if (fd >= 0)
			return (int)fd;
		if (errno == EACCES) /* not root */
			prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		else if (errno == EINVAL) /* before Linux 5.19 */
			flags = SECCOMP_FILTER_FLAG_NEW_LISTENER;
		else
			break;
	}
	return -1;
}

/* What the child says about itself before it runs the program. */
struct hello {
	int listener; /* its number there, or -1 */
	int error;
};

_Noreturn static void
child(char *const *argv, const sigset_t *mask, int report, int go)
{
	struct hello h = {0};
	char c;

	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	sigprocmask(SIG_SETMASK, mask, NULL);
	h.listener = install_filter();
	h.error = errno;
	if (write(report, &h, sizeof(h)) != sizeof(h) || h.listener < 0 ||
	    read(go, &c, 1) != 1)
		_exit(127);
	execv(argv[0], argv);
	_exit(126);
}

static bool
take_listener(struct gate *g, pid_t pid, int report, struct err *e)
{
	struct hello h = {.listener = -1};
	int pidfd;

	if (read(report, &h, sizeof(h)) != sizeof(h) || h.listener < 0)
		return err_set(e, ERR_FAILED,
			       "cannot watch the program's system calls: %s "
			       "(seccomp user notification, Linux 5.14 or "
			       "later, not forbidden by a container)",
			       strerror(h.error));
	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	g->listener = pidfd < 0
			  ? -1
			  : (int)syscall(SYS_pidfd_getfd, pidfd, h.listener, 0);
	if (g->listener < 0)
		err_set(e, ERR_FAILED, "cannot take the listener: %s",
			strerror(errno));
	if (pidfd >= 0)
		close(pidfd);
	return g->listener >= 0;
}

static void
allocate_request(struct gate *g)
{
	struct seccomp_notif_sizes sizes = {0};

	syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes);
	g->request_bytes = sizes.seccomp_notif;
	if (g->request_bytes < sizeof(struct seccomp_notif))
		g->request_bytes = sizeof(struct seccomp_notif);
	g->request = xcalloc(1, g->request_bytes);
}

pid_t
gate_launch(struct gate *g, char *const *argv, const sigset_t *mask,
	    struct err *e)
{
	int report[2], go[2];
	pid_t pid;

	g->listener = -1;
	if (pipe2(report, O_CLOEXEC) || pipe2(go, O_CLOEXEC)) {
		err_set(e, ERR_FAILED, "pipe: %s", strerror(errno));
		return -1;
	}
	pid = fork();
	if (pid == 0)
		child(argv, mask, report[1], go[0]);
	close(report[1]);
	close(go[0]);
	if (pid < 0) {
		err_set(e, ERR_FAILED, "fork: %s", strerror(errno));
	} else if (!take_listener(g, pid, report[0], e)) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		pid = -1;
	} else {
		allocate_request(g);
		if (write(go[1], "", 1) != 1)
			BUG("a pipe of ours is broken");
	}
	close(report[0]);
	close(go[1]);
	return pid;
}

void
gate_close(struct gate *g)
{
	if (g->listener >= 0)
		close(g->listener);
	free(g->request);
	*g = (struct gate){.listener = -1};
}

bool
gate_next(struct gate *g, struct gate_call *call)
{
	struct pollfd p = {.fd = g->listener, .events = POLLIN};

	if (poll(&p, 1, 0) != 1 || !(p.revents & POLLIN))
		return false;
	memset(g->request, 0, g->request_bytes);
	if (ioctl(g->listener, SECCOMP_IOCTL_NOTIF_RECV, g->request))
		return false; /* it was killed meanwhile */
	call->id = g->request->id;
	call->tid = g->request->pid;
	call->nr = (uint32_t)g->request->data.nr;
	for (int i = 0; i < 6; i++)
		call->args[i] = g->request->data.args[i];
	return true;
}

bool
gate_valid(const struct gate *g, uint64_t id)
{
	return ioctl(g->listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0;
}

void
gate_pass(const struct gate *g, uint64_t id)
{
	struct seccomp_notif_resp resp = {
	    .id = id, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE};

	ioctl(g->listener, SECCOMP_IOCTL_NOTIF_SEND, &resp);
}

bool
gate_give(const struct gate *g, uint64_t id, int fd, int target)
{
	struct seccomp_notif_addfd add = {
	    .id = id,
	    .flags = SECCOMP_ADDFD_FLAG_SETFD | SECCOMP_ADDFD_FLAG_SEND,
	    .srcfd = (uint32_t)fd,
	    .newfd = (uint32_t)target,
	    .newfd_flags = O_CLOEXEC,
	};

	return ioctl(g->listener, SECCOMP_IOCTL_NOTIF_ADDFD, &add) >= 0;
}
