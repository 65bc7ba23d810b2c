load "../style.gp"
set output "loss.svg"
set ylabel "loss (nats per sample)"
set yrange [0:0.4]
plot "../3c/loss.csv" skip 1 using 1:($2-$3):($2+$3) with filledcurves lc rgb "#0072B2" title "", "../3c/loss.csv" skip 1 using 1:2 with lines ls 1 lw 1 dt 1 title "train, 64 units (3c)", \
     "../4a/loss.csv" skip 1 using 1:($2-$3):($2+$3) with filledcurves lc rgb "#D55E00" title "", "../4a/loss.csv" skip 1 using 1:2 with lines ls 2 lw 1 dt 1 title "train, 32 units (4a)", \
     "../3c/history.csv" using "step":"validation_loss" with lines ls 3 title "validation, 64 units (3c)", \
     "../4a/history.csv" using "step":"validation_loss" with lines ls 4 title "validation, 32 units (4a)"
eval png
set output "loss.png"
replot
