# in: results.csv of frames.ini; out: the figure.  SPDX-License-Identifier: GPL-3.0-or-later
set datafile separator comma
set terminal svg size 480,320 font "sans,13" background "white"
set output out
set xlabel "frames"
set ylabel "pages read in"
set yrange [200:1000]
set xtics 40
set key top right
set grid
plot for [i = 1:5] p = word("fifo lru clock random opt", i) in using \
    (strcol("os.reclaim") eq p ? column("os.frames") : NaN):(column("paging/swap_page_ins") + column("paging/file_page_ins")) \
    with linespoints linecolor "black" dashtype i pointtype i + 3 title p
