load "../style.gp"
set output "loss.svg"
set ylabel "train loss (nats per sample)"
set yrange [0:1.2]
plot "../3c/loss.csv" skip 1 using 1:($2-$3):($2+$3) with filledcurves lc rgb "#0072B2" title "", "../3c/loss.csv" skip 1 using 1:2 with lines ls 1 lw 1 dt 1 title "train, one hidden layer of 64 (3c)", \
     "../4d/loss.csv" skip 1 using 1:($2-$3):($2+$3) with filledcurves lc rgb "#D55E00" title "", "../4d/loss.csv" skip 1 using 1:2 with lines ls 2 lw 1 dt 1 title "train, two of 60 (4d)", \
     "../4e/loss.csv" skip 1 using 1:($2-$3):($2+$3) with filledcurves lc rgb "#009E73" title "", "../4e/loss.csv" skip 1 using 1:2 with lines ls 3 lw 1 dt 1 title "train, ten of 64 (4e)"
eval png
set output "loss.png"
replot
