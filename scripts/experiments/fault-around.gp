# in: results.csv of fault-around.ini; out: the figure.  SPDX-License-Identifier: GPL-3.0-or-later
set datafile separator comma
set terminal svg size 480,320 font "sans,13" background "white"
set output out
set logscale x 2
set xtics 4
set format x "%.0f"
set xlabel "os.fault\\_around, KiB"
set ylabel "page faults"
set yrange [0:*]
set key top right
set grid
plot for [i = 1:3] t = word("interpreter list sort", i) in using \
    (strcol("trace") eq "../../traces/".t.".pwt" ? column("os.fault_around") / 1024 : NaN):"faults/minor" \
    with linespoints linecolor "black" dashtype i pointtype i + 3 title t
