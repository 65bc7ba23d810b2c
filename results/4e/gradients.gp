load "../style.gp"
set output "gradients.svg"
set ylabel "gradient norm of the step's batch"
set xtics 4000
set logscale y
set format y "10^{%T}"
set key outside right top
set palette defined (0 "#0072B2", 0.5 "#CC79A7", 1 "#E69F00")
unset colorbox
plot for [l=1:11] "history.csv" using "step":sprintf("grad_norm_%d", l) with lines lw 1.5 lc palette frac (l-1)/10. title sprintf("layer %d", l)
eval png
set output "gradients.png"
replot
