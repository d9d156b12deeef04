#!/bin/sh
# t0003-completion.t - what the shell offers.
# SPDX-License-Identifier: GPL-3.0-or-later
. "$top_srcdir/tests/cli/tap.sh"

complete() {
	"$PAGEWALK" --complete "$@" | sort | tr '\n' ' ' | sed 's/ $//'
}

is "commands that begin so" "$(complete ca)" "capture"
like "all commands" "$(complete "")" "config .*plot .*run"
like "options" "$(complete run --s)" "^--set --simpoints --skip$"
is "presets after -c" "$(complete run -c intel-sk)" "intel-skylake"
is "presets after --config" "$(complete run x --config tea)" "teaching"
is "keys after --set" "$(complete run --set tlb.stlb.en)" \
    "tlb.stlb.entries="
is "values of a choice" "$(complete run --set os.thp=)" \
    "os.thp=always os.thp=madvise os.thp=never"
is "actions of config" "$(complete config d)" "describe"
like "its words" "$(complete config describe tea)" "teaching"
is "a command that is not there" "$(complete nothing x)" ""

if command -v bash >/dev/null; then
	cat >drive.bash <<'END'
. "$1"
compopt() { :; }
PATH=$2:$PATH
for line in "pagewalk ca" "pagewalk run -c intel-sk" "pagewalk run --set os.thp=n"; do
	COMP_LINE=$line COMP_POINT=${#line}
	_pagewalk
	echo "${COMPREPLY[*]}"
done
END
	out=$(bash drive.bash "$top_srcdir/completion/pagewalk" \
	    "$(dirname "$PAGEWALK")" | tr '\n' '/')
	is "the bash function" "$out" "capture/intel-skylake/never/"
else
	skip "the bash function" "bash is not installed"
fi
done_testing
