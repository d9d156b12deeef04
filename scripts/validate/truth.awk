# truth.awk - what perf recorded, as lines for faultdiff.
# Input: perf script --show-task-events --show-mmap-events
#	-F pid,tid,event,ip,trace
# Output, in order:
#	X PID NAME		PID became program NAME
#	C PARENT CHILD		a process was forked
#	M PID START END PERMS PATH
#	F PID TID u|k ADDRESS IP ERROR_CODE	a page fault, numbers in hex
#	L N			N events were lost
# SPDX-License-Identifier: GPL-3.0-or-later
function ids(s) { split(s, id, "/"); pid = id[1]; tid = id[2] }
function after(key,  s) {
	if (!match($0, key "=[^ ]+"))
		return "?"
	s = substr($0, RSTART + length(key) + 1, RLENGTH - length(key) - 1)
	sub(/^0x/, "", s)
	return s
}
/PERF_RECORD_COMM exec/ {
	s = $0
	sub(/.*PERF_RECORD_COMM exec: /, "", s)
	name = s
	sub(/:[0-9]+\/[0-9]+ *$/, "", name)
	sub(/.*:/, "", s)
	ids(s)
	print "X", pid, name
	next
}
/PERF_RECORD_FORK/ {
	s = $0
	gsub(/.*PERF_RECORD_FORK|[():]/, " ", s)
	split(s, w, " ")
	if (w[1] == w[2])
		print "C", w[3], w[1]
	next
}
/PERF_RECORD_MMAP2/ {
	s = $0
	sub(/.*PERF_RECORD_MMAP2 /, "", s)
	ids(s)
	sub(/^[^[]*\[0x/, "", s)
	start = s
	sub(/\(.*/, "", start)
	len = s
	sub(/^[^(]*\(0x/, "", len)
	sub(/\).*/, "", len)
	sub(/^[^]]*\]: /, "", s)
	perms = s
	sub(/ .*/, "", perms)
	sub(/^[^ ]+ /, "", s)
	print "M", pid + 0, start, len, perms, s
	next
}
/PERF_RECORD_LOST/ { lost++; next }
/exceptions:page_fault_(user|kernel):/ {
	split($1, id, "/")
	print "F", id[1], id[2], /page_fault_user/ ? "u" : "k", \
	    after("address"), after("ip"), after("error_code")
}
END { if (lost) print "L", lost }
