load "../style.gp"
set output "loss.svg"
set ylabel "train loss (nats per sample)"
set yrange [0:0.4]
plot "../2c/loss.csv" skip 1 using 1:($2-$3):($2+$3) with filledcurves lc rgb "#0072B2" title "", "../2c/loss.csv" skip 1 using 1:2 with lines ls 1 lw 1 dt 1 title "train, shuffled (2c)", \
     "../3/loss.csv" skip 1 using 1:($2-$3):($2+$3) with filledcurves lc rgb "#D55E00" title "", "../3/loss.csv" skip 1 using 1:2 with lines ls 2 lw 1 dt 1 title "train, not shuffled (3)"
eval png
set output "loss.png"
replot
