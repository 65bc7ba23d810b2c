# The look of every figure: colours that colour-blind readers tell apart (Okabe and Ito). Validation is drawn with
# lines, training with dashes. A figure shows the mean over five seeds, as long as all of them train, in a band of one
# standard deviation.
set datafile separator comma
set datafile missing ""
set encoding utf8
set key top right Left reverse samplen 2.5 spacing 1.1
set grid lc rgb "#dddddd" lt 1
set border 3
set tics nomirror out
set xlabel "gradient steps"
set format x "%'.0f"
array colour[6] = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"]
set style fill transparent solid 0.12 noborder
set terminal svg size 820,540 font 'DejaVu Sans,20' background 'white'

# Parts of a plot command, for `eval "plot ".part.", ".part`. item: folder; n: which colour; text: in the key.
bold(n) = sprintf("lc rgb '%s' lw 2.5 dt 1", colour[n])
dashed(n) = sprintf("lc rgb '%s' lw 2.5 dt (12,6)", colour[n])

# Training loss, bold: mean over 125 steps, which is from one evaluation to the next; thin: mean over 10 steps.
# look: bold(n), or dashed(n) beside validation.
train_loss(item, n, look, text) = sprintf("'../%s/loss.csv' using 'step':($2-$3):($2+$3) with filledcurves lc rgb '%s' notitle, \
    '' using 'step':'mean' with lines lc rgb '#A0%s' lw 0.7 notitle, \
    '' skip 1 using (125*floor($1/125)+62.5):2 smooth unique with lines %s title '%s'", \
    item, colour[n], colour[n][2:], look, text)

# measure: loss or accuracy.
validation(item, measure, n, text) = sprintf("'../%s/curves.csv' \
    using 'step':(column('validation_%s')-column('validation_%s_deviation')):(column('validation_%s')+column('validation_%s_deviation')) \
    with filledcurves lc rgb '%s' notitle, '' using 'step':'validation_%s' with lines %s title '%s'", \
    item, measure, measure, measure, measure, colour[n], measure, bold(n), text)

# Of the first seed alone.
train_accuracy(item, n, text) = sprintf("'../%s/curves.csv' using 'step':'train_accuracy' with lines %s title '%s'", \
    item, dashed(n), text)

# Lowest loss by learning rate, of the runs in sweeps/NAME.csv that a condition holds for: their mean, and each run.
swept(name, condition, rate, n, text) = sprintf("'%s.csv' using (%s ? %s : NaN):'best_validation_loss' \
    with points pt 7 ps 0.35 lc rgb '#90%s' notitle, '' using (%s ? %s : NaN):'best_validation_loss' smooth unique \
    with linespoints pt 7 ps 0.7 %s title '%s'", name, condition, rate, colour[n][2:], condition, rate, bold(n), text)
