load "../style.gp"
set output "train-loss.svg"
set ylabel "train loss (nats per sample)"
set yrange [0:0.5]
plot "../2c/loss.csv" skip 1 using 1:($2-$3):($2+$3) with filledcurves lc rgb "#0072B2" title "", "../2c/loss.csv" skip 1 using 1:2 with lines ls 1 lw 1 dt 1 title "train, 2c", \
     "../3a/loss.csv" skip 1 using 1:($2-$3):($2+$3) with filledcurves lc rgb "#D55E00" title "", "../3a/loss.csv" skip 1 using 1:2 with lines ls 2 lw 1 dt 1 title "train, 3a: + init", \
     "../3b/loss.csv" skip 1 using 1:($2-$3):($2+$3) with filledcurves lc rgb "#009E73" title "", "../3b/loss.csv" skip 1 using 1:2 with lines ls 3 lw 1 dt 1 title "train, 3b: + improved sigmoid", \
     "../3c/loss.csv" skip 1 using 1:($2-$3):($2+$3) with filledcurves lc rgb "#CC79A7" title "", "../3c/loss.csv" skip 1 using 1:2 with lines ls 4 lw 1 dt 1 title "train, 3c: + momentum"
eval png
set output "train-loss.png"
replot
