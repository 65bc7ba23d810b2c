# The script of --plot, with the name of the image without its suffix for each at sign (template.h). plot.c writes the
# axis of steps before it. Long runs cut the other axes to where most of the run lies: the first steps would take all
# the room. The colours are those of Okabe and Ito, and each has a dash pattern of its own.

# edit and run: gnuplot '@.gp'
history = '@.csv'
losses = '@-loss.csv'
#ifdef SVG
if (!exists('image')) image = '@.svg'
set terminal svg size 900,1000 font 'DejaVu Sans,14' background 'white'
#endif
#ifdef PNG
if (!exists('image')) image = '@.png'
set terminal pngcairo size 1800,2000 font 'DejaVu Sans,14' fontscale 2 linewidth 2 background 'white'
#endif
set output image
set datafile separator comma
set datafile missing ''
set encoding utf8
set border 3
set tics nomirror out
set grid lc rgb '#dddddd' lt 1
set style fill solid 0.25 noborder
set style line 1 lc rgb '#0072B2' lw 2.5 dt 1 pt 7 ps 0.3
set style line 2 lc rgb '#D55E00' lw 2.5 dt 2 pt 7 ps 0.3
set key right Left reverse samplen 3
set lmargin 10
set xlabel 'gradient steps'
set format x '%.0f'
set multiplot layout 2,1

set ylabel 'loss (nats per sample)'
set key top
#ifdef CUT
stats losses skip 1 using ($2+$3) name 'TRAIN' nooutput
stats history skip 1 using 4 name 'VALIDATION' nooutput
set yrange [0:2 * (TRAIN_median > VALIDATION_median ? TRAIN_median : VALIDATION_median)]
#endif
#ifdef WHOLE
set yrange [0:*]
#endif
plot losses skip 1 using 1:($2-$3):($2+$3) with filledcurves ls 1 title '', \
     losses skip 1 using 1:2 with linespoints ls 1 lw 1 title 'train, mean and deviation', \
     history using 'step':'validation_loss' with linespoints ls 2 title 'validation'

set ylabel 'accuracy'
set key bottom
#ifdef CUT
set yrange [*:*] # stats leaves out what is beyond it
stats history skip 1 using 5 name 'ACCURACY' nooutput
set yrange [(ACCURACY_median > 0.75 ? 4 * ACCURACY_median - 3 : 0):1]
#endif
#ifdef WHOLE
set yrange [0:1]
#endif
#ifdef TRAIN_EVALUATED
plot history using 'step':'validation_accuracy' with linespoints ls 2 title 'validation', \
     history using 'step':'train_accuracy' with linespoints ls 1 title 'train'
#endif
#ifdef VALIDATION_ONLY
plot history using 'step':'validation_accuracy' with linespoints ls 2 title 'validation'
#endif
unset multiplot
