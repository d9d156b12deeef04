# in: the CSV of `pagewalk curve`; out: the figure.  SPDX-License-Identifier: GPL-3.0-or-later
set datafile separator comma
set terminal svg size 720,300 font "sans,13" background "white"
set output out
set logscale x 2
set logscale y 10
set format x "%.0f"
set format y "10^{%T}"
set xtics 8
set xlabel "entries"
set key bottom left
set grid
set multiplot layout 1,2
do for [s in "instruction data"] {
	set title s
	set ylabel "miss ratio"
	plot for [i=1:3] in using \
	    (strcol("side") eq s && column("page_bytes") == 4096 * 2**(i == 1 ? 0 : i == 2 ? 4 : 9) ? column("entries") : NaN):"miss_ratio" \
	    with linespoints linecolor "black" dashtype i pointtype 2 * i + 1 pointsize 0.6 \
	    title word("4K 64K 2M", i)
}
