# The script of a sweep's plot, with the name of the image without its suffix for each at sign (template.h).
# sweep_plot.c writes the size and the axis of the metric before BEGIN, and the axis and the data of each panel before
# what draws one. The colours are those of Okabe and Ito.

#ifdef BEGIN
# edit and run: gnuplot '@.gp'
#ifdef SVG
if (!exists('image')) image = '@.svg'
set terminal svg size 560*columns,460*rows+40 font 'DejaVu Sans,14' background 'white'
#endif
#ifdef PNG
if (!exists('image')) image = '@.png'
set terminal pngcairo size 1120*columns,920*rows+80 font 'DejaVu Sans,14' fontscale 2 linewidth 2 background 'white'
#endif
set output image
set encoding utf8
set border 3
set tics nomirror out
set xtics noenhanced
set grid lc rgb '#dddddd' lt 1
set errorbars 0.6
set style line 1 lc rgb '#0072B2' lw 2 pt 7 ps 1.2
set style line 2 lc rgb '#56B4E9' lw 1.5 dt 2
unset key
set lmargin 11
set rmargin 4
set multiplot layout rows,columns title 'mean and standard deviation'
#endif
#ifdef NUMBERS
plot $values using 1:2 with lines ls 2, $values with yerrorbars ls 1
#endif
#ifdef CATEGORIES
plot $values with yerrorbars ls 1
#endif
#ifdef EMPTY
plot NaN
#endif
#ifdef FINISH
unset multiplot
#endif
