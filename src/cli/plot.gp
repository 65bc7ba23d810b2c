# The script of --plot, with the name of the image without its suffix for each at sign (template.h). plot.c writes the
# axis of steps before it, and the data of other runs, which are drawn first, to lie behind this one. Long runs cut the other axes to where most of the run lies: the first steps would take all
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
#ifdef OTHERS
# the other runs: as above, solid for training and dashed for validation
array colours[5] = ['#009E73', '#E69F00', '#CC79A7', '#56B4E9', '#999999']
do for [i=1:others] {
    set style line 10+i lc rgb colours[i] lw 1.5 dt 1
    set style line 20+i lc rgb colours[i] lw 1.5 dt 2
}
set key noenhanced
#endif
set key right Left reverse samplen 3
set lmargin 10
set xlabel 'gradient steps'
set format x '%.0f'
set multiplot layout 2,1

set ylabel 'loss (nats per sample)'
set key top
#ifdef CUT
finite(n) = valid(n) && column(n) < 1e30 ? column(n) : 0 # a run that diverged at once has nothing else
stats losses skip 1 using (finite(2)+finite(3)) name 'TRAIN' nooutput
stats history skip 1 using 4 name 'VALIDATION' nooutput
top = TRAIN_median > VALIDATION_median ? TRAIN_median : VALIDATION_median
#ifdef OTHERS
do for [i=1:others] {
    stats '$losses'.i skip 1 using (finite(2)+finite(3)) name 'OTHER' nooutput
    if (OTHER_median > top) { top = OTHER_median }
}
#endif
set yrange [0:2 * top]
#endif
#ifdef WHOLE
set yrange [0:*]
#endif
plot losses skip 1 using 1:($2-$3):($2+$3) with filledcurves ls 1 title '', \
#ifdef OTHERS
     for [i=1:others] sprintf('$losses%d', i) skip 1 using 1:2 with lines ls 10+i title '', \
     for [i=1:others] sprintf('$evaluations%d', i) using 1:2 with lines ls 20+i title '', \
#endif
     losses skip 1 using 1:2 with linespoints ls 1 lw 1 title 'train, mean and deviation', \
#ifdef ALONE
     history using 'step':'validation_loss' with linespoints ls 2 title 'validation'
#endif
#ifdef OTHERS
     history using 'step':'validation_loss' with linespoints ls 2 title 'validation', \
     for [i=1:others] keyentry with lines ls 10+i title names[i]
#endif

set ylabel 'accuracy'
set key bottom
#ifdef CUT
set yrange [*:*] # stats leaves out what is beyond it
stats history skip 1 using 5 name 'ACCURACY' nooutput
bottom = ACCURACY_median
#ifdef OTHERS
do for [i=1:others] {
    stats '$evaluations'.i using 3 name 'OTHER' nooutput
    if (OTHER_median < bottom) { bottom = OTHER_median }
}
#endif
set yrange [(bottom > 0.75 ? 4 * bottom - 3 : 0):1]
#endif
#ifdef WHOLE
set yrange [0:1]
#endif
plot \
#ifdef OTHERS
     for [i=1:others] sprintf('$evaluations%d', i) using 1:3 with lines ls 20+i title '', \
#ifdef TRAIN_EVALUATED
     for [i=1:words(train_evaluated)] sprintf('$evaluations%s', word(train_evaluated, i)) \
         using 1:4 with lines ls 10+word(train_evaluated, i) title '', \
#endif
#endif
#ifdef TRAIN_EVALUATED
     history using 'step':'train_accuracy' with linespoints ls 1 title 'train', \
#endif
#ifdef ALONE
     history using 'step':'validation_accuracy' with linespoints ls 2 title 'validation'
#endif
#ifdef OTHERS
     history using 'step':'validation_accuracy' with linespoints ls 2 title 'validation', \
     for [i=1:others] keyentry with lines ls 20+i title names[i]
#endif
unset multiplot
