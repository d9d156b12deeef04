#!/bin/sh
# import-seeds.sh DIR - other tools' traces for fuzz_import to begin with.
# A name is FORMAT.WHAT; "any": the format is to be found out.
# SPDX-License-Identifier: GPL-3.0-or-later
. "$(dirname "$0")/seeds.sh"

# champsim IP LOAD STORE: one record.
champsim() {
	le8 "$1"
	le 4 0 0
	le8 "$3" 0 "$2" 0 0 0
}

# record TYPE SIZE ADDRESS: drmemtrace's.
record() {
	le 2 "$1" "$2"
	le8 "$3"
}

start() {
	record 25 0 7
	record 28 12 7
	record 22 0 71
	record 24 0 70
	record 28 2 100
}

# packet COMMAND: a message of gem5 to address 0x4010.
packet() {
	le 1 10 8 5 16 "$1" 24 0x90 0x80 1 32 8
}

gem5() {
	le 4 0x356d6567
	le 1 5 10 3 0x63 0x70 0x75
}

seed lackey.plain good "an instruction, a load, a modify, a store" <<END
I  04001000,3
 L 1ffe0000,8
I  04001003,2
 M 1ffe0ffc,8
 S 1ffe0010,8
END
seed lackey.mixed good "the program's output between, and a system call" <<END
==12== Lackey, an example Valgrind tool
hello L 1ffe0000
I  04001000,3
SYSCALL[7,1](9) sys_mmap ( 0x0, 8192, 3, 34, -1, 0 ) --> [pre-success] Success(0x4a00000)
--7--   SCHED[2]:  acquired lock (x)
I  04001003,2
 L 04a00000,8
END
printf 'hello\nworld\n' | seed lackey.none bad "output without a reference"
printf '2 401000\n0 0x7f03 more\n1 7f04\n4 7f0c\n' |
	seed din.plain good "all labels that are references"
printf '2 401000\n7 1000\n' | seed din.label bad "a label that does not exist"
printf '0 11112222333344445\n' | seed din.address bad "more than 64 bits"
printf 'i 401000 3\nr 7f00 8 x\nw 7f08 1f\n' | seed xdin.plain good "extended"
printf 'r 7f00 0\n' | seed xdin.size bad "a reference of no bytes"
{
	le 4 0x401000
	le 2 4 2
	le 4 0x8000
	le 2 8 0
} | seed dinb.plain good "a fetch and a load"
le 4 0x401000 | seed dinb.cut bad "half a record"
{
	champsim 0x401000 0x8000 0x9000
	champsim 0x401004 0x8008 0
} | seed champsim.plain good "two instructions"
champsim 0x401000 0x8000 0x9000 | head -c 50 |
	seed champsim.cut bad "a record cut off"
{
	le8 0x401000
	le 2 0x0707
	le 6 0
	le8 0 0 0 0 0 0
} | seed champsim.branch bad "a branch flag of 7"
{
	le8 0x401000
	le8 0 0 0x9000 0 0 0 0x8000 0 0 0 0
} | seed cloudsuite.plain good "one instruction, 96 bytes"
{
	start
	record 10 3 0x401000
	record 0 8 0x7000
	record 28 25 9
	record 28 27 9
	record 10 3 0x601000
	record 28 28 9
	record 48 2 0x401003
	record 1 4 0x7f0000001000
	record 17 2 0x0403
	record 23 0 71
	record 26 0 0
} | seed drmemtrace.plain good "a thread, a system call, kernel code, a bundle"
{
	start
	record 200 0 0
} | seed drmemtrace.type bad "a record of an unknown type"
{
	start
	record 10 60000 0x401000
} | seed drmemtrace.size bad "an instruction of 60000 bytes"
le8 0 0 | seed drmemtrace.raw unsupported "the raw form, before raw2trace"
{
	gem5
	packet 1
	packet 4
} | seed gem5.plain good "a read and a write"
{
	gem5
	le 7 0xffffffffffffff 0xffffffffffffff
} | seed gem5.length bad "a message of endless length"
{
	gem5
	packet 7
} | seed gem5.commands unsupported "commands that neither read nor write"
printf '0x401000: R 0x7000\n0x401004: W 0x7008\n#eof\n' |
	seed pinatrace.plain good "a load and a store"
printf '0x401000: X 0x7000\n' | seed pinatrace.kind bad "neither R nor W"
printf 'R 0x1000\nW 2000 4\n# note\n' | seed rw.plain good "with a comment"
printf 'R 1000\nR 10zz\n' | seed rw.junk bad "an address with junk"
printf '1 2, 3*\n0x10:w;2 # end\n' | seed pages.plain good "a page string"
printf '99999999999999\n' | seed pages.far bad "a page beyond all"
printf '1 2\n3 four\n' | seed pages.junk bad "a word"
seed perf-mem.plain good "two samples" <<END
# PID, TID, IP, ADDR, LOCAL WEIGHT, DSRC, SYMBOL
42,43,0x401000,0x7000,7,0x68100142,prog:f(int, int)
42,43,0x401008,0x8000,300,0x80000024,prog:g
END
seed perf-mem.spaces unsupported "made without -x," <<END
# PID, TID, IP, ADDR, LOCAL WEIGHT, DSRC, SYMBOL
 42 43 0x01600000000000401000 0x0160000000000007000 7
END
printf '    43   100.000123:             7000     12     401000\n' |
	seed perf-script.plain good "one sample"
printf 'prog 43 100.000123: 7000\n' |
	seed perf-script.fields unsupported "made with other fields"
gzip -cn <"$dir/lackey.plain" | seed any.gz good "packed with gzip"
gzip -cn <"$dir/lackey.plain" | head -c 40 |
	seed any.gzcut bad "packed with gzip, cut off"
{
	le 4 0x04034b50
	le 2 20 0 0
	le 4 0
	le 4 0 31 31
	le 2 1 0
	printf 'aI  04001000,3\nI  04001003,3\n12'
} | seed any.zipsum bad "a zip archive, a member with a wrong checksum"
{
	le 4 0x04034b50
	le 2 20 1 0
	le 4 0
	le 4 0 5 5
	le 2 1 0
	printf 'ahello'
} | seed any.zipcrypt unsupported "a zip archive, encrypted"
seed any.empty bad "nothing" </dev/null
printf 'Once upon a time\n' | seed any.prose unsupported "of no known format"
printf '0 1000\n2 2000\n' | seed any.two unsupported "of several formats"
