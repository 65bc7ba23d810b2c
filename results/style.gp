# The look of every figure: colours that colour-blind readers tell apart (Okabe and Ito), each with a dash pattern
# of its own, so that a grey print can be read too.
set datafile separator comma
set datafile missing ""
set encoding utf8
set key top right Left reverse samplen 3 spacing 1.15
set grid lc rgb "#dddddd" lt 1
set border 3
set tics nomirror out
set xlabel "gradient steps"
set format x "%'.0f"
set style line 1 lc rgb "#0072B2" lw 2.5 dt 1
set style line 2 lc rgb "#D55E00" lw 2.5 dt 2
set style line 3 lc rgb "#009E73" lw 2.5 dt 4
set style line 4 lc rgb "#CC79A7" lw 2.5 dt 5
set style fill solid 0.25 noborder
svg = "set terminal svg size 900,560 font 'DejaVu Sans,16' background 'white'"
png = "set terminal pngcairo size 1800,1120 font 'DejaVu Sans,16' fontscale 2 linewidth 2 background 'white'"
eval svg
