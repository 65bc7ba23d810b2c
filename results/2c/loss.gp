load "../style.gp"
set output "loss.svg"
set ylabel "loss (nats per sample)"
set yrange [0:0.5]
plot "../2c/loss.csv" skip 1 using 1:($2-$3):($2+$3) with filledcurves lc rgb "#0072B2" title "", "../2c/loss.csv" skip 1 using 1:2 with lines ls 1 lw 1 dt 1 title "train, mean and deviation of 10 steps", \
     "../2c/history.csv" using "step":"validation_loss" with lines ls 2 title "validation"
eval png
set output "loss.png"
replot
