load "../style.gp"
set output "accuracy.svg"
set ylabel "validation accuracy"
set yrange [0.86:0.93]
set key bottom right
plot "../2c/history.csv" using "step":"validation_accuracy" with lines ls 1 title "validation, shuffled (2c)", \
     "../3/history.csv" using "step":"validation_accuracy" with lines ls 2 title "validation, not shuffled (3)"
eval png
set output "accuracy.png"
replot
