/*
 * files.c - which file a descriptor or a mapping stands for.
 *
 * A file is announced (VGR_FILE) before its first use; afterwards its device
 * and inode name it.  The consumer looks at what of it is in the page cache
 * then, and before it is first mapped; the program waits for that.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "arch/event.h"
#include "vgtool/pw.h"
#include <pub_tool_libcbase.h>
#include <pub_tool_libcfile.h>
#include <pub_tool_libcprint.h>
#include <pub_tool_mallocfree.h>

#define PATH_MOST 4096

/* Files announced: a hash table, open addressing, never over half full. */
struct known {
	ULong dev, ino;
	Bool told, mapped;
};
static struct known *known;
static UInt n_known, cap_known;

static struct known *
find(ULong dev, ULong ino)
{
	UInt i = (UInt)((dev * 31 + ino) * 0x9e3779b97f4a7c15u >> 32);

	for (;; i++) {
		struct known *k = &known[i & (cap_known - 1)];

		if ((!k->dev && !k->ino) || (k->dev == dev && k->ino == ino))
			return k;
	}
}

static void
grow(void)
{
	struct known *old = known;
	UInt i, n = cap_known;

	cap_known = n ? n * 2 : 256;
	known = VG_(calloc)("pw.files", cap_known, sizeof *known);
	for (i = 0; i < n; i++)
		if (old[i].dev || old[i].ino)
			*find(old[i].dev, old[i].ino) = old[i];
	if (old)
		VG_(free)(old);
}

static struct known *
know(ULong dev, ULong ino)
{
	struct known *k;

	if (n_known * 2 >= cap_known)
		grow();
	k = find(dev, ino);
	if (!k->dev && !k->ino) {
		*k = (struct known){.dev = dev, .ino = ino};
		n_known++;
	}
	return k;
}

/* Tell of the file, if that has not been done or it is to be mapped. */
static void
announce(const struct vg_stat *st, const HChar *path, Int fd, Bool maps)
{
	struct known *k = know(st->dev, st->ino);
	UInt n = (UInt)VG_(strlen)(path);
	struct vgr_file *f;

	if (k->told && (k->mapped || !maps))
		return;
	k->told = True;
	k->mapped |= maps;
	if (n > PATH_MOST)
		n = PATH_MOST;
	f = ring_record(VGR_FILE, sizeof *f + n, False);
	f->dev = st->dev;
	f->inode = st->ino;
	f->rdev = st->rdev;
	f->size = (ULong)st->size;
	f->mode = st->mode;
	f->path_bytes = n;
	f->fd = fd;
	f->mapped = maps;
	VG_(memcpy)(f + 1, path, n);
	ring_commit();
	if (VKI_S_ISREG(st->mode))
		ring_sync();
}

/* What /proc says the descriptor is: a path, or "pipe:[123]". */
static const HChar *
name_of_fd(Int fd)
{
	static HChar name[PATH_MOST + 1];
	HChar link[32];
	SSizeT n;

	VG_(sprintf)(link, "/proc/self/fd/%d", fd);
	n = VG_(readlink)(link, name, PATH_MOST);
	name[n > 0 ? n : 0] = '\0';
	return name;
}

Bool
file_of_fd(Int fd, struct file_ref *ref, Bool maps)
{
	struct vg_stat st;
	SysRes flags;
	Off64T pos = -1;

	if (fd < 0 || VG_(fstat)(fd, &st) != 0)
		return False;
	announce(&st, name_of_fd(fd), fd, maps);
	flags = SYSCALL(__NR_fcntl, fd, VKI_F_GETFL, 0, 0, 0, 0);
	if (VKI_S_ISREG(st.mode))
		pos = VG_(lseek)(fd, 0, VKI_SEEK_CUR);
	ref->dev = st.dev;
	ref->inode = st.ino;
	ref->size = (ULong)st.size;
	ref->pos = pos < 0 ? 0 : (ULong)pos;
	ref->flags = sr_isError(flags) ? 0 : (UInt)sr_Res(flags);
	if (VKI_S_ISREG(st.mode) && !st.nlink)
		ref->flags |= FILE_NAMELESS;
	return True;
}

/* The file of a mapping; its size now.  Mappings name devices as the kernel's
 * maps do, which stat(2) does not on every file system. */
Bool
file_of_path(const HChar *path, ULong ino, struct file_ref *ref)
{
	struct vg_stat st;

	if (!path || sr_isError(VG_(stat)(path, &st)) || st.ino != ino)
		return False;
	announce(&st, path, -1, False);
	*ref = (struct file_ref){
	    .dev = st.dev, .inode = st.ino, .size = (ULong)st.size};
	return True;
}

/* A System V segment: its number in place of an inode, on a device that
 * stands for them all. */
Bool
file_of_shm(Int shmid, struct file_ref *ref)
{
	struct vki_shmid64_ds ds;
	struct vg_stat st = {.dev = VGR_SYSV_DEV, .ino = (ULong)shmid};
	HChar path[32];

	if (sr_isError(SYSCALL(__NR_shmctl, shmid, VKI_IPC_STAT, &ds, 0, 0, 0)))
		return False;
	st.size = (Long)ds.shm_segsz;
	VG_(sprintf)(path, "/SYSV%d", shmid);
	announce(&st, path, -1, False);
	*ref = (struct file_ref){
	    .dev = st.dev, .inode = st.ino, .size = (ULong)st.size};
	return True;
}
