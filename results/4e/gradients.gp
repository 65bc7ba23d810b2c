load "../style.gp"
set output "gradients.svg"
# Of evaluations only; averaged as logarithms, since single norms scatter by factors of ten.
set ylabel "gradient norm (geometric mean of 5)"
set xtics 4000
set ytics 1
set yrange [-2:1]
set format y "10^{%g}"
set key outside right top
set palette defined (0 "#0072B2", 0.5 "#CC79A7", 1 "#E69F00")
unset colorbox
plot for [l=1:11] "< grep -v ',,' history.csv" using (625*floor(column("step")/625)+312):(log10(column(sprintf("grad_norm_%d", l)))) \
    smooth unique with lines lw 2.5 lc palette frac (l-1)/10. title sprintf("layer %d", l)
eval png
set output "gradients.png"
replot
