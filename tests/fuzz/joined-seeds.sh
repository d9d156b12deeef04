#!/bin/sh
# joined-seeds.sh DIR - mappings (maps.*) and logs of system calls (log.*) for
# fuzz_joined to begin with.  SPDX-License-Identifier: GPL-3.0-or-later
. "$(dirname "$0")/seeds.sh"

seed maps.plain good "a file, a stack, the kernel's page" <<END
00400000-00402000 r-xp 00001000 08:01 77   /bin/x y
7ffe0000-7fff0000 rw-p 00000000 00:00 0    [stack]
ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0 [vsyscall]
END
echo '00400000-00402000 r-xp junk' | seed maps.junk bad "fields missing"
seed maps.order bad "not in order" <<END
00402000-00403000 r-xp 0 08:01 77 /a
00400000-00402000 r-xp 0 08:01 77 /a
END
echo '00400001-00402000 r-xp 0 08:01 77 /a' | seed maps.odd bad "half a page"
seed log.strace good "a file opened, mapped by a split call, closed" <<'END'
100 brk(NULL) = 0x555000
100 openat(AT_FDCWD, "/lib/a\"b", O_RDONLY) = 3
100 newfstatat(3, "", {st_mode=S_IFREG|0644, st_size=9000, ...}, AT_EMPTY_PATH) = 0
100 mmap(NULL, 8192, PROT_READ, MAP_PRIVATE, 3, 0 <unfinished ...>
101 +++ exited with 0 +++
100 <... mmap resumed>) = 0x7f0000001000
100 close(3) = 0
100 munmap(0x7f0000001000, 8192) = 0 <0.00001>
END
seed log.threads good "threads and a child" <<END
[pid  9] 12:00:00.1 brk(NULL) = 0x555000
[pid  9] 12:00:00.1 clone(child_stack=NULL, flags=SIGCHLD) = 200
[pid 10] 12:00:00.2 munmap(0x1000, 4096) = 0
[pid  9] 12:00:00.3 mremap(0x7000, 4096, 8192, MREMAP_MAYMOVE) = 0x9000
END
echo 'mmap(NULL, 8192, PROT_NEW, 2, -1, 0) = 0x7000' |
	seed log.flag unsupported "a flag without a number"
echo 'mmap(NULL, 8192' | seed log.cut bad "a call cut off"
echo 'nothing' | seed log.none bad "no system call"
