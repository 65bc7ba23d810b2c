# The look of every figure: colours that colour-blind readers tell apart (Okabe and Ito), each with a dash pattern
# of its own, so that a grey print can be read too.
set datafile separator comma
set datafile missing ""
set encoding utf8
set key top right Left reverse samplen 4 spacing 1.15
set grid lc rgb "#dddddd" lt 1
set border 3
set tics nomirror out
set xlabel "gradient steps"
set format x "%'.0f"
array colour[6] = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"]
array dashes[6] = ["1", "(14,5)", "(16,4,3,4)", "(8,3)", "(3,3)", "(20,4,3,4,3,4)"]
set style fill transparent solid 0.15 noborder
svg = "set terminal svg size 900,560 font 'DejaVu Sans,16' background 'white'"
png = "set terminal pngcairo size 1800,1120 font 'DejaVu Sans,16' fontscale 2 linewidth 2 background 'white'"
eval svg

# Parts of a plot command, for `eval "plot ".part.", ".part`. n: which colour. Bands come first, to lie below.
look(n) = sprintf("lc rgb '%s' lw 2.5 dt %s", colour[n], dashes[n])

# Training loss: mean over 10 steps, thin, within a band of one standard deviation.
band(item, n) = sprintf("'../%s/loss.csv' skip 1 using 1:($2-$3):($2+$3) with filledcurves lc rgb '%s' notitle, \
    '' skip 1 using 1:2 with lines lc rgb '#A0%s' lw 0.7 notitle", item, colour[n], colour[n][2:])

# Training loss, bold: mean over 125 steps, which is from one evaluation to the next.
train(item, n, text) = sprintf("'../%s/loss.csv' skip 1 using (125*floor($1/125)+62.5):2 smooth unique \
    with lines %s title 'train%s'", item, look(n), text)

# A column of the evaluations.
evaluated(item, column, n, text) = sprintf("'../%s/history.csv' using 'step':'%s' with lines %s title '%s'", \
    item, column, look(n), text)
