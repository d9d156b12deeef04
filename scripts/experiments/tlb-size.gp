# in: results.csv of tlb-size.ini; out: the figure.  SPDX-License-Identifier: GPL-3.0-or-later
set datafile separator comma
set terminal svg size 720,300 font "sans,13" background "white"
set output out
set logscale x 2
set xtics 4
set xlabel "entries of the second-level TLB"
set ylabel "misses per 1000 instructions"
set format x "%.0f"
set key top right
set grid
set multiplot layout 1,2
do for [t in "interpreter sort"] {
	set title t
	plot for [w in "4 8 16"] in using \
	    (strcol("trace") eq "../../traces/".t.".pwt" && strcol("tlb.stlb.ways") eq w ? column("tlb.stlb.entries") : NaN):(column("stlb_misses") / column("instructions") * 1000) \
	    with linespoints linecolor "black" dashtype int(w) / 4 pointtype int(w) / 4 + 3 title w." ways"
}
