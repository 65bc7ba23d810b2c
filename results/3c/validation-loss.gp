load "../style.gp"
set output "validation-loss.svg"
set ylabel "validation loss (nats per sample)"
set yrange [0.1:0.6]
plot "../2c/history.csv" using "step":"validation_loss" with lines ls 1 title "validation, 2c", \
     "../3a/history.csv" using "step":"validation_loss" with lines ls 2 title "validation, 3a: + init", \
     "../3b/history.csv" using "step":"validation_loss" with lines ls 3 title "validation, 3b: + improved sigmoid", \
     "../3c/history.csv" using "step":"validation_loss" with lines ls 4 title "validation, 3c: + momentum"
eval png
set output "validation-loss.png"
replot
